#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <unistd.h>

#include <fmt/format.h>

#include "app/ctl/dmctl.h"
#include "app/ctl/help_text.h"
#include "app/main/process.h"
#include "base/log.h"
#include "base/step.h"
#include "base/version.h"
#include "core/config/ctl_config.h"
#include "io/rpc/address.h"
#include "io/rpc/channel.h"

namespace dm {
namespace {

constexpr std::string_view kLogFile = "dmctl.log";

/// Ends the program when a signal comes: 0 for the polite one, 1 for the others.
[[noreturn]] void exit_on_signal() {
    const int number = process::wait_for_signal();
    fmt::print("\nGot signal [{}] to exit.\n", strsignal(number));
    std::fflush(stdout);
    std::_Exit(number == SIGTERM ? 0 : 1);
}

std::shared_ptr<grpc::Channel> open_channel(const std::string& address, std::chrono::milliseconds patience) {
    rpc::ChannelOptions options;
    options.max_receive_bytes = -1;
    auto channel = rpc::make_channel(address, options);
    return rpc::wait_connected(*channel, patience) ? channel : nullptr;
}

int run(int argc, char** argv) {
    try {
        log::configure({.level = "info", .file = std::string(kLogFile)});
    } catch (const Error& error) {
        fmt::print("cannot open the log file {}: {}\n", kLogFile, error.message());
        return 2;
    }
    const char* environment = std::getenv("DM_MASTER_ADDR");
    const auto start = config::parse_ctl_arguments(process::arguments(argc, argv), process::read_file,
                                                   environment == nullptr ? "" : environment);
    if (start.action == config::StartAction::PrintVersion) {
        fmt::print(stderr, "{}\n", version_text());
        return 0;
    }
    const auto addresses = rpc::split_addresses(start.config.master_addr);
    if (start.action == config::StartAction::Run) ctl::check_addresses(addresses);
    ctl::MasterClient master(addresses, start.config.rpc_timeout, open_channel);
    const ctl::Streams streams{.out = std::cout, .err = std::cerr, .is_terminal = isatty(STDOUT_FILENO) == 1};
    ctl::Dmctl dmctl(streams, master, process::read_file);
    if (start.action == config::StartAction::PrintHelp) {
        auto words = start.command;
        words.emplace_back("--help");
        return dmctl.run(words);
    }
    if (!start.config.security.is_empty()) {
        std::cerr
            << "Error: "
            << Error(ErrorCode::ConfigFeatureMissing, "TLS towards the dm-master is not part of this version").what()
            << '\n';
        return 1;
    }
    if (!start.command.empty()) return dmctl.run(start.command, start.config.sources);
    master.connect();
    ctl::run_interactive(dmctl,
                         isatty(STDIN_FILENO) == 1 && (isatty(STDOUT_FILENO) == 1 || isatty(STDERR_FILENO) == 1));
    return 0;
}

}  // namespace
}  // namespace dm

int main(int argc, char** argv) {
    dm::process::block_signals();
    dm::Step signals(
        "signals", [](const std::stop_token&) { dm::exit_on_signal(); }, [](const dm::Error&) {});
    int code = 1;
    try {
        code = dm::run(argc, argv);
    } catch (...) {
        std::cerr << "Error: " << dm::current_error().what() << '\n';
    }
    errno = 0;
    if (!(std::cout << std::flush)) {
        std::cerr << "Error: cannot write the answer: " << (errno != 0 ? std::strerror(errno) : "output closed")
                  << '\n';
        if (code == 0) code = 1;
    }
    std::cerr << std::flush;
    std::_Exit(code);  // the signal step waits for ever
}
