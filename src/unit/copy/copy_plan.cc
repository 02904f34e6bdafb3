#include "unit/copy/copy_plan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "core/sql/lexer.h"

namespace dm::copy {
namespace {

constexpr std::string_view kNotSystem =
    "NOT IN ('mysql','sys','information_schema','performance_schema','metrics_schema','inspection_schema')";

struct OtherObject {
    std::string_view kind;
    std::string_view query;
};

constexpr auto kOtherObjects = std::to_array<OtherObject>({
    {"trigger not copied",
     "SELECT TRIGGER_SCHEMA AS s, COUNT(*) AS n FROM information_schema.TRIGGERS GROUP BY TRIGGER_SCHEMA"},
    {"event not copied",
     "SELECT EVENT_SCHEMA AS s, COUNT(*) AS n FROM information_schema.EVENTS GROUP BY EVENT_SCHEMA"},
    {"routine not copied",
     "SELECT ROUTINE_SCHEMA AS s, COUNT(*) AS n FROM information_schema.ROUTINES GROUP BY ROUTINE_SCHEMA"},
});

std::uint64_t to_number(const std::string& digits) {
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

void count_other_objects(sql::SqlSession& upstream, const std::set<std::string>& schemas, NoticeBook& notices) {
    for (const OtherObject& object : kOtherObjects) {
        const auto result = upstream.query(object.query);
        for (std::size_t i = 0; i < result.rows.size(); ++i) {
            const std::string schema = result.text(i, "s");
            if (schemas.contains(schema))
                notices.add(std::string(object.kind), model::quote_identifier(schema), "",
                            to_number(result.text(i, "n")));
        }
    }
}

}  // namespace

std::vector<PlannedTable> list_tables(sql::SqlSession& upstream, const rules::TableFilter& filter,
                                      const rules::TableRouter& router, NoticeBook* notices) {
    const auto result = upstream.query(
        fmt::format("SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, TABLE_TYPE AS k, DATA_LENGTH AS d, TABLE_ROWS AS r "
                    "FROM information_schema.TABLES WHERE TABLE_SCHEMA {}",
                    kNotSystem));
    std::vector<PlannedTable> tables;
    std::map<model::TableName, int> targets;
    std::set<std::string> schemas;
    for (std::size_t i = 0; i < result.rows.size(); ++i) {
        model::TableName source{result.text(i, "s"), result.text(i, "t")};
        if (!filter.accepts(source)) continue;
        const std::string kind = result.text(i, "k");
        if (kind != "BASE TABLE" && kind != "SYSTEM VERSIONED") {
            if (notices != nullptr)
                notices->add(kind == "SEQUENCE" ? "sequence not copied" : "view not copied", source.quoted(), kind);
            continue;
        }
        schemas.insert(source.schema);
        model::TableName target = router.route(source);
        ++targets[target];
        tables.push_back({.source = std::move(source),
                          .target = std::move(target),
                          .bytes_total = to_number(result.text(i, "d")),
                          .rows_total = to_number(result.text(i, "r"))});
    }
    for (PlannedTable& table : tables) table.is_merged = targets.at(table.target) > 1;
    std::ranges::stable_sort(tables, std::ranges::greater{}, &PlannedTable::bytes_total);
    if (notices != nullptr) count_other_objects(upstream, schemas, *notices);
    return tables;
}

void refuse_twins(sql::SqlSession& downstream, const std::vector<PlannedTable>& tables) {
    std::map<model::TableName, const PlannedTable*> seen;
    const PlannedTable* first = nullptr;
    const PlannedTable* second = nullptr;
    for (const PlannedTable& table : tables) {
        const model::TableName folded{sql::to_lower(table.target.schema), sql::to_lower(table.target.table)};
        const auto [known, is_new] = seen.emplace(folded, &table);
        if (is_new || known->second->target == table.target) continue;
        first = known->second;
        second = &table;
    }
    if (first == nullptr || downstream.query("SELECT @@global.lower_case_table_names AS l").text(0, "l") == "0") return;
    throw Error(
        ErrorCode::CopyPlan,
        fmt::format("{} and {} would be copied into one table: the target does not tell {} from {} "
                    "(lower_case_table_names there)",
                    first->source.quoted(), second->source.quoted(), first->target.quoted(), second->target.quoted()))
        .with_workaround(
            "Leave one of the two out by the task's `block-allow-list`, or let a route give it another name. Then "
            "start the task again.");
}

std::vector<std::string> list_empty_schemas(sql::SqlSession& upstream, const rules::TableFilter& filter,
                                            const std::vector<PlannedTable>& tables) {
    const auto result = upstream.query(
        fmt::format("SELECT SCHEMA_NAME AS s FROM information_schema.SCHEMATA WHERE SCHEMA_NAME {}", kNotSystem));
    std::vector<std::string> schemas;
    for (std::size_t i = 0; i < result.rows.size(); ++i) {
        std::string schema = result.text(i, "s");
        const bool has_table =
            std::ranges::any_of(tables, [&](const PlannedTable& table) { return table.source.schema == schema; });
        if (!has_table && !rules::is_system_schema(schema) && filter.accepts_schema(schema))
            schemas.push_back(std::move(schema));
    }
    return schemas;
}

}  // namespace dm::copy
