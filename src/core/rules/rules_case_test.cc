#include <algorithm>
#include <array>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "core/rules/event_filter.h"
#include "core/rules/online_ddl_names.h"
#include "core/rules/table_filter.h"
#include "core/rules/table_router.h"
#include "core/sql/case_file.h"

namespace dm::rules {
namespace {

using sql::TestCase;

const std::string kCases = std::string(DM_SOURCE_DIR) + "/tests/cases/rules/";

/// Parts between `separator`, blanks around them cut off.
std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);) {
        const auto begin = part.find_first_not_of(' ');
        parts.push_back(begin == std::string::npos ? "" : part.substr(begin, part.find_last_not_of(' ') - begin + 1));
    }
    return parts;
}

std::string at(const std::vector<std::string>& parts, std::size_t index) {
    return index < parts.size() ? parts[index] : "";
}

bool is_case_sensitive(const TestCase& one) { return one.directive("case-sensitive") == "true"; }

std::shared_ptr<const OnlineDdlNames> online_names(const TestCase& one) {
    if (one.directive("online-ddl") != "true") return nullptr;
    return std::make_shared<const OnlineDdlNames>(std::vector<std::string>{}, std::vector<std::string>{});
}

std::vector<std::vector<std::string>> rows(const TestCase& one, std::string_view directive) {
    std::vector<std::vector<std::string>> found;
    for (const auto& [key, value] : one.directives) {
        if (key == directive) found.push_back(split(value, '|'));
    }
    return found;
}

std::string each_line(const TestCase& one, const std::function<std::string(const std::vector<std::string>&)>& answer) {
    std::string out;
    for (const auto& line : split(one.input, '\n')) {
        if (line.empty()) continue;
        std::string said;
        try {
            said = answer(split(line, '|'));
        } catch (const Error& error) {
            said = fmt::format("[{}] {}", static_cast<int>(error.code()), error.message());
        }
        out += fmt::format("{} => {}\n", line, said);
    }
    return out;
}

std::string run_filter(const TestCase& one) {
    BlockAllowRules rules;
    for (const auto& row : rows(one, "do-db")) rules.do_dbs.push_back(at(row, 0));
    for (const auto& row : rows(one, "ignore-db")) rules.ignore_dbs.push_back(at(row, 0));
    for (const auto& row : rows(one, "do-table")) rules.do_tables.push_back({at(row, 0), at(row, 1)});
    for (const auto& row : rows(one, "ignore-table")) rules.ignore_tables.push_back({at(row, 0), at(row, 1)});
    const TableFilter filter(rules, is_case_sensitive(one), online_names(one));
    return each_line(one, [&](const auto& parts) {
        const bool is_schema = at(parts, 1).empty();
        return (is_schema ? filter.accepts_schema(at(parts, 0)) : filter.accepts({at(parts, 0), at(parts, 1)}))
                   ? "keep"
                   : "drop";
    });
}

std::string run_route(const TestCase& one) {
    std::vector<RouteRule> rules;
    for (const auto& row : rows(one, "route")) {
        rules.push_back({.schema_pattern = at(row, 0),
                         .table_pattern = at(row, 1),
                         .target_schema = at(row, 2),
                         .target_table = at(row, 3)});
    }
    for (const auto& row : rows(one, "extract-table")) rules.back().extract_table = ExtractRule{at(row, 0), at(row, 1)};
    const TableRouter router(rules, is_case_sensitive(one), online_names(one));
    return each_line(one, [&](const auto& parts) {
        const auto target = router.route({at(parts, 0), at(parts, 1)});
        return fmt::format("{} | {}", target.schema, target.table);
    });
}

EventKind kind_of(const std::string& name) {
    constexpr auto kNames = std::to_array<std::string_view>(
        {"insert", "update", "delete", "create database", "drop database", "alter database", "create table",
         "drop table", "truncate table", "rename table", "alter table", "create index", "drop index", "create view",
         "drop view", "other"});
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end()) throw std::runtime_error("no such kind: " + name);
    return static_cast<EventKind>(found - kNames.begin());
}

/// By their names: a change is what a rule meets that names nothing else.
std::vector<SingleChange> changes_of(const std::string& text) {
    std::vector<SingleChange> changes;
    for (const auto& name : split(text, ',')) {
        const EventFilter only(
            {{.schema_pattern = "*", .table_pattern = "", .events = {name}, .sql_patterns = {}, .action = "Ignore"}},
            true);
        for (int change = 0; change <= static_cast<int>(SingleChange::MultiSchemaChange); ++change) {
            const std::vector<SingleChange> one{static_cast<SingleChange>(change)};
            if (only.judge({"s", "t"}, EventKind::AlterTable, {}, one) == Verdict::Skip) changes.push_back(one.front());
        }
    }
    return changes;
}

std::string run_event(const TestCase& one) {
    std::vector<EventFilterRule> rules;
    for (const auto& row : rows(one, "rule")) {
        rules.push_back({.schema_pattern = at(row, 0),
                         .table_pattern = at(row, 1),
                         .events = split(at(row, 3), ','),
                         .sql_patterns = {},
                         .action = at(row, 2)});
        if (!at(row, 4).empty()) rules.back().sql_patterns = split(at(row, 4), ';');
    }
    const EventFilter filter(rules, is_case_sensitive(one));
    constexpr auto kVerdicts = std::to_array<std::string_view>({"replicate", "skip", "error"});
    return each_line(one, [&](const auto& parts) {
        const auto verdict =
            filter.judge({at(parts, 0), at(parts, 1)}, kind_of(at(parts, 2)), at(parts, 3), changes_of(at(parts, 4)));
        return std::string(kVerdicts.at(static_cast<std::size_t>(verdict)));
    });
}

std::string run_online_ddl(const TestCase& one) {
    std::vector<std::string> shadow;
    std::vector<std::string> trash;
    for (const auto& [key, value] : one.directives) (key == "shadow" ? shadow : trash).push_back(value);
    const OnlineDdlNames names(shadow, trash);
    constexpr auto kRoles = std::to_array<std::string_view>({"real", "shadow", "trash"});
    return each_line(one, [&](const auto& parts) {
        const auto name = names.recognise(at(parts, 0));
        return fmt::format("{} of {}", kRoles.at(static_cast<std::size_t>(name.role)), name.real_table);
    });
}

void run_file(const std::string& file, const std::function<std::string(const TestCase&)>& run) {
    const auto guarded = [&](const TestCase& one) {
        try {
            return run(one);
        } catch (const Error& error) {
            return fmt::format("[{}] {}\n", static_cast<int>(error.code()), error.message());
        }
    };
    sql::run_cases(kCases + file, guarded, [&](const TestCase& one, const std::string& actual) {
        EXPECT_EQ(actual, one.expected) << file << ": " << one.title;
    });
}

TEST(RulesCases, TableFilter) { run_file("table_filter.test", run_filter); }
TEST(RulesCases, TableRouter) { run_file("table_router.test", run_route); }
TEST(RulesCases, EventFilter) { run_file("event_filter.test", run_event); }
TEST(RulesCases, OnlineDdlNames) { run_file("online_ddl_names.test", run_online_ddl); }

}  // namespace
}  // namespace dm::rules
