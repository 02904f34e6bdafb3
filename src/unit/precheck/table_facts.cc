#include "unit/precheck/table_facts.h"

#include <algorithm>
#include <array>
#include <exception>

#include <fmt/format.h>

#include "core/schema/charsets.h"
#include "core/sql/lexer.h"
#include "core/sql/literal.h"

namespace dm::precheck {
namespace {

constexpr std::string_view kNotSystem =
    "NOT IN ('mysql','sys','information_schema','performance_schema','metrics_schema','inspection_schema')";
/// Fewer tables of a schema are asked for by name.
constexpr std::size_t kNamed = 200;

std::string quoted(std::string_view text) {
    std::string literal;
    sql::append_quoted(literal, text);
    return literal;
}

std::string text_of(const sql::Cell& cell) { return std::string(cell.value_or("")); }
bool is_yes(const sql::Cell& cell) { return cell && (*cell == "YES" || *cell == "1"); }

/// What one query found out.
struct Part {
    struct Key {
        std::set<std::string> columns;
        bool is_nullable = false;
    };
    TableMap tables;
    std::map<model::TableName, std::map<std::string, Key>> keys;  ///< by index name
    std::exception_ptr failure;
};

/// Puts one row of a query into what is known of its table.
using TakeRow = void (*)(Part& part, const model::TableName& table, sql::CellRow row);

void take_table(Part& part, const model::TableName& table, sql::CellRow row) {
    part.tables[table].collation = schema::canonical_collation(text_of(row[1]));
}

void take_column(Part& part, const model::TableName& table, sql::CellRow row) {
    ColumnFacts column;
    column.name = sql::to_lower(text_of(row[1]));
    column.collation = schema::canonical_collation(text_of(row[2]));
    column.is_nullable = is_yes(row[3]);
    const std::string extra = sql::to_lower(text_of(row[5]));
    const auto says = [&](std::string_view word) { return extra.find(word) != std::string::npos; };
    column.is_filled =
        is_yes(row[4]) || says("auto_increment") || says("virtual") || says("stored") || says("persistent");
    part.tables[table].columns.push_back(std::move(column));
}

void take_key_part(Part& part, const model::TableName& table, sql::CellRow row) {
    Part::Key& key = part.keys[table][text_of(row[1])];
    key.columns.insert(sql::to_lower(text_of(row[2])));
    key.is_nullable = key.is_nullable || is_yes(row[3]) || !row[2];
}

void take_foreign_key(Part& part, const model::TableName& table, sql::CellRow /*row*/) {
    part.tables[table].has_foreign_key = true;
}

/// A query on information_schema; its first column is the table's name.
struct FactQuery {
    std::string_view select;
    std::string_view schema_column;
    std::string_view condition;
    TakeRow take;
};

constexpr auto kFactQueries = std::to_array<FactQuery>({
    {"SELECT TABLE_NAME, TABLE_COLLATION FROM information_schema.TABLES", "TABLE_SCHEMA",
     " AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')", take_table},
    {"SELECT TABLE_NAME, COLUMN_NAME, COLLATION_NAME, IS_NULLABLE, COLUMN_DEFAULT IS NOT NULL, EXTRA "
     "FROM information_schema.COLUMNS",
     "TABLE_SCHEMA", "", take_column},
    {"SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, NULLABLE FROM information_schema.STATISTICS", "TABLE_SCHEMA",
     " AND NON_UNIQUE = 0", take_key_part},
    {"SELECT DISTINCT TABLE_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS", "CONSTRAINT_SCHEMA", "",
     take_foreign_key},
});

/// Tables of one schema, and the condition that picks them.
struct Batch {
    std::string schema;
    std::string condition;  ///< on TABLE_NAME; empty for the whole schema
};

std::vector<Batch> batches_of(std::span<const model::TableName> tables) {
    std::map<std::string, std::vector<std::string_view>> by_schema;
    for (const auto& table : tables) by_schema[table.schema].push_back(table.table);
    std::vector<Batch> batches;
    for (const auto& [schema, names] : by_schema) {
        Batch& batch = batches.emplace_back(Batch{schema, {}});
        if (names.size() >= kNamed) continue;
        batch.condition = " AND TABLE_NAME IN (";
        for (const auto& name : names) batch.condition += quoted(name) + ",";
        batch.condition.back() = ')';
    }
    return batches;
}

std::string statement_of(const FactQuery& query, const Batch& batch) {
    return fmt::format("{} WHERE {} = {}{}{}", query.select, query.schema_column, quoted(batch.schema), query.condition,
                       batch.condition);
}

Part load_part(const OpenSession& open, const FactQuery& query, const Batch& batch) {
    Part part;
    try {
        const auto session = open();
        session->stream(statement_of(query, batch), [&](sql::CellRow row) {
            query.take(part, {batch.schema, text_of(row[0])}, row);
            return true;
        });
    } catch (...) {
        part.failure = std::current_exception();
    }
    return part;
}

/// Adds what a part knows of tables that are there.
void merge(TableMap& tables, Part& part) {
    for (auto& [name, facts] : part.tables) {
        const auto table = tables.find(name);
        if (table == tables.end()) continue;
        if (!facts.columns.empty()) table->second.columns = std::move(facts.columns);
        table->second.has_foreign_key = table->second.has_foreign_key || facts.has_foreign_key;
    }
    for (auto& [name, keys] : part.keys) {
        const auto table = tables.find(name);
        if (table == tables.end()) continue;
        for (auto& [index, key] : keys) {
            table->second.has_row_key = table->second.has_row_key || !key.is_nullable;
            table->second.unique_keys.insert(std::move(key.columns));
        }
    }
}

}  // namespace

std::vector<model::TableName> list_tables(sql::SqlSession& session,
                                          const std::function<bool(const model::TableName&)>& accepts) {
    std::vector<model::TableName> tables;
    session.stream(
        fmt::format("SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA {} AND "
                    "TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')",
                    kNotSystem),
        [&](sql::CellRow row) {
            model::TableName name{text_of(row[0]), text_of(row[1])};
            if (accepts(name)) tables.push_back(std::move(name));
            return true;
        });
    std::ranges::sort(tables);
    return tables;
}

TableMap load_table_facts(const OpenSession& open, const RunAll& run_all, std::span<const model::TableName> tables) {
    const auto batches = batches_of(tables);
    std::vector<Part> parts(batches.size() * kFactQueries.size());
    run_all(parts.size(), [&](std::size_t i) {
        parts[i] = load_part(open, kFactQueries[i % kFactQueries.size()], batches[i / kFactQueries.size()]);
    });
    const std::set<model::TableName> wanted(tables.begin(), tables.end());
    TableMap facts;
    for (auto& part : parts)
        if (part.failure) std::rethrow_exception(part.failure);
    for (std::size_t i = 0; i < parts.size(); i += kFactQueries.size()) {
        for (auto& [name, found] : parts[i].tables)
            if (wanted.contains(name)) facts.emplace(name, std::move(found));
    }
    for (std::size_t i = 0; i < parts.size(); ++i)
        if (i % kFactQueries.size() != 0) merge(facts, parts[i]);
    return facts;
}

std::set<std::string> load_collations(sql::SqlSession& session) {
    std::set<std::string> names;
    const auto add = [&](std::string_view statement) {
        session.stream(statement, [&](sql::CellRow row) {
            names.insert(schema::canonical_collation(text_of(row[0])));
            return true;
        });
    };
    add("SELECT COLLATION_NAME FROM information_schema.COLLATIONS");
    const auto& version = session.version();
    // MariaDB's newer collations go by a short name there; columns show the full one.
    if (version.flavor == model::Flavor::MariaDb && version.is_at_least(10, 10))
        add("SELECT FULL_COLLATION_NAME FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY");
    return names;
}

}  // namespace dm::precheck
