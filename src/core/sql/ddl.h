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
    CreateDatabase,
    AlterDatabase,
    DropDatabase,
    CreateTable,
    CreateTableLike,
    CreateTableSelect,
    AlterTable,
    DropTable,
    RenameTable,
    TruncateTable,
    CreateIndex,
    DropIndex,
    CreateView,
    AlterView,
    DropView,
    CreateTrigger,
    DropTrigger,
    Routine,
    Event,
    Account,
    Maintenance,
    Sequence,
    Storage,  ///< tablespaces, logfile groups, federated servers, spatial reference systems: of one server
    OtherDdl,
    Begin,
    Commit,
    Rollback,
    Savepoint,
    Xa,
    Set,
    Use,
    Dml,      ///< INSERT, UPDATE, DELETE, REPLACE, LOAD DATA: statement-format change of rows
    Empty,    ///< nothing but comments
    Unknown,  ///< first words not recognised
};

/// One mention of a table (or schema) in a statement, with where it stands, so that it can be replaced.
struct TableMention {
    model::TableName name;        ///< schema filled in from the default schema
    Span span;                    ///< of the whole, possibly qualified, name
    bool is_schema_only = false;  ///< a schema name (CREATE/ALTER/DROP DATABASE)
    enum class Role : std::uint8_t {
        Target,
        RenameFrom,
        RenameTo,
        LikeSource,
        ForeignParent,  ///< behind REFERENCES; without a schema it is in the child's
        Companion,      ///< the table of EXCHANGE PARTITION and CONVERT, members of a MERGE table
    } role = Role::Target;
};

/// What a reader of the statement's session must know.
struct ParseContext {
    std::string default_schema;
    std::uint64_t sql_mode = 0;
    bool is_mariadb = false;
    /// Version for `/*!NNNNN */`: comments for later versions are skipped. 0 = read them all.
    int server_version = 0;
    bool is_tidb = false;  ///< a text of TiDB: `/*T! */` comments are read
    /// lower_case_table_names = 1: names of tables and schemas are meant in lower case, as rows have them.
    bool lowers_names = false;
};

/// A statement's kind and the tables it touches; `text` is what was parsed.
struct StatementInfo {
    StatementKind kind = StatementKind::Unknown;
    std::vector<TableMention> tables;
    bool is_temporary = false;   ///< CREATE/DROP TEMPORARY TABLE
    bool has_if_exists = false;  ///< IF [NOT] EXISTS is present
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
    bool has_own_condition = false;         ///< IF [NOT] EXISTS of a CREATE was not in the original
    std::string exchanged_partition;        ///< EXCHANGE PARTITION: the first table's, whose rows the second gets
};

/// `route` maps a table (table empty: a schema) to its target.
using RouteFunction = std::function<model::TableName(const model::TableName&)>;
/// Says which source tables (table empty: a schema) the statement's parts may touch.
using AcceptFunction = std::function<bool(const model::TableName&)>;

struct SplitOptions {
    /// One statement per action of ALTER TABLE, and per column of ADD COLUMN (a, b), as shard coordination wants it.
    /// Off by default: servers run an ALTER as one atomic change, and its actions may need each other (DROP PRIMARY
    /// KEY, ADD PRIMARY KEY on an AUTO_INCREMENT column; swapping two names).
    bool splits_alter = false;
    /// RENAME TO of an ALTER TABLE that does more becomes a RENAME TABLE behind it. MariaDB (10.11.19 and 11.8 were
    /// tried) leaves a table whose name is not ASCII in place under that name, too, if it is copied for the rest.
    bool splits_rename = false;
};

/// Makes a DDL ready for the downstream:
/// - one statement per table of DROP TABLE and per pair of RENAME TABLE, in order;
/// - every table and schema name is replaced by `route(name)`, qualified and in back quotes. Foreign key parents are
/// routed
///   like any table, whether accepted or not: a parent that is not replicated keeps its name unless a rule moves it;
/// - a part is left out if `accept` rejects any table it names, foreign key parents apart; an empty result means that
///   nothing is left. Temporary tables are left out too: row events never speak of them;
/// - IF [NOT] EXISTS is added to CREATE and DROP of tables and databases, so that replaying is harmless on any server;
/// it is
///   never added to actions of ALTER TABLE or to indexes, where MySQL does not know it;
/// - CREATE OR REPLACE of a table or database becomes DROP IF EXISTS and CREATE, which every server reads;
/// - START TRANSACTION behind CREATE TABLE (MySQL 8 logs it for CREATE TABLE ... SELECT) is dropped;
/// - ALGORITHM, LOCK, ONLINE and OFFLINE of ALTER TABLE and of indexes are dropped: how it is done is the target's
/// affair;
/// - executable comments that the upstream skipped become blanks, because the downstream might execute them;
/// - under ANSI_QUOTES and NO_BACKSLASH_ESCAPES quoted names and strings are written so that a session without these
/// modes
///   reads the same. Operators are left alone: PIPES_AS_CONCAT and the like must be set in the session that executes.
/// Everything else stays byte for byte.
/// Throws Error{ParseSql}, and Error{SyncDdlUnsupported} for kinds other than databases, tables and indexes and for
/// CREATE TABLE ... SELECT, whose rows only the upstream knows.
[[nodiscard]] std::vector<RewrittenDdl> split_and_route(std::string_view statement, const ParseContext& context,
                                                        const RouteFunction& route, const AcceptFunction& accept,
                                                        const SplitOptions& options = {});

/// The English name of a kind, "CREATE TABLE", for messages.
[[nodiscard]] std::string_view kind_name(StatementKind kind) noexcept;

}  // namespace dm::sql
