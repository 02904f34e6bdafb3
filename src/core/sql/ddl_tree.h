#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/model/names.h"
#include "core/sql/ddl.h"

/// The syntax tree of DDL statements: what a statement says, without what it means for a table (core/schema knows
/// that). Plain values. Names are unquoted, spans point into the parsed text. Clauses that no table structure depends
/// on are left out.
namespace dm::sql {

/// A column's type as written. `name` is in lower case with several words joined by a blank ("double precision",
/// "national varchar"); a charset written as ASCII, UNICODE or BYTE is latin1, ucs2 or binary.
struct TypeSpec {
    std::string name;
    std::optional<std::uint64_t> length;    ///< first number in parentheses
    std::optional<std::uint64_t> decimals;  ///< second number
    bool is_unsigned = false;
    bool is_zerofill = false;
    bool has_binary_attribute = false;  ///< BINARY behind a text type: the charset's _bin collation
    std::string charset;
    std::string collation;
    std::vector<std::string> elements;  ///< of ENUM and SET
};

struct ForeignKeySpec {
    std::string constraint;  ///< CONSTRAINT name; empty if none
    std::string index;       ///< name behind FOREIGN KEY; empty if none
    std::vector<std::string> columns;
    model::TableName parent;  ///< schema empty if not written
    std::vector<std::string> parent_columns;
    bool if_not_exists = false;
    bool changes_children = false;  ///< ON DELETE or ON UPDATE with CASCADE, SET NULL or SET DEFAULT
};

enum class InlineKey : std::uint8_t { None, Primary, Unique, Plain };

struct ColumnSpec {
    std::string name;
    TypeSpec type;
    std::optional<bool> is_nullable;          ///< NULL or NOT NULL, if written
    std::optional<std::string> default_text;  ///< the DEFAULT clause as written, without the word
    bool is_on_update_now = false;
    bool is_auto_increment = false;
    bool is_generated = false;
    bool is_stored = false;
    bool is_row_period = false;  ///< AS ROW START / AS ROW END of system versioning
    bool is_invisible = false;
    bool is_serial_default = false;  ///< SERIAL DEFAULT VALUE: NOT NULL AUTO_INCREMENT UNIQUE
    InlineKey key = InlineKey::None;
    std::optional<ForeignKeySpec> references;
    Span span;
};

struct KeyPartSpec {
    std::string column;      ///< empty for an expression
    std::string expression;  ///< text without the outer parentheses
    std::uint32_t length = 0;
    bool is_descending = false;
};

enum class KeyKind : std::uint8_t { Primary, Unique, Plain, Fulltext, Spatial, Vector };

struct KeySpec {
    KeyKind kind = KeyKind::Plain;
    std::string name;  ///< empty if none is given
    std::vector<KeyPartSpec> parts;
    std::string period;         ///< MariaDB: the period that is WITHOUT OVERLAPS
    bool is_invisible = false;  ///< INVISIBLE, IGNORED
    bool is_hash = false;       ///< USING HASH
    bool if_not_exists = false;
};

/// PERIOD FOR name (begin, end) of MariaDB; not that of system versioning.
struct PeriodSpec {
    std::string name;
    std::string begin;
    std::string end;
};

/// Options of a table or database; unset where not mentioned. A charset of "default" stands for the surrounding
/// default.
struct TableOptions {
    std::optional<std::string> charset;
    std::optional<std::string> collation;
    std::optional<std::string> engine;
    std::optional<std::string> comment;
    std::optional<bool> is_partitioned;
    bool adds_system_versioning = false;
};

struct CreateDatabase {
    std::string name;
    bool if_not_exists = false;
    bool or_replace = false;
    TableOptions options;
};
struct AlterDatabase {
    std::string name;  ///< empty: the default database
    TableOptions options;
};
struct DropDatabase {
    std::string name;
    bool if_exists = false;
};

struct CreateTable {
    model::TableName name;
    bool is_temporary = false;
    bool if_not_exists = false;
    bool or_replace = false;
    std::optional<model::TableName> like;
    bool has_query = false;  ///< CREATE TABLE ... SELECT
    std::vector<ColumnSpec> columns;
    std::vector<KeySpec> keys;  ///< inline keys of columns too, in order of mention
    std::vector<ForeignKeySpec> foreign_keys;
    std::vector<PeriodSpec> periods;
    TableOptions options;
};

/// Where ADD, MODIFY and CHANGE put a column.
struct ColumnPlace {
    bool is_first = false;
    std::string after;  ///< empty: at the end, or where it was
};

struct AddColumn {
    ColumnSpec column;
    ColumnPlace place;
    bool if_not_exists = false;
};
struct ChangeColumn {  ///< MODIFY too, with the same name twice
    std::string old_name;
    ColumnSpec column;
    ColumnPlace place;
    bool if_exists = false;
};
struct DropColumn {
    std::string name;
    bool if_exists = false;
};
struct RenameColumn {
    std::string from;
    std::string to;
    bool if_exists = false;
};
struct AlterColumn {
    std::string name;
    bool if_exists = false;
    bool sets_default = false;
    std::string default_text;
    bool drops_default = false;
    std::optional<bool> is_invisible;
};
struct AddKey {
    KeySpec key;
};
struct AddPeriod {
    PeriodSpec period;
};
struct AddForeignKey {
    ForeignKeySpec key;
};
struct DropKey {
    std::string name;  ///< "PRIMARY" for the primary key
    bool if_exists = false;
};
struct DropForeignKey {
    std::string name;
    bool if_exists = false;
};
struct DropConstraint {  ///< DROP CONSTRAINT and DROP CHECK: a check, a foreign key or a unique key
    std::string name;
    bool if_exists = false;
};
struct RenameKey {
    std::string from;
    std::string to;
    bool if_exists = false;
};
struct AlterKey {
    std::string name;
    bool is_invisible = false;
    bool if_exists = false;
};
struct RenameTo {
    model::TableName name;
};
struct ConvertCharset {
    std::string charset;    ///< "default": the schema's
    std::string collation;  ///< may be empty
};
struct SetOptions {
    TableOptions options;
};
struct DropSystemVersioning {};
struct ExchangeTable {  ///< EXCHANGE PARTITION, CONVERT TABLE / PARTITION: `creates` if the table comes into being
    model::TableName table;
    bool creates = false;
    bool drops = false;
};

/// What is done to partitions or to the table's file; the structure stays. `verb` is in upper case: ADD, DROP,
/// TRUNCATE, REORGANIZE, DISCARD, ...
struct StorageAction {
    std::string verb;
};

using AlterAction = std::variant<AddColumn, ChangeColumn, DropColumn, RenameColumn, AlterColumn, AddKey, AddPeriod,
                                 AddForeignKey, DropKey, DropForeignKey, DropConstraint, RenameKey, AlterKey, RenameTo,
                                 ConvertCharset, SetOptions, DropSystemVersioning, ExchangeTable, StorageAction>;

struct AlterTable {
    model::TableName name;
    bool if_exists = false;
    bool leaves_rows_out = false;      ///< ALTER IGNORE: rows that a new unique key forbids are gone
    std::vector<AlterAction> actions;  ///< those that touch the structure or partitions, in order
};
struct DropTable {
    std::vector<model::TableName> names;
    bool is_temporary = false;
    bool if_exists = false;
};
struct RenameTable {
    std::vector<std::pair<model::TableName, model::TableName>> pairs;
    bool if_exists = false;
};
struct TruncateTable {
    model::TableName name;
};
struct CreateIndex {
    model::TableName table;
    KeySpec key;
    bool or_replace = false;
};
struct DropIndex {
    model::TableName table;
    DropKey key;
};

using DdlStatement = std::variant<CreateDatabase, AlterDatabase, DropDatabase, CreateTable, AlterTable, DropTable,
                                  RenameTable, TruncateTable, CreateIndex, DropIndex>;

}  // namespace dm::sql
