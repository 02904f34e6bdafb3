#include "unit/sync/found_table.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "core/sql/lexer.h"
#include "core/sql/sql_mode.h"
#include "unit/target/downstream.h"

namespace dm::sync {
namespace {

using Table = std::shared_ptr<const schema::TableDefinition>;

bool is_alike(const schema::Column& a, const schema::Column& b) {
    return sql::equal_ignoring_case(a.name, b.name) && a.type == b.type && a.is_unsigned == b.is_unsigned &&
           a.length == b.length && a.decimals == b.decimals && a.elements == b.elements &&
           a.is_auto_increment == b.is_auto_increment;
}

/// The columns of each unique key, in an order of their own.
std::vector<std::string> unique_keys(const schema::TableDefinition& table) {
    std::vector<std::string> keys;
    for (const schema::Index& index : table.indexes) {
        if (!index.is_unique()) continue;
        std::string key(index.kind == schema::IndexKind::Primary ? "primary" : "unique");
        for (const schema::IndexPart& part : index.parts) key += "," + sql::to_lower(part.column);
        keys.push_back(std::move(key));
    }
    std::ranges::sort(keys);
    return keys;
}

Table read_table(sql::SqlSession& session, const model::TableName& name, schema::Tracker& tracker) {
    const auto text = target::fetch_table(session, name);
    return text ? tracker.put_create_table(name, *text, {.default_schema = name.schema}) : nullptr;
}

/// What the statement would have made.
Table wanted_table(sql::SqlSession& session, const std::string& text, const sql::RewrittenDdl& part,
                   const StatementEvent& event, schema::Tracker& tracker) {
    if (part.kind == sql::StatementKind::CreateTableLike) return read_table(session, part.targets.at(1), tracker);
    schema::StatementContext context;
    context.default_schema = part.targets.front().schema;
    context.sql_mode = event.sql_mode & ~(sql::kModeAnsiQuotes | sql::kModeNoBackslashEscapes);
    context.explicit_timestamp_defaults = event.explicit_timestamp_defaults;
    tracker.apply(text, context);
    return tracker.find(part.targets.front());
}

}  // namespace

bool is_found_otherwise(sql::SqlSession& session, const std::string& text, const sql::RewrittenDdl& part,
                        const StatementEvent& event, const schema::TrackerOptions& target) {
    try {
        schema::Tracker wanted_tracker(target);
        schema::Tracker found_tracker(target);
        const Table wanted = wanted_table(session, text, part, event, wanted_tracker);
        const Table found = read_table(session, part.targets.front(), found_tracker);
        if (!wanted || !found) return false;
        return !std::ranges::equal(wanted->columns, found->columns, is_alike) ||
               unique_keys(*wanted) != unique_keys(*found);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::ParseSql && error.code() != ErrorCode::SchemaDdlFailed) throw;
        log::warn("the table that was there could not be compared",
                  {{"table", part.targets.front().quoted()}, {"error", error.what()}});
        return false;
    }
}

}  // namespace dm::sync
