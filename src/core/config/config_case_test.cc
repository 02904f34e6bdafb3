#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "core/config/missing_features.h"
#include "core/config/subtask_config.h"
#include "core/sql/case_file.h"

namespace dm::config {
namespace {

using sql::TestCase;

const std::string kCases = std::string(DM_SOURCE_DIR) + "/tests/cases/config/";

constexpr std::string_view kMinimalTask = R"(name: t
task-mode: all
target-database: {host: h}
)";
constexpr std::string_view kOneInstance = "mysql-instances: [{source-id: s1}]\n";
constexpr std::string_view kMinimalSource = "source-id: s1\nfrom: {host: h}\n";

/// Lines of `text` that `base` does not have.
std::string added_lines(const std::string& text, const std::string& base) {
    std::multiset<std::string> known;
    std::istringstream base_lines(base);
    for (std::string line; std::getline(base_lines, line);) known.insert(line);
    std::string out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) continue;
        const auto found = known.find(line);
        if (found == known.end()) {
            out += line + '\n';
        } else {
            known.erase(found);
        }
    }
    return out;
}

std::string warnings_text(const Warnings& warnings) {
    std::string out;
    for (const auto& warning : warnings) out += "warning: " + warning + '\n';
    return out;
}

/// Directives: @whole (the input is the whole file), @instances (the input has its own), @sources a b, @features.
std::string run_task(const TestCase& one) {
    std::set<std::string> directives;
    for (const auto& [key, value] : one.directives) directives.insert(key);
    std::string text = one.input + '\n';
    if (!directives.contains("whole")) {
        text = std::string(kMinimalTask) + (directives.contains("instances") ? "" : std::string(kOneInstance)) + text;
    }
    Warnings warnings;
    const TaskConfig task = parse_task_yaml(text, {.file_name = "task.yaml", .key = nullptr, .warnings = &warnings});
    EXPECT_EQ(parse_task_yaml(to_yaml(task, Redact::No)), task) << one.title;
    if (directives.contains("features")) refuse_missing_features(task);
    if (directives.contains("sources")) {
        std::vector<SourceConfig> sources;
        for (const auto& id : sql::words_of(one.directive("sources"))) {
            sources.push_back(parse_source_yaml("source-id: " + id));
        }
        std::string out;
        for (const auto& subtask : make_subtasks(task, sources)) {
            EXPECT_EQ(subtask_from_toml(to_toml(subtask)), subtask) << one.title;
            SubTaskConfig plain;
            plain.load.dir.clear();
            out += added_lines(to_toml(subtask, Redact::Yes), to_toml(plain, Redact::Yes));
        }
        return out;
    }
    const TaskConfig base = parse_task_yaml(std::string(kMinimalTask) + std::string(kOneInstance));
    return warnings_text(warnings) + added_lines(to_yaml(task, Redact::Yes), to_yaml(base, Redact::Yes));
}

std::string run_source(const TestCase& one) {
    const bool is_whole = !one.directives.empty() && one.directives.front().first == "whole";
    const std::string text = (is_whole ? std::string() : std::string(kMinimalSource)) + one.input + '\n';
    Warnings warnings;
    const SourceConfig source =
        parse_source_yaml(text, {.file_name = "source.yaml", .key = nullptr, .warnings = &warnings});
    EXPECT_EQ(parse_source_yaml(to_yaml(source, Redact::No)), source) << one.title;
    EXPECT_EQ(source_from_toml(to_toml(source)), source) << one.title;
    refuse_missing_features(source);
    return warnings_text(warnings) +
           added_lines(to_yaml(source, Redact::Yes), to_yaml(parse_source_yaml(kMinimalSource), Redact::Yes));
}

template <typename Run>
void run_file(const std::string& file, const Run& run) {
    const auto guarded = [&](const TestCase& one) {
        try {
            const std::string out = run(one);
            return out.empty() ? std::string("ok\n") : out;
        } catch (const Error& error) {
            return fmt::format("[{}] {}\n", static_cast<int>(error.code()), error.message());
        }
    };
    sql::run_cases(kCases + file, guarded, [&](const TestCase& one, const std::string& actual) {
        EXPECT_EQ(actual, one.expected) << file << ": " << one.title;
    });
}

TEST(ConfigCases, Yaml) { run_file("yaml.test", run_task); }
TEST(ConfigCases, Task) { run_file("task.test", run_task); }
TEST(ConfigCases, Instance) { run_file("instance.test", run_task); }
TEST(ConfigCases, SubTask) { run_file("subtask.test", run_task); }
TEST(ConfigCases, Features) { run_file("features.test", run_task); }
TEST(ConfigCases, Source) { run_file("source.test", run_source); }

}  // namespace
}  // namespace dm::config
