#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/names.h"
#include "core/schema/charsets.h"
#include "core/sql/sql_session.h"

/// How sessions of a subtask are set up on both sides, and the few statements every unit runs on the target.
namespace dm::target {

using SessionVariables = std::vector<std::pair<std::string, std::string>>;

/// What decides a downstream session's settings.
struct DownstreamSettings {
    SessionVariables user_variables;  ///< `target-database.session`; they win, as far as said below
    std::string upstream_sql_mode;    ///< @@GLOBAL.sql_mode of the upstream; the base where the user names no sql_mode
    bool checks_constraints = false;  ///< the target lets a session do without CHECK constraints
};

/// sql_mode (the upstream's without the modes that refuse old data, with IGNORE_SPACE and ALLOW_INVALID_DATES),
/// time_zone '+00:00', foreign_key_checks 0, check_constraint_checks 0, then the user's variables except those below.
/// A mode that changes how statements are read is never set, NO_AUTO_VALUE_ON_ZERO and NO_DIR_IN_CREATE always.
[[nodiscard]] SessionVariables downstream_session_variables(const DownstreamSettings& settings);

/// time_zone '+00:00', an empty sql_mode, long timeouts while rows are streamed; then the user's variables except those
/// below.
[[nodiscard]] SessionVariables upstream_session_variables(const SessionVariables& user_variables);

/// Whether a variable has no effect when the user sets it: statements and answers depend on it.
[[nodiscard]] bool is_own_variable(std::string_view name);

/// What makes `utf8mb4` without a collation mean downstream what it means upstream: servers differ, and a key under
/// another collation takes different rows for the same. Empty if they agree, or the target has one meaning only.
[[nodiscard]] SessionVariables charset_variables(sql::SqlSession& upstream, sql::SqlSession& downstream);

/// A connector whose sessions have `variables` set, each by a statement of its own, so that an error names the
/// variable.
[[nodiscard]] sql::SqlConnector with_session_variables(sql::SqlConnector connect, SessionVariables variables);

/// Creates the meta schema if it is missing.
void ensure_meta_schema(sql::SqlSession& session, std::string_view meta_schema);

/// Whether a DDL statement that failed with this number has left the target as the statement wanted it: exists already,
/// is gone already.
[[nodiscard]] bool is_tolerated_ddl_error(int number);

/// Runs one DDL statement; a tolerated error is returned as its text, any other is thrown.
std::optional<std::string> execute_ddl(sql::SqlSession& session, std::string_view statement);

/// The text of SHOW CREATE TABLE; nothing if there is no such table or schema.
[[nodiscard]] std::optional<std::string> fetch_table(sql::SqlSession& session, const model::TableName& table);

/// Whether the server has a schema of this name.
[[nodiscard]] bool has_schema(sql::SqlSession& session, const std::string& schema);

/// Default character sets and collations of schemas, by name.
using SchemaCharsets = std::map<std::string, schema::CharsetPair>;

/// A schema's default character set and collation now; nothing if there is no such schema.
[[nodiscard]] std::optional<schema::CharsetPair> fetch_schema_charset(sql::SqlSession& session,
                                                                      const std::string& schema);

/// Those of all schemas the account can see.
[[nodiscard]] SchemaCharsets fetch_schema_charsets(sql::SqlSession& session);

/// Splits a comma-separated sql_mode, upper case, without empty parts.
[[nodiscard]] std::vector<std::string> split_sql_mode(std::string_view text);

}  // namespace dm::target
