#include "app/main/process.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/version.h"

namespace dm::process {
namespace {

sigset_t ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&signals, number);
    return signals;
}

/// One line of the version text.
std::string version_fact(const std::string& name) {
    const std::string text = version_text();
    const auto begin = text.find(name + ": ");
    if (begin == std::string::npos) return "None";
    const auto value = begin + name.size() + 2;
    return text.substr(value, text.find('\n', value) - value);
}

}  // namespace

void block_signals() {
    const sigset_t signals = ending_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

EndsOnSignal::EndsOnSignal(std::string program)
    : step_(
          "start-signals",
          [program = std::move(program)](const std::stop_token& stop) {
              const sigset_t signals = ending_signals();
              constexpr timespec kTurn{.tv_sec = 0, .tv_nsec = 50'000'000};
              while (!stop.stop_requested()) {
                  const int number = sigtimedwait(&signals, nullptr, &kTurn);
                  if (number <= 0) continue;
                  log::info(program + " ends before it has started", {{"signal", number}});
                  std::_Exit(0);
              }
          },
          [](const Error&) {}) {}

int wait_for_signal() {
    const sigset_t signals = ending_signals();
    int number = 0;
    while (sigwait(&signals, &number) != 0) {
    }
    return number;
}

std::vector<std::string> arguments(int argc, char** argv) { return {argv + 1, argv + argc}; }

std::string read_file(const std::string& path) {
    constexpr std::size_t kLongest = 64UL << 20U;
    const Error refusal(ErrorCode::ConfigFileUnreadable, fmt::format("file '{}' cannot be read", path));
    std::ifstream file(path, std::ios::binary);
    std::string content;
    std::vector<char> chunk(64UL << 10U);
    while (file && content.size() <= kLongest) {
        file.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        content.append(chunk.data(), static_cast<std::size_t>(file.gcount()));
    }
    if (content.size() > kLongest) throw refusal.with_cause(fmt::format("it has more than {} bytes", kLongest));
    if (!file.eof()) throw refusal.with_cause(std::strerror(errno));
    return content;
}

int start(const std::vector<std::string>& warnings, config::StartAction action, std::string_view sample_config,
          const std::string& usage, const std::function<int()>& serve) {
    for (const std::string& warning : warnings) fmt::print(stderr, "{}\n", warning);
    switch (action) {
        case config::StartAction::PrintVersion:
            fmt::print("{}", version_text());
            return 0;
        case config::StartAction::PrintSampleConfig:
            fmt::print("{}", sample_config);
            return 0;
        case config::StartAction::PrintHelp:
            fmt::print("{}", usage);
            return 0;
        case config::StartAction::Run:
            break;
    }
    return serve();
}

void refuse_tls(const config::SecurityConfig& security) {
    ensure(security.is_empty(), ErrorCode::ConfigFeatureMissing,
           "TLS of the cluster's own ports (`ssl-ca`, `ssl-cert`, `ssl-key`) is not part of this version");
}

void log_welcome(std::string_view program, const std::string& config) {
    log::info(fmt::format("Welcome to {}", program), {{"release-version", version_fact("Release Version")},
                                                      {"git-hash", version_fact("Git Commit Hash")},
                                                      {"git-branch", version_fact("Git Branch")},
                                                      {"utc-build-time", version_fact("UTC Build Time")},
                                                      {"go-version", version_fact("Go Version")},
                                                      {"failpoint-build", version_fact("Failpoint Build")}});
    log::info("", {{"config", config}});
}

int run(const std::function<int()>& body) noexcept {
    try {
        return body();
    } catch (...) {
        std::fprintf(stderr, "%s\n", current_error().what());
        return 2;
    }
}

}  // namespace dm::process
