#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/schema/column_builder.h"
#include "core/schema/table_definition.h"
#include "core/sql/ddl_tree.h"

/// What CREATE TABLE and ALTER TABLE make of a definition, as the server does it. Functions of plain values; each
/// throws Error{SchemaDdlFailed} with the table and the column or key that does not fit.
namespace dm::schema {

/// A new table. `schema_default` is its schema's charset; LIKE and queries are the caller's.
[[nodiscard]] TableDefinition create_table(const sql::CreateTable& create, ColumnContext context,
                                           const CharsetPair& schema_default);

/// The altered table; RENAME TO sets its name, EXCHANGE and CONVERT PARTITION concern other tables and are the
/// caller's.
[[nodiscard]] TableDefinition alter_table(const TableDefinition& old, const sql::AlterTable& alter,
                                          ColumnContext context, const CharsetPair& schema_default);

/// Name of the column that becomes DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP by itself: the first TIMESTAMP
/// of the statement where explicit_defaults_for_timestamp is off, unless it says otherwise.
[[nodiscard]] std::optional<std::string> automatic_timestamp(const std::vector<sql::ColumnSpec>& specs,
                                                             const ColumnContext& context);
void set_automatic_timestamp(Column& column);

/// Gives the table a new name; foreign keys with the server's names (t_ibfk_1) take it over.
void follow_rename(TableDefinition& table, const model::TableName& new_name);

/// MariaDB's PERIOD FOR: its columns become NOT NULL.
void add_period(TableDefinition& table, const sql::PeriodSpec& period);
/// A key with `period WITHOUT OVERLAPS` spelled out: the period's end and begin are its last columns.
[[nodiscard]] sql::KeySpec with_period_columns(const sql::KeySpec& key, const std::vector<sql::PeriodSpec>& periods);

/// Adds the hidden columns of WITH SYSTEM VERSIONING.
void add_system_columns(TableDefinition& table);

/// Adds a key: names it if it has no name, checks its columns, makes those of a primary key NOT NULL. A key that exists
/// is left alone under IF NOT EXISTS.
void add_key(TableDefinition& table, const sql::KeySpec& spec);

/// Adds a foreign key and, as InnoDB wants it, an index on its columns unless one begins with them.
void add_foreign_key(TableDefinition& table, const sql::ForeignKeySpec& spec, bool is_mariadb);

/// Removes a key by name ("PRIMARY" for the primary key).
void drop_key(TableDefinition& table, const sql::DropKey& drop);

/// Re-establishes what holds for any table: primary key first and NOT NULL, prefixes no longer than their columns,
/// hidden columns of MariaDB last and as its unique keys need them.
void normalize(TableDefinition& table, bool is_mariadb);

}  // namespace dm::schema
