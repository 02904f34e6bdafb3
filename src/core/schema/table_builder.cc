#include "core/schema/table_builder.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "core/sql/lexer.h"

namespace dm::schema {

namespace {

[[noreturn]] void fail(const TableDefinition& table, std::string_view what) {
    throw Error(ErrorCode::SchemaDdlFailed, fmt::format("table {}: {}", table.name.quoted(), what));
}

IndexKind index_kind(sql::KeyKind kind) noexcept {
    switch (kind) {
        case sql::KeyKind::Primary:
            return IndexKind::Primary;
        case sql::KeyKind::Unique:
            return IndexKind::Unique;
        case sql::KeyKind::Fulltext:
            return IndexKind::Fulltext;
        case sql::KeyKind::Spatial:
            return IndexKind::Spatial;
        default:
            return IndexKind::Plain;
    }
}

/// The name the server gives: the first column, then with _2, _3, ...
std::string free_key_name(const TableDefinition& table, const sql::KeySpec& spec) {
    const auto column = spec.parts.empty() ? std::nullopt : table.find_column(spec.parts.front().column);
    std::string base = column ? table.columns[*column].name : "functional_index";
    if (table.find_index(base) == nullptr && !sql::equal_ignoring_case(base, "PRIMARY")) return base;
    for (int number = 2;; ++number) {
        std::string name = fmt::format("{}_{}", base, number);
        if (table.find_index(name) == nullptr) return name;
    }
}

bool begins_with_columns(const Index& index, const std::vector<std::string>& columns) {
    if (index.parts.size() < columns.size() || index.kind == IndexKind::Fulltext) return false;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (!sql::equal_ignoring_case(index.parts[i].column, columns[i]) || index.parts[i].prefix_length > 0)
            return false;
    }
    return true;
}

std::string foreign_key_name(const TableDefinition& table, const sql::ForeignKeySpec& spec, bool is_mariadb) {
    if (!spec.constraint.empty()) return spec.constraint;
    if (is_mariadb && !spec.index.empty()) return spec.index;
    const std::string prefix = table.name.table + "_ibfk_";
    int highest = 0;
    for (const auto& key : table.foreign_keys) {
        if (key.name.starts_with(prefix)) highest = std::max(highest, std::atoi(key.name.c_str() + prefix.size()));
    }
    return prefix + std::to_string(highest + 1);
}

/// Whether MariaDB keeps a unique key as a hash in a column of its own: asked for, or too long for the engine.
bool needs_hash(const TableDefinition& table, const Index& index) {
    if (index.kind != IndexKind::Unique || sql::equal_ignoring_case(table.engine, "MEMORY")) return false;
    if (index.is_hash) return true;
    const bool is_myisam = sql::equal_ignoring_case(table.engine, "MyISAM");
    const std::uint64_t longest_part = is_myisam ? 1000 : 3072;
    const std::uint64_t longest_key = is_myisam ? 1000 : 3500;
    std::uint64_t total = 0;
    for (const auto& part : index.parts) {
        const auto position = table.find_column(part.column);
        if (!position) continue;
        const Column& column = table.columns[*position];
        const bool is_string = is_text_type(column.type) || is_binary_type(column.type);
        const bool is_blob = is_string && column.type != ColumnType::Char && column.type != ColumnType::VarChar &&
                             column.type != ColumnType::Binary && column.type != ColumnType::VarBinary;
        if (is_blob && part.prefix_length == 0) return true;
        const std::uint64_t length = part.prefix_length > 0 ? part.prefix_length : column.length;
        const std::uint64_t bytes = is_string ? length * max_char_bytes(column.charset) : 8;
        if (bytes > longest_part) return true;
        total += bytes;
    }
    return total > longest_key;
}

void place_hidden_columns(TableDefinition& table) {
    std::erase_if(table.columns,
                  [](const Column& column) { return column.is_hidden && column.name.starts_with("DB_ROW_HASH_"); });
    std::stable_partition(table.columns.begin(), table.columns.end(),
                          [](const Column& column) { return !column.is_hidden; });
    int number = 0;
    for (const auto& index : table.indexes) {
        if (!needs_hash(table, index)) continue;
        Column column;
        column.name = fmt::format("DB_ROW_HASH_{}", ++number);
        column.type = ColumnType::BigInt;
        column.type_text = "bigint unsigned";
        column.is_unsigned = true;
        column.is_invisible = true;
        column.is_hidden = true;
        column.generated = Generated::Virtual;
        table.columns.push_back(std::move(column));
    }
}

}  // namespace

