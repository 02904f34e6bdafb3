#include "unit/target/downstream.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "core/sql/literal.h"
#include "unit/target/server_error.h"

namespace dm::target {
namespace {

/// Where the user names no modes, these of the upstream's are taken out: they refuse old data.
constexpr auto kStrictModes = std::to_array<std::string_view>({
    "NO_ZERO_IN_DATE",
    "NO_ZERO_DATE",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "NO_AUTO_CREATE_USER",
    "STRICT_TRANS_TABLES",
    "STRICT_ALL_TABLES",
    "TRADITIONAL",
    "TIME_ROUND_FRACTIONAL",
    "SIMULTANEOUS_ASSIGNMENT",
});

/// Never set: they change how statements and answers are read, and ours are written for the default. Combinations
/// among them.
constexpr auto kUnreadableModes = std::to_array<std::string_view>({
    "NO_BACKSLASH_ESCAPES",
    "ANSI",
    "ANSI_QUOTES",
    "DB2",
    "MAXDB",
    "MSSQL",
    "MYSQL323",
    "MYSQL40",
    "ORACLE",
    "POSTGRESQL",
    "NO_FIELD_OPTIONS",
    "NO_KEY_OPTIONS",
    "NO_TABLE_OPTIONS",
    "EMPTY_STRING_IS_NULL",
    "PAD_CHAR_TO_FULL_LENGTH",
});

/// Always set: a 0 is a value, and folders of the upstream's disks are none of the target's.
constexpr auto kNeededModes = std::to_array<std::string_view>({"NO_AUTO_VALUE_ON_ZERO", "NO_DIR_IN_CREATE"});

constexpr auto kUsualModes = std::to_array<std::string_view>({"IGNORE_SPACE", "ALLOW_INVALID_DATES"});

/// What statements and answers are encoded in, and when they count, is not for the user to say.
constexpr auto kOwnVariables = std::to_array<std::string_view>({
    "autocommit",
    "character_set_client",
    "character_set_connection",
    "character_set_results",
    "collation_connection",
    "completion_type",
    "sql_quote_show_create",
    "sql_select_limit",
    "time_zone",
});

constexpr auto kToleratedDdlErrors = std::to_array<int>({
    1007, 1008,  // database exists, is missing
    1050, 1051,  // table exists, is missing
    1054,        // unknown column
    1060, 1061,  // duplicate column, duplicate key name
    1068,        // multiple primary keys
    1091,        // cannot drop, check that it exists
    1176,        // key is missing
    1507, 1517,  // partition missing, same name
    1831,        // duplicate index
});

std::string join_modes(const std::vector<std::string>& modes) { return fmt::format("{}", fmt::join(modes, ",")); }

bool equal_words(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b,
                              [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// Sets `name`, replacing an earlier value.
void set_variable(SessionVariables& variables, const std::string& name, std::string value) {
    const auto found =
        std::ranges::find_if(variables, [&](const auto& variable) { return equal_words(variable.first, name); });
    if (found != variables.end()) {
        found->second = std::move(value);
    } else {
        variables.emplace_back(name, std::move(value));
    }
}

template <std::size_t N>
void take_out(std::vector<std::string>& modes, const std::array<std::string_view, N>& unwanted) {
    std::erase_if(modes, [&](const std::string& mode) { return std::ranges::find(unwanted, mode) != unwanted.end(); });
}

template <std::size_t N>
void put_in(std::vector<std::string>& modes, const std::array<std::string_view, N>& wanted) {
    for (const std::string_view mode : wanted) {
        if (std::ranges::find(modes, mode) == modes.end()) modes.emplace_back(mode);
    }
}

std::string default_sql_mode(std::string_view upstream_sql_mode) {
    std::vector<std::string> modes = split_sql_mode(upstream_sql_mode);
    take_out(modes, kStrictModes);
    take_out(modes, kUnreadableModes);
    put_in(modes, kUsualModes);
    put_in(modes, kNeededModes);
    return join_modes(modes);
}

/// What the user named, but for what statements could not be read with; ANSI stays as its other parts.
std::string own_sql_mode(std::string_view text) {
    std::vector<std::string> modes = split_sql_mode(text);
    const bool is_ansi = std::ranges::find(modes, "ANSI") != modes.end();
    take_out(modes, kUnreadableModes);
    if (is_ansi) put_in(modes, std::to_array<std::string_view>({"REAL_AS_FLOAT", "PIPES_AS_CONCAT", "IGNORE_SPACE"}));
    put_in(modes, kNeededModes);
    return join_modes(modes);
}

bool is_bare(std::string_view value) {
    if (!value.empty() && value.front() == '-') value.remove_prefix(1);
    return !value.empty() && std::ranges::all_of(value, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string set_statement(const std::string& name, const std::string& value) {
    std::string statement = fmt::format("SET SESSION {} = ", name);
    if (is_bare(value)) {
        statement += value;
    } else {
        sql::append_quoted(statement, value);
    }
    return statement;
}

}  // namespace

std::vector<std::string> split_sql_mode(std::string_view text) {
    std::vector<std::string> modes;
    std::string mode;
    for (const char c : text) {
        if (c != ',') {
            if (c != ' ') mode += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        } else if (!mode.empty()) {
            modes.push_back(std::exchange(mode, {}));
        }
    }
    if (!mode.empty()) modes.push_back(std::move(mode));
    return modes;
}

bool is_own_variable(std::string_view name) {
    return std::ranges::any_of(kOwnVariables, [&](std::string_view own) { return equal_words(own, name); });
}

SessionVariables downstream_session_variables(const DownstreamSettings& settings) {
    SessionVariables variables = {{"sql_mode", default_sql_mode(settings.upstream_sql_mode)},
                                  {"time_zone", "+00:00"},
                                  {"foreign_key_checks", "0"}};
    if (settings.checks_constraints) variables.emplace_back("check_constraint_checks", "0");
    for (const auto& [name, value] : settings.user_variables) {
        if (!is_own_variable(name))
            set_variable(variables, name, equal_words(name, "sql_mode") ? own_sql_mode(value) : value);
    }
    return variables;
}

SessionVariables upstream_session_variables(const SessionVariables& user_variables) {
    SessionVariables variables = {
        {"net_write_timeout", "3600"}, {"net_read_timeout", "3600"}, {"wait_timeout", "86400"}};
    for (const auto& [name, value] : user_variables) {
        if (!is_own_variable(name)) set_variable(variables, name, value);
    }
    // Values must read the same on both sides whatever the user set.
    set_variable(variables, "sql_mode", "");
    set_variable(variables, "time_zone", "+00:00");
    return variables;
}

SessionVariables charset_variables(sql::SqlSession& upstream, sql::SqlSession& downstream) {
    constexpr std::string_view kDefault =
        "SELECT DEFAULT_COLLATE_NAME AS c FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME='utf8mb4'";
    const std::string wanted = upstream.query(kDefault).text(0, "c");
    // The older default is the one that newer servers can be told; the newer ones are alike.
    if (wanted != "utf8mb4_general_ci") return {};
    SessionVariables variables;
    for (const auto& [name, value] : {std::pair{"default_collation_for_utf8mb4", "utf8mb4_general_ci"},
                                      std::pair{"character_set_collations", "utf8mb4=utf8mb4_general_ci"}}) {
        if (!downstream.query(fmt::format("SHOW SESSION VARIABLES LIKE '{}'", name)).rows.empty())
            variables.emplace_back(name, value);
    }
    return variables;
}

sql::SqlConnector with_session_variables(sql::SqlConnector connect, SessionVariables variables) {
    return [connect = std::move(connect), variables = std::move(variables)] {
        std::unique_ptr<sql::SqlSession> session = connect();
        for (const auto& [name, value] : variables) session->execute(set_statement(name, value));
        return session;
    };
}

void ensure_meta_schema(sql::SqlSession& session, std::string_view meta_schema) {
    session.execute(fmt::format("CREATE DATABASE IF NOT EXISTS {}", model::quote_identifier(meta_schema)));
}

bool is_tolerated_ddl_error(int number) {
    return std::ranges::find(kToleratedDdlErrors, number) != kToleratedDdlErrors.end();
}

std::optional<std::string> execute_ddl(sql::SqlSession& session, std::string_view statement) {
    try {
        session.execute(statement);
        return std::nullopt;
    } catch (const Error& error) {
        const auto number = sql_error_number(error);
        if (!number || !is_tolerated_ddl_error(*number)) throw;
        return error.raw_cause();
    }
}

std::optional<std::string> fetch_table(sql::SqlSession& session, const model::TableName& table) {
    try {
        return session.query(fmt::format("SHOW CREATE TABLE {}", table.quoted())).text(0, "Create Table");
    } catch (const Error& error) {
        const auto number = sql_error_number(error);
        if (number == server_error::kNoSuchTable || number == server_error::kUnknownDatabase) return std::nullopt;
        throw;
    }
}

bool has_schema(sql::SqlSession& session, const std::string& schema) {
    std::string literal;
    sql::append_quoted(literal, schema);
    return !session.query("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME=" + literal).rows.empty();
}

std::optional<schema::CharsetPair> fetch_schema_charset(sql::SqlSession& session, const std::string& schema) {
    std::string name;
    sql::append_quoted(name, schema);
    const auto found = session.query(
        "SELECT DEFAULT_CHARACTER_SET_NAME AS c,DEFAULT_COLLATION_NAME AS k FROM "
        "information_schema.SCHEMATA WHERE SCHEMA_NAME=" +
        name);
    if (found.rows.empty()) return std::nullopt;
    return schema::CharsetPair{.charset = found.text(0, "c"), .collation = found.text(0, "k")};
}

SchemaCharsets fetch_schema_charsets(sql::SqlSession& session) {
    const auto found = session.query(
        "SELECT SCHEMA_NAME AS n,DEFAULT_CHARACTER_SET_NAME AS c,DEFAULT_COLLATION_NAME AS k FROM "
        "information_schema.SCHEMATA");
    SchemaCharsets charsets;
    for (std::size_t row = 0; row < found.rows.size(); ++row)
        charsets[found.text(row, "n")] = {.charset = found.text(row, "c"), .collation = found.text(row, "k")};
    return charsets;
}

}  // namespace dm::target
