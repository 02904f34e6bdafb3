#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/schema/charsets.h"
#include "core/schema/table_definition.h"

namespace dm::schema {

/// How a server reads names and statements: what the tracker needs to know of the upstream.
struct TrackerOptions {
    bool is_case_sensitive = true;  ///< lower_case_table_names = 0
    bool lowers_names = false;      ///< lower_case_table_names = 1: what is made has a name in lower case
    std::string server_charset = "utf8mb4";
    std::string server_collation = "utf8mb4_general_ci";
    bool is_mariadb = false;
    /// 50624, 80036, 90700, 101106; 0 = unknown, read as the newest.
    int server_version = 0;
    /// explicit_defaults_for_timestamp: OFF (MySQL up to 5.7, MariaDB up to 10.9) makes TIMESTAMP columns NOT NULL.
    /// Counts where the event does not tell its session's.
    bool explicit_timestamp_defaults = true;
    /// Collation of a charset where only the charset is named, by this server ("utf8mb4" -> "utf8mb4_0900_ai_ci").
    std::map<std::string, std::string, std::less<>> default_collations;
};

/// What one statement is read with: the event's session settings.
struct StatementContext {
    std::string default_schema;
    std::uint64_t sql_mode = 0;    ///< the bits of the status variable Q_SQL_MODE_CODE
    std::string charset;           ///< character_set_client; empty = utf8mb4
    std::string server_collation;  ///< collation_server of the event, decides CREATE DATABASE without a charset
    /// Collations of character sets that come without one, by the event; the tracker's option counts for others.
    std::map<std::string, std::string, std::less<>> collations;
    std::optional<bool> explicit_timestamp_defaults;  ///< nothing = the tracker's option
};

/// The structures of all tables of one upstream at one point of its binlog: applies DDL statements as the server would
/// and answers what a table looked like. Single-threaded. A statement that fails changes nothing. Definitions it hands
/// out are snapshots that stay valid and unchanged.
class Tracker {
  public:
    explicit Tracker(TrackerOptions options);
    ~Tracker();
    Tracker(Tracker&&) noexcept;
    Tracker& operator=(Tracker&&) noexcept;

    /// Applies one DDL statement (CREATE/ALTER/DROP DATABASE, CREATE/ALTER/DROP/RENAME/TRUNCATE TABLE, CREATE/DROP
    /// INDEX). Throws Error{ParseSql} if it cannot be read, Error{SchemaDdlFailed} if it does not fit the tracked
    /// structure, Error{SchemaTableMissing} if it needs a table that is not tracked (put it first). DROP, TRUNCATE and
    /// RENAME of untracked tables and statements on temporary tables change nothing; CREATE DATABASE of a known schema
    /// only sets its charset. Foreign keys that point to a renamed table follow it.
    void apply(std::string_view statement, const StatementContext& context);

    /// Sets a schema's default charset and collation, which tables without their own take over. A schema that was never
    /// mentioned has the server's.
    void put_schema(std::string_view schema, std::string_view charset, std::string_view collation);
    /// A schema's default charset and collation; nothing if no statement and no `put_schema` told them.
    [[nodiscard]] std::optional<CharsetPair> find_schema(std::string_view schema) const;

    /// The table's structure; null if it is not tracked.
    [[nodiscard]] std::shared_ptr<const TableDefinition> find(const model::TableName& name) const;
    /// Sets a structure, replacing an older one; makes its schema known.
    void put(TableDefinition definition);
    /// Sets a structure from the text of SHOW CREATE TABLE of any server; `name` counts, not the one in the text.
    /// Throws Error{SchemaNotCreateTable} or Error{ParseSql}.
    std::shared_ptr<const TableDefinition> put_create_table(const model::TableName& name, std::string_view create_table,
                                                            const StatementContext& context);
    void remove(const model::TableName& name);
    [[nodiscard]] std::vector<model::TableName> tables() const;
    [[nodiscard]] const TrackerOptions& options() const noexcept;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace dm::schema
