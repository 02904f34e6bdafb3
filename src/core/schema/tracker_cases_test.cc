#include <algorithm>
#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/schema/definition_json.h"
#include "core/schema/tracker.h"
#include "core/sql/case_file.h"
#include "core/sql/sql_mode.h"

/// Runs the statements of tests/cases/schema/*.test and compares with <file>.<server>.expected, which were written by
/// real servers (tests/e2e/test_ddl_against_servers.py).
namespace dm::schema {
namespace {

const std::string kCases = std::string(DM_SOURCE_DIR) + "/tests/cases/schema/";

TrackerOptions options_of(const std::string& server) {
    TrackerOptions options;
    if (server == "mariadb10.11") {
        options.is_mariadb = true;
        options.server_version = 101100;
        options.server_charset = "latin1";
        options.server_collation = "latin1_swedish_ci";
    } else if (server == "mariadb11.8") {
        options.is_mariadb = true;
        options.server_version = 110800;
        options.server_collation = "utf8mb4_uca1400_ai_ci";
        for (const char* charset : {"utf8mb3", "utf8mb4", "ucs2", "utf16", "utf32"}) {
            options.default_collations[charset] = std::string(charset) + "_uca1400_ai_ci";
        }
    } else if (server == "mysql9.7") {
        options.server_version = 90700;
        options.server_collation = "utf8mb4_0900_ai_ci";
        options.default_collations["utf8mb4"] = "utf8mb4_0900_ai_ci";
    } else {
        options.server_version = 50624;
        options.explicit_timestamp_defaults = false;
        options.server_charset = "latin1";
        options.server_collation = "latin1_swedish_ci";
    }
    return options;
}

std::uint64_t mode_of(const sql::TestCase& one) {
    static const std::map<std::string, std::uint64_t> kModes = {{"REAL_AS_FLOAT", sql::kModeRealAsFloat},
                                                                {"ANSI_QUOTES", sql::kModeAnsiQuotes},
                                                                {"ORACLE", sql::kModeOracle | sql::kModePipesAsConcat},
                                                                {"STRICT_TRANS_TABLES", sql::kModeStrictTransTables},
                                                                {"NO_BACKSLASH_ESCAPES", sql::kModeNoBackslashEscapes},
                                                                {"ALLOW_INVALID_DATES", 0}};
    const std::string mode = one.directive("mode");
    return mode.empty() ? 0 : kModes.at(mode);
}

std::vector<std::string> statements_of(const std::string& input) {
    std::vector<std::string> statements;
    std::istringstream lines(input);
    std::string statement;
    for (std::string line; std::getline(lines, line);) {
        statement += line;
        if (line.ends_with(';')) {
            statement.pop_back();
            statements.push_back(std::exchange(statement, {}));
        } else {
            statement += '\n';
        }
    }
    if (statement.find_first_not_of(" \n") != std::string::npos) statements.push_back(statement);
    return statements;
}

/// Without display widths, which newer servers leave out.
std::string shown_type(const Column& column) {
    if (column.type > ColumnType::BigInt && column.type != ColumnType::Year) return column.type_text;
    std::string text = column.type_text;
    if (const auto open = text.find('('); open != std::string::npos) text.erase(open, text.find(')') + 1 - open);
    return text;
}

std::string describe(const Column& column) {
    std::string line = "  " + column.name + " " + shown_type(column) + (column.is_nullable ? " NULL" : " NOT NULL");
    if (!column.collation.empty() && column.collation != "binary")
        line += " " + column.charset + "/" + column.collation;
    if (column.is_auto_increment) line += " auto_increment";
    if (column.generated == Generated::Virtual) line += " virtual";
    if (column.generated == Generated::Stored) line += " stored";
    if (column.is_invisible) line += " invisible";
    if (column.is_on_update_now) line += " on_update";
    return line + "\n";
}

std::string describe(const Index& index, bool has_descending) {
    static constexpr std::array kKinds = {"unique", "unique", "key", "fulltext", "spatial"};
    std::string line = std::string("  ") + kKinds[static_cast<std::size_t>(index.kind)] + " " + index.name + " (";
    for (const auto& part : index.parts) {
        if (&part != &index.parts.front()) line += ", ";
        line += part.column.empty() ? "(expression)" : part.column;
        if (part.prefix_length > 0) line += "(" + std::to_string(part.prefix_length) + ")";
        if (part.is_descending && has_descending) line += " desc";
    }
    return line + ")" + (index.is_invisible ? " invisible" : "") + "\n";
}

std::string describe(const ForeignKey& key) {
    const auto joined = [](const std::vector<std::string>& names) {
        std::string text;
        for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
        return text;
    };
    return "  foreign " + key.name + " (" + joined(key.columns) + ") -> " + key.parent.schema + "." + key.parent.table +
           " (" + joined(key.parent_columns) + ")\n";
}

std::string describe(const TableDefinition& table, bool has_descending) {
    std::string text = "table " + table.name.schema + "." + table.name.table + " " + table.charset + "/" +
                       table.collation + (table.is_partitioned ? " partitioned" : "") + "\n";
    for (const auto& column : table.columns) {
        if (!column.is_hidden) text += describe(column);
    }
    std::map<std::string, std::string> keys;
    for (const auto& index : table.indexes) keys[index.name] = describe(index, has_descending);
    for (const auto& [name, line] : keys) text += line;
    std::map<std::string, std::string> parents;
    for (const auto& key : table.foreign_keys) parents[key.name] = describe(key);
    for (const auto& [name, line] : parents) text += line;
    return text;
}

std::string run(const sql::TestCase& one, const TrackerOptions& options) {
    Tracker tracker(options);
    StatementContext context{.default_schema = "db", .sql_mode = mode_of(one)};
    try {
        tracker.apply("CREATE DATABASE db", context);
        for (const auto& statement : statements_of(one.input)) tracker.apply(statement, context);
    } catch (const Error& error) {
        return error.message() + "\n";
    }
    std::string text;
    for (const auto& name : tracker.tables()) {
        const auto table = tracker.find(name);
        text += describe(*table, options.is_mariadb || options.server_version >= 80000);
        EXPECT_EQ(definition_from_json(definition_to_json(*table)), *table);
    }
    return text;
}

/// Reads what SHOW CREATE TABLE said, one statement behind each line "# schema.table".
std::string run_shown(const std::string& input, const TrackerOptions& options) {
    Tracker tracker(options);
    try {
        for (const auto& statement : statements_of(input)) {
            const std::string title = statement.substr(2, statement.find('\n') - 2);
            const auto dot = title.find('.');
            const model::TableName name{title.substr(0, dot), title.substr(dot + 1)};
            tracker.put_create_table(name, statement, {.default_schema = name.schema});
        }
    } catch (const Error& error) {
        return error.message() + "\n";
    }
    std::string text;
    for (const auto& name : tracker.tables()) {
        text += describe(*tracker.find(name), options.is_mariadb || options.server_version >= 80000);
    }
    return text;
}

class TrackerCases : public testing::TestWithParam<std::string> {};

TEST_P(TrackerCases, AgreeWithTheServer) {
    const TrackerOptions options = options_of(GetParam());
    int compared = 0;
    for (const auto& entry : std::filesystem::directory_iterator(kCases)) {
        if (entry.path().extension() != ".test") continue;
        const std::string stem = entry.path().stem().string();
        std::map<std::string, std::string> expected;
        for (const auto& one : sql::read_cases(kCases + stem + "." + GetParam() + ".expected")) {
            expected[one.title] = one.input;
        }
        for (const auto& one : sql::read_cases(entry.path().string())) {
            ASSERT_TRUE(expected.contains(one.title)) << stem << " on " << GetParam() << ": " << one.title;
            std::string wanted = expected.at(one.title);
            if (wanted.starts_with("refused")) continue;
            while (wanted.ends_with('\n')) wanted.pop_back();
            if (!wanted.empty()) wanted += '\n';
            EXPECT_EQ(run(one, options), wanted) << stem << " on " << GetParam() << ": " << one.title << "\n"
                                                 << one.input;
            ++compared;
        }
    }
    EXPECT_GT(compared, 150);
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
    std::string name = info.param;
    std::replace(name.begin(), name.end(), '.', '_');
    return name;
}

TEST_P(TrackerCases, ReadShowCreateTable) {
    const TrackerOptions options = options_of(GetParam());
    int compared = 0;
    for (const auto& entry : std::filesystem::directory_iterator(kCases)) {
        if (entry.path().extension() != ".test") continue;
        const std::string prefix = kCases + entry.path().stem().string() + "." + GetParam();
        const auto expected = sql::read_cases(prefix + ".expected");
        const auto shown = sql::read_cases(prefix + ".show");
        ASSERT_EQ(expected.size(), shown.size()) << prefix;
        for (std::size_t i = 0; i < shown.size(); ++i) {
            std::string wanted = expected[i].input;
            if (wanted.starts_with("refused")) continue;
            while (wanted.ends_with('\n')) wanted.pop_back();
            if (!wanted.empty()) wanted += '\n';
            EXPECT_EQ(run_shown(shown[i].input, options), wanted)
                << "show on " << GetParam() << ": " << shown[i].title << "\n"
                << shown[i].input;
            ++compared;
        }
    }
    EXPECT_GT(compared, 150);
}

INSTANTIATE_TEST_SUITE_P(Servers, TrackerCases, testing::Values("mariadb10.11", "mariadb11.8", "mysql9.7", "mysql5.6"),
                         test_name);

}  // namespace
}  // namespace dm::schema
