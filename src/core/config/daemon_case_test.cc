#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "core/config/ctl_config.h"
#include "core/config/go_text.h"
#include "core/config/master_config.h"
#include "core/config/worker_config.h"
#include "core/sql/case_file.h"

namespace dm::config {
namespace {

using sql::TestCase;

const std::string kCases = std::string(DM_SOURCE_DIR) + "/tests/cases/config/";

std::string action_text(StartAction action) {
    switch (action) {
        case StartAction::Run:
            return "run";
        case StartAction::PrintVersion:
            return "print version";
        case StartAction::PrintSampleConfig:
            return "print sample";
        case StartAction::PrintHelp:
            return "print help";
    }
    return "?";
}

/// The arguments of @args; a file in the input is named by them as `f` or added in front.
Arguments arguments_of(const TestCase& one) {
    Arguments arguments = sql::words_of(one.directive("args"));
    if (!one.input.empty() && one.directive("args").find("config") == std::string::npos) {
        arguments.insert(arguments.begin(), {"--config", "f"});
    }
    return arguments;
}

FileReader reader_of(const TestCase& one) {
    return [&one](const std::string& path) {
        if (path != "f") throw Error(ErrorCode::ConfigFileUnreadable, path + ": no such file");
        return one.input;
    };
}

std::string lines_added(const std::string& text, const std::string& base) {
    std::string out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty() && ('\n' + base).find('\n' + line + '\n') == std::string::npos) out += line + '\n';
    }
    return out;
}

template <typename Start>
std::string outcome(const Start& start, const std::string& base, const Warnings& warnings) {
    if (start.action != StartAction::Run) return action_text(start.action) + '\n';
    std::string out;
    for (const auto& warning : warnings) out += "warning: " + warning + '\n';
    out += lines_added(to_toml(start.config), base);
    return out.empty() ? "ok\n" : out;
}

std::string run_master(const TestCase& one) {
    Warnings warnings;
    const auto start = parse_master_arguments(arguments_of(one), reader_of(one),
                                              one.directive("no-host") == "true" ? "" : "box", &warnings);
    return outcome(start, to_toml(MasterConfig{}), warnings);
}

std::string run_worker(const TestCase& one) {
    Warnings warnings;
    const auto start = parse_worker_arguments(arguments_of(one), reader_of(one), &warnings);
    return outcome(start, to_toml(WorkerConfig{}), warnings);
}

std::string run_ctl(const TestCase& one) {
    const auto start = parse_ctl_arguments(arguments_of(one), reader_of(one), one.directive("env"));
    if (start.action != StartAction::Run) return action_text(start.action) + '\n';
    const auto& config = start.config;
    return fmt::format("master-addr={} rpc-timeout={} ca={} cn={} sources={} command={}\n", config.master_addr,
                       duration_text(config.rpc_timeout), config.security.ssl_ca, config.security.cert_allowed_cn,
                       config.sources, start.command);
}

template <typename Run>
void run_file(const std::string& file, const Run& run) {
    const auto guarded = [&](const TestCase& one) {
        try {
            return run(one);
        } catch (const Error& error) {
            return fmt::format("[{}] {}{}\n", static_cast<int>(error.code()), error.message(),
                               error.raw_cause().empty() ? "" : " <- " + error.raw_cause());
        }
    };
    sql::run_cases(kCases + file, guarded, [&](const TestCase& one, const std::string& actual) {
        EXPECT_EQ(actual, one.expected) << file << ": " << one.title;
    });
}

TEST(DaemonCases, Master) { run_file("master.test", run_master); }
TEST(DaemonCases, Worker) { run_file("worker.test", run_worker); }
TEST(DaemonCases, Ctl) { run_file("ctl.test", run_ctl); }

TEST(DaemonCases, SamplesAreValid) {
    const FileReader master = [](const std::string&) { return std::string(master_sample_config()); };
    EXPECT_EQ(parse_master_arguments({"-config", "f"}, master, "h").config.master_addr, "127.0.0.1:8261");
    const FileReader worker = [](const std::string&) { return std::string(worker_sample_config()); };
    EXPECT_EQ(parse_worker_arguments({"-config", "f"}, worker).config.join, "http://127.0.0.1:8261");
}

TEST(DaemonCases, EffectiveSettingsReadBack) {
    const auto start =
        parse_master_arguments({"-master-addr", "1.2.3.4:5", "-cert-allowed-cn", "a", "-openapi"}, nullptr, "h");
    const FileReader printed = [&](const std::string&) { return to_toml(start.config); };
    MasterConfig again = parse_master_arguments({"-config", "f"}, printed, "other").config;
    again.config_file.clear();
    EXPECT_EQ(again, start.config);

    const auto worker = parse_worker_arguments({"-worker-addr", "1.2.3.4:5", "-redact-info-log"}, nullptr);
    const FileReader printed_worker = [&](const std::string&) { return to_toml(worker.config); };
    WorkerConfig same = parse_worker_arguments({"-config", "f"}, printed_worker).config;
    same.config_file.clear();
    EXPECT_EQ(same, worker.config);
}

TEST(DaemonCases, UsageNamesEveryFlag) {
    EXPECT_NE(master_usage().find("-secret-key-path value"), std::string::npos);
    EXPECT_NE(worker_usage().find("-relay-keepalive-ttl value"), std::string::npos);
}

}  // namespace
}  // namespace dm::config
