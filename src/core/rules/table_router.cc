#include "core/rules/table_router.h"

#include <stdexcept>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/error.h"
#include "core/rules/name_pattern.h"

namespace dm::rules {
namespace {

struct CompiledRoute {
    NamePattern schema;
    NamePattern table;
    const RouteRule* rule;
};

std::string rule_text(const RouteRule& rule) {
    return fmt::format("route {}.{} -> {}.{}", rule.schema_pattern, rule.table_pattern, rule.target_schema,
                       rule.target_table);
}

[[noreturn]] void refuse(const RouteRule& rule, std::string_view reason) {
    throw Error(ErrorCode::ConfigRoutesInvalid, fmt::format("{}: {}", rule_text(rule), reason));
}

void check_extract(const RouteRule& rule, std::string_view key, const std::optional<ExtractRule>& extract) {
    if (!extract) return;
    if (extract->target_column.empty()) refuse(rule, fmt::format("`{}` needs a target-column", key));
    try {
        (void)compile_regex(extract->regexp, true);
    } catch (const std::invalid_argument& reason) {
        refuse(rule, fmt::format("`{}`: {}", key, reason.what()));
    }
}

CompiledRoute compile(const RouteRule& rule, bool is_case_sensitive) {
    if (rule.schema_pattern.empty()) refuse(rule, "`schema-pattern` is empty");
    if (rule.target_schema.empty()) refuse(rule, "`target-schema` is empty");
    check_extract(rule, "extract-table", rule.extract_table);
    check_extract(rule, "extract-schema", rule.extract_schema);
    check_extract(rule, "extract-source", rule.extract_source);
    try {
        return {.schema = {rule.schema_pattern, PatternSyntax::WildcardOrRegex, is_case_sensitive},
                .table = {rule.table_pattern, PatternSyntax::WildcardOrRegex, is_case_sensitive},
                .rule = &rule};
    } catch (const std::invalid_argument& reason) {
        refuse(rule, reason.what());
    }
}

}  // namespace

struct TableRouter::Compiled {
    std::vector<RouteRule> rules;
    std::vector<CompiledRoute> for_tables;
    std::vector<CompiledRoute> for_schemas;
    std::shared_ptr<const OnlineDdlNames> online;  // null: names mean nothing
};

TableRouter::TableRouter(const std::vector<RouteRule>& rules, bool is_case_sensitive,
                         std::shared_ptr<const OnlineDdlNames> online) {
    auto compiled = std::make_unique<Compiled>();
    compiled->online = std::move(online);
    compiled->rules = rules;
    for (const auto& rule : compiled->rules) {
        auto& level = rule.table_pattern.empty() ? compiled->for_schemas : compiled->for_tables;
        level.push_back(compile(rule, is_case_sensitive));
    }
    compiled_ = std::move(compiled);
}

TableRouter::~TableRouter() = default;
TableRouter::TableRouter(TableRouter&&) noexcept = default;
TableRouter& TableRouter::operator=(TableRouter&&) noexcept = default;

model::TableName TableRouter::route(const model::TableName& source) const {
    const auto only_match = [&](const std::vector<CompiledRoute>& level, bool with_table) {
        const RouteRule* found = nullptr;
        for (const auto& route : level) {
            if (!route.schema.matches(source.schema) || (with_table && !route.table.matches(source.table))) continue;
            if (found != nullptr) {
                throw Error(ErrorCode::ConfigRoutesInvalid,
                            fmt::format("{} matches several routes: {}; {}",
                                        source.table.empty() ? model::quote_identifier(source.schema) : source.quoted(),
                                        rule_text(*found), rule_text(*route.rule)));
            }
            found = route.rule;
        }
        return found;
    };
    const RouteRule* rule = source.table.empty() ? nullptr : only_match(compiled_->for_tables, true);
    if (rule == nullptr) rule = only_match(compiled_->for_schemas, false);
    if (rule == nullptr && compiled_->online && !source.table.empty()) {
        const OnlineDdlName known = compiled_->online->recognise(source.table);
        if (known.role == OnlineDdlRole::Real) return source;
        return {.schema = route({.schema = source.schema, .table = known.real_table}).schema, .table = source.table};
    }
    if (rule == nullptr) return source;
    const bool keeps_table = source.table.empty() || rule->target_table.empty();
    return {.schema = rule->target_schema, .table = keeps_table ? source.table : rule->target_table};
}

}  // namespace dm::rules
