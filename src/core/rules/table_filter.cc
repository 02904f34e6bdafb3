#include "core/rules/table_filter.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <fmt/format.h>

#include "base/error.h"
#include "core/rules/name_pattern.h"

namespace dm::rules {
namespace {

constexpr auto kSystemSchemas =
    std::to_array<std::string_view>({"dm_heartbeat", "sys", "mysql", "information_schema", "inspection_schema",
                                     "performance_schema", "metrics_schema"});

struct CompiledTable {
    NamePattern schema;
    NamePattern table;
};

NamePattern compile(std::string_view list, std::string_view pattern, bool is_case_sensitive) {
    if (pattern.empty()) {
        throw Error(ErrorCode::ConfigBlockAllowInvalid, fmt::format("{}: a name or pattern is empty", list));
    }
    try {
        return {pattern, PatternSyntax::WildcardOrRegex, is_case_sensitive};
    } catch (const std::invalid_argument& reason) {
        throw Error(ErrorCode::ConfigBlockAllowInvalid, fmt::format("{}: '{}': {}", list, pattern, reason.what()));
    }
}

std::vector<NamePattern> compile_schemas(std::string_view list, const std::vector<std::string>& patterns,
                                         bool is_case_sensitive) {
    std::vector<NamePattern> compiled;
    for (const auto& pattern : patterns) compiled.push_back(compile(list, pattern, is_case_sensitive));
    return compiled;
}

std::vector<CompiledTable> compile_tables(std::string_view list,
                                          const std::vector<BlockAllowRules::TablePattern>& patterns,
                                          bool is_case_sensitive) {
    std::vector<CompiledTable> compiled;
    for (const auto& pattern : patterns) {
        compiled.push_back({.schema = compile(fmt::format("{}, db-name", list), pattern.schema, is_case_sensitive),
                            .table = compile(fmt::format("{}, tbl-name", list), pattern.table, is_case_sensitive)});
    }
    return compiled;
}

bool any_matches(const std::vector<NamePattern>& patterns, std::string_view name) {
    return std::ranges::any_of(patterns, [&](const NamePattern& pattern) { return pattern.matches(name); });
}

bool any_matches(const std::vector<CompiledTable>& patterns, const model::TableName& name) {
    return std::ranges::any_of(patterns, [&](const CompiledTable& pattern) {
        return pattern.schema.matches(name.schema) && pattern.table.matches(name.table);
    });
}

}  // namespace

struct TableFilter::Compiled {
    std::vector<NamePattern> do_dbs;
    std::vector<NamePattern> ignore_dbs;
    std::vector<CompiledTable> do_tables;
    std::vector<CompiledTable> ignore_tables;
    std::shared_ptr<const OnlineDdlNames> online;  // null: names mean nothing
};

TableFilter::TableFilter(const BlockAllowRules& rules, bool is_case_sensitive,
                         std::shared_ptr<const OnlineDdlNames> online)
    : compiled_(std::make_unique<const Compiled>(
          Compiled{.do_dbs = compile_schemas("do-dbs", rules.do_dbs, is_case_sensitive),
                   .ignore_dbs = compile_schemas("ignore-dbs", rules.ignore_dbs, is_case_sensitive),
                   .do_tables = compile_tables("do-tables", rules.do_tables, is_case_sensitive),
                   .ignore_tables = compile_tables("ignore-tables", rules.ignore_tables, is_case_sensitive),
                   .online = std::move(online)})) {}

TableFilter::~TableFilter() = default;
TableFilter::TableFilter(TableFilter&&) noexcept = default;
TableFilter& TableFilter::operator=(TableFilter&&) noexcept = default;

bool TableFilter::accepts_schema(const std::string& schema) const {
    if (is_system_schema(schema)) return false;
    if (!compiled_->do_dbs.empty()) return any_matches(compiled_->do_dbs, schema);
    return !any_matches(compiled_->ignore_dbs, schema);
}

bool TableFilter::accepts(const model::TableName& name) const {
    if (!accepts_schema(name.schema)) return false;
    if (name.table.empty()) return true;
    if (any_matches(compiled_->do_tables, name)) return true;
    if (const model::TableName real = real_name(name); real != name) return accepts(real);
    if (any_matches(compiled_->ignore_tables, name)) return false;
    return compiled_->do_tables.empty();
}

model::TableName TableFilter::real_name(const model::TableName& name) const {
    if (!compiled_->online) return name;
    return {.schema = name.schema, .table = compiled_->online->recognise(name.table).real_table};
}

bool is_system_schema(std::string_view schema) {
    const auto same_letter = [](char a, char b) { return a == ((b >= 'A' && b <= 'Z') ? b + ('a' - 'A') : b); };
    return std::ranges::any_of(
        kSystemSchemas, [&](std::string_view system) { return std::ranges::equal(system, schema, same_letter); });
}

}  // namespace dm::rules