/// The columns that WITH SYSTEM VERSIONING adds unless the statement names its own.
void add_system_columns(TableDefinition& table) {
    for (const char* name : {"row_start", "row_end"}) {
        if (table.find_column(name)) continue;
        Column column;
        column.name = name;
        column.type = ColumnType::Timestamp;
        column.type_text = "timestamp(6)";
        column.length = 6;
        column.is_nullable = false;
        column.is_invisible = true;
        column.is_hidden = true;
        column.generated = Generated::Stored;
        table.columns.push_back(std::move(column));
    }
}

void add_key(TableDefinition& table, const sql::KeySpec& spec) {
    Index index;
    index.kind = index_kind(spec.kind);
    index.name = spec.name.empty() ? free_key_name(table, spec) : spec.name;
    index.is_invisible = spec.is_invisible;
    index.is_hash = spec.is_hash;
    if (table.find_index(index.name) != nullptr) {
        if (spec.if_not_exists) return;
        fail(table, index.kind == IndexKind::Primary ? "it has a primary key already"
                                                     : fmt::format("a key `{}` exists already", index.name));
    }
    for (const auto& part : spec.parts) {
        const auto column = part.column.empty() ? std::nullopt : table.find_column(part.column);
        if (!part.column.empty() && !column) {
            fail(table, fmt::format("key `{}` names the column `{}`, which does not exist", index.name, part.column));
        }
        index.parts.push_back({.column = column ? table.columns[*column].name : std::string(),
                               .expression = part.expression,
                               .prefix_length = part.length,
                               .is_descending = part.is_descending});
    }
    table.indexes.push_back(std::move(index));
}

void add_foreign_key(TableDefinition& table, const sql::ForeignKeySpec& spec, bool is_mariadb) {
    ForeignKey key{.name = foreign_key_name(table, spec, is_mariadb),
                   .columns = {},
                   .parent = spec.parent,
                   .parent_columns = spec.parent_columns,
                   .changes_children = spec.changes_children};
    for (const auto& name : spec.columns) {
        const auto column = table.find_column(name);
        if (!column)
            fail(table, fmt::format("foreign key `{}` names the column `{}`, which does not exist", key.name, name));
        key.columns.push_back(table.columns[*column].name);
    }
    const auto same_name =
        std::find_if(table.foreign_keys.begin(), table.foreign_keys.end(),
                     [&](const ForeignKey& other) { return sql::equal_ignoring_case(other.name, key.name); });
    if (same_name != table.foreign_keys.end()) {
        if (spec.if_not_exists) return;
        fail(table, fmt::format("a foreign key `{}` exists already", key.name));
    }
    const bool has_index = std::any_of(table.indexes.begin(), table.indexes.end(),
                                       [&](const Index& index) { return begins_with_columns(index, key.columns); });
    if (!has_index) {
        sql::KeySpec index;
        index.name = spec.constraint.empty() ? spec.index : spec.constraint;
        for (const auto& column : key.columns) index.parts.push_back({.column = column, .expression = {}});
        add_key(table, index);
    }
    table.foreign_keys.push_back(std::move(key));
}

void add_period(TableDefinition& table, const sql::PeriodSpec& period) {
    for (const auto& name : {period.begin, period.end}) {
        const auto column = table.find_column(name);
        if (!column)
            fail(table, fmt::format("period `{}` names the column `{}`, which does not exist", period.name, name));
        table.columns[*column].is_nullable = false;
    }
}

sql::KeySpec with_period_columns(const sql::KeySpec& key, const std::vector<sql::PeriodSpec>& periods) {
    if (key.period.empty()) return key;
    for (const auto& period : periods) {
        if (!sql::equal_ignoring_case(period.name, key.period)) continue;
        sql::KeySpec full = key;
        full.parts.push_back({.column = period.end, .expression = {}});
        full.parts.push_back({.column = period.begin, .expression = {}});
        return full;
    }
    throw Error(
        ErrorCode::SchemaDdlFailed,
        fmt::format("key `{}` is WITHOUT OVERLAPS of the period `{}`, whose columns the statement does not name: the "
                    "table's structure must be fetched",
                    key.name, key.period));
}

