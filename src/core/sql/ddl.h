#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/names.h"

namespace dm::sql {

/// A stretch of the source text, in bytes.
struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
    [[nodiscard]] std::size_t size() const noexcept { return end - begin; }
};

/// What kind of statement a query event holds, as far as replication treats it differently.
enum class StatementKind : std::uint8_t {
    CreateDatabase, AlterDatabase, DropDatabase,
    CreateTable, CreateTableLike, CreateTableSelect, AlterTable, DropTable, RenameTable, TruncateTable,
    CreateIndex, DropIndex,
    CreateView, AlterView, DropView, CreateTrigger, DropTrigger, Routine, Event, Account, Maintenance, Sequence, OtherDdl,
    Begin, Commit, Rollback, Savepoint, Xa, Set, Use,
    Dml,      ///< INSERT, UPDATE, DELETE, REPLACE, LOAD DATA: statement-format change of rows
    Empty,    ///< nothing but comments
    Unknown,  ///< first words not recognised
};

/// One mention of a table (or schema) in a statement, with where it stands, so that it can be replaced.
struct TableMention {
    model::TableName name;  ///< schema filled in from the default schema
    Span span;              ///< of the whole, possibly qualified, name
    bool is_schema_only = false;  ///< a schema name (CREATE/ALTER/DROP DATABASE)
    enum class Role : std::uint8_t { Target, RenameFrom, RenameTo, LikeSource, ForeignParent } role = Role::Target;
};

/// What a reader of the statement's session must know.
struct ParseContext {
    std::string default_schema;
    std::uint64_t sql_mode = 0;
    bool is_mariadb = false;
    /// Version for `/*!NNNNN */`: comments for later versions are skipped. 0 = read them all.
    int server_version = 0;
};

/// A statement's kind and the tables it touches; `text` is what was parsed.
struct StatementInfo {
    StatementKind kind = StatementKind::Unknown;
    std::vector<TableMention> tables;
    bool is_temporary = false;  ///< CREATE/DROP TEMPORARY TABLE
    bool has_if_exists = false; ///< IF [NOT] EXISTS is present
};

/// Reads just enough: kind and tables. Never throws for unknown statements (kind Unknown or OtherDdl); throws
/// Error{ParseSql} with line and column when a statement of a known kind breaks its grammar where tables are named.
[[nodiscard]] StatementInfo classify(std::string_view statement, const ParseContext& context);

/// One statement of a split and routed DDL, ready for the downstream.
struct RewrittenDdl {
    std::string text;
    StatementKind kind = StatementKind::Unknown;
    std::vector<model::TableName> sources;  ///< upstream tables in order of mention (RENAME: from, to)
    std::vector<model::TableName> targets;  ///< the same, routed
};

/// Splits a DDL as the original does (one per table of DROP TABLE, per pair of RENAME TABLE, per action of ALTER TABLE), adds
/// IF [NOT] EXISTS where it makes replaying harmless, and replaces every table and schema name by `route(name)`, except
/// foreign key parents when `route` leaves them. Everything else stays byte for byte.
/// `route` maps a table (table empty: a schema) to its target. Throws Error{ParseSql} or Error{SyncDdlUnsupported}.
using RouteFunction = std::function<model::TableName(const model::TableName&)>;
/// Says which source tables the statement's parts may touch; parts of rejected tables are left out.
using AcceptFunction = std::function<bool(const model::TableName&)>;
[[nodiscard]] std::vector<RewrittenDdl> split_and_route(std::string_view statement, const ParseContext& context,
                                                        const RouteFunction& route, const AcceptFunction& accept);

}  // namespace dm::sql