void drop_key(TableDefinition& table, const sql::DropKey& drop) {
    const auto found = std::find_if(table.indexes.begin(), table.indexes.end(), [&](const Index& index) {
        return sql::equal_ignoring_case(index.name, drop.name);
    });
    if (found != table.indexes.end()) {
        table.indexes.erase(found);
    } else if (!drop.if_exists) {
        fail(table, fmt::format("it has no key `{}` to drop", drop.name));
    }
}

void normalize(TableDefinition& table, bool is_mariadb) {
    std::stable_partition(table.indexes.begin(), table.indexes.end(),
                          [](const Index& index) { return index.kind == IndexKind::Primary; });
    for (auto& index : table.indexes) {
        for (auto& part : index.parts) {
            const auto position = table.find_column(part.column);
            if (!position) continue;
            Column& column = table.columns[*position];
            if (index.kind == IndexKind::Primary) column.is_nullable = false;
            const bool takes_prefix = is_text_type(column.type) || is_binary_type(column.type);
            if (!takes_prefix || (column.length > 0 && part.prefix_length >= column.length)) part.prefix_length = 0;
        }
    }
    if (is_mariadb) place_hidden_columns(table);
}

std::optional<std::string> automatic_timestamp(const std::vector<sql::ColumnSpec>& specs,
                                               const ColumnContext& context) {
    if (context.explicit_timestamp_defaults) return std::nullopt;
    const auto first = std::find_if(specs.begin(), specs.end(),
                                    [](const sql::ColumnSpec& spec) { return spec.type.name == "timestamp"; });
    if (first == specs.end() || first->is_nullable.value_or(false) || first->default_text || first->is_on_update_now ||
        first->is_generated) {
        return std::nullopt;
    }
    return first->name;
}

void set_automatic_timestamp(Column& column) {
    column.default_text = "CURRENT_TIMESTAMP";
    column.is_on_update_now = true;
}

void follow_rename(TableDefinition& table, const model::TableName& new_name) {
    const std::string old_prefix = table.name.table + "_ibfk_";
    for (auto& key : table.foreign_keys) {
        if (key.name.starts_with(old_prefix)) key.name = new_name.table + "_ibfk_" + key.name.substr(old_prefix.size());
    }
    table.name = new_name;
}

TableDefinition create_table(const sql::CreateTable& create, ColumnContext context, const CharsetPair& schema_default) {
    TableDefinition table;
    table.name = create.name;
    context.table = resolve_charset(context, create.options.charset.value_or(""), create.options.collation.value_or(""),
                                    schema_default);
    table.charset = context.table.charset;
    table.collation = context.table.collation;
    table.engine = create.options.engine.value_or("");
    table.comment = create.options.comment.value_or("");
    table.is_partitioned = create.options.is_partitioned.value_or(false);
    const auto automatic = automatic_timestamp(create.columns, context);
    for (const auto& spec : create.columns) {
        if (table.find_column(spec.name)) fail(table, fmt::format("column `{}` is named twice", spec.name));
        table.columns.push_back(build_column(spec, context));
        if (automatic == spec.name) set_automatic_timestamp(table.columns.back());
    }
    if (table.columns.empty()) fail(table, "the statement names no columns");
    for (const auto& period : create.periods) add_period(table, period);
    for (const auto& key : create.keys) add_key(table, with_period_columns(key, create.periods));
    // Definitions with a column's REFERENCES were read and ignored by MySQL before version 9.
    const bool honours_inline =
        context.options.is_mariadb || context.options.server_version == 0 || context.options.server_version >= 90000;
    for (const auto& key : create.foreign_keys) {
        const bool is_inline =
            std::any_of(create.columns.begin(), create.columns.end(), [&](const sql::ColumnSpec& column) {
                return column.references && column.references->columns == key.columns && key.constraint.empty() &&
                       column.references->parent.table == key.parent.table;
            });
        if (!is_inline || honours_inline) add_foreign_key(table, key, context.options.is_mariadb);
    }
    if (create.options.adds_system_versioning) {
        const bool names_own = std::any_of(create.columns.begin(), create.columns.end(),
                                           [](const sql::ColumnSpec& column) { return column.is_row_period; });
        if (!names_own) add_system_columns(table);
    }
    normalize(table, context.options.is_mariadb);
    return table;
}

}  // namespace dm::schema
