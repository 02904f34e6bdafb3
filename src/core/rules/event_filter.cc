#include "core/rules/event_filter.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include "base/error.h"
#include "core/rules/name_pattern.h"
#include "core/rules/nearest_name.h"

namespace dm::rules {
namespace {

constexpr std::string_view kIncompatible = "incompatible ddl changes";
constexpr auto kWideNames =
    std::to_array<std::string_view>({"", "all", "all ddl", "all dml", "none", "none ddl", "none dml", kIncompatible});

/// Names of the kinds, in the order of EventKind.
constexpr auto kKindNames = std::to_array<std::string_view>(
    {"insert", "update", "delete", "create database", "drop database", "alter database", "create table", "drop table",
     "truncate table", "rename table", "alter table", "create index", "drop index", "create view", "drop view"});

/// Names of single changes, in the order of SingleChange.
constexpr auto kChangeNames = std::to_array<std::string_view>({"add table partition",
                                                               "drop table partition",
                                                               "truncate table partition",
                                                               "value range decrease",
                                                               "precision decrease",
                                                               "modify column",
                                                               "rename column",
                                                               "rename index",
                                                               "drop column",
                                                               "drop primary key",
                                                               "drop unique key",
                                                               "modify default value",
                                                               "modify constraint",
                                                               "modify columns order",
                                                               "modify charset",
                                                               "modify collation",
                                                               "remove auto increment",
                                                               "modify storage engine",
                                                               "reorganize table partition",
                                                               "rebuild table partition",
                                                               "coalesce table partition",
                                                               "exchange table partition",
                                                               "add foreign key",
                                                               "drop foreign key",
                                                               "modify schema charset and collate",
                                                               "modify table charset and collate",
                                                               "modify table comment",
                                                               "alter table partitioning",
                                                               "remove table partitioning",
                                                               "add column",
                                                               "set default value",
                                                               "add primary key",
                                                               "alter index visibility",
                                                               "multi schema change"});

/// Accepted in files, but no statement of MySQL or MariaDB is of these kinds: TiDB alone has them, or has a name for
/// them.
constexpr auto kSilentNames = std::to_array<std::string_view>(
    {"split table partition", "recover table", "rebase auto id", "alter ttl info", "alter ttl remove"});

constexpr auto kAliases = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"create schema", "create database"}, {"drop schema", "drop database"}, {"alter schema", "alter database"}});

bool is_dml(EventKind kind) { return kind <= EventKind::Delete; }

bool is_incompatible(EventKind kind) {
    using enum EventKind;
    return kind == DropDatabase || kind == DropTable || kind == DropIndex || kind == RenameTable ||
           kind == TruncateTable;
}

/// From DropTablePartition to ExchangeTablePartition: what may lose or change values.
bool is_incompatible(SingleChange change) {
    return change >= SingleChange::DropTablePartition && change <= SingleChange::ExchangeTablePartition;
}

std::string_view name_of(SingleChange change) { return kChangeNames.at(static_cast<std::size_t>(change)); }

std::string canonical_event(std::string_view name) {
    std::string lower(name);
    for (char& c : lower) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c + ('a' - 'A')) : c;
    for (const auto& [alias, event] : kAliases) {
        if (lower == alias) return std::string(event);
    }
    return lower;
}

struct CompiledRule {
    NamePattern schema;
    NamePattern table;
    bool is_for_schema;
    std::vector<std::string> events;
    std::unique_ptr<const re2::RE2> sql;  ///< null without patterns
    std::string action;
};

[[noreturn]] void refuse(const EventFilterRule& rule, std::string_view reason) {
    throw Error(ErrorCode::ConfigFilterInvalid,
                fmt::format("filter {}.{} ({}): {}", rule.schema_pattern, rule.table_pattern, rule.action, reason));
}

CompiledRule compile(const EventFilterRule& rule, bool is_case_sensitive) {
    if (rule.schema_pattern.empty()) refuse(rule, "`schema-pattern` is empty");
    if (rule.action != "Do" && rule.action != "Ignore" && rule.action != "Error") {
        refuse(rule, fmt::format("`action` is '{}'; use Do, Ignore or Error", rule.action));
    }
    std::vector<std::string> events;
    for (const auto& name : rule.events) {
        if (const auto defect = event_name_defect(name)) refuse(rule, *defect);
        events.push_back(canonical_event(name));
    }
    try {
        std::unique_ptr<const re2::RE2> sql;
        for (const auto& pattern : rule.sql_patterns) (void)compile_regex(pattern, false);
        if (!rule.sql_patterns.empty())
            sql = compile_regex(fmt::format("{}", fmt::join(rule.sql_patterns, "|")), false);
        return {.schema = {rule.schema_pattern, PatternSyntax::Wildcard, is_case_sensitive},
                .table = {rule.table_pattern, PatternSyntax::Wildcard, is_case_sensitive},
                .is_for_schema = rule.table_pattern.empty(),
                .events = std::move(events),
                .sql = std::move(sql),
                .action = rule.action};
    } catch (const std::invalid_argument& reason) {
        refuse(rule, reason.what());
    }
}

/// The first entry of the list that decides; a list without one misses.
bool is_hit(const std::vector<std::string>& events, EventKind kind, std::span<const SingleChange> changes) {
    const std::string_view own = kKindNames.at(static_cast<std::size_t>(kind));
    const std::string_view all_of_class = is_dml(kind) ? "all dml" : "all ddl";
    const std::string_view none_of_class = is_dml(kind) ? "none dml" : "none ddl";
    for (const auto& event : events) {
        if (event == "all" || event == all_of_class || event == own) return true;
        if (event == "none" || event == none_of_class) return false;
        if (event == kIncompatible) {
            const auto is_one = [](SingleChange change) { return is_incompatible(change); };
            if (is_incompatible(kind) || std::ranges::any_of(changes, is_one)) return true;
        }
        if (std::ranges::find(changes, std::string_view(event), name_of) != changes.end()) return true;
    }
    return false;
}

/// What one test (of the event or of the statement) means under the rule's action; nothing if it decides nothing.
std::optional<Verdict> decide(const CompiledRule& rule, bool is_match) {
    if (rule.action == "Do") return is_match ? std::nullopt : std::optional(Verdict::Skip);
    if (!is_match) return std::nullopt;
    return rule.action == "Ignore" ? Verdict::Skip : Verdict::Error;
}

std::string_view without_control_ends(std::string_view text) {
    const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7F'; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

std::optional<Verdict> judge_by(const CompiledRule& rule, EventKind kind, std::string_view statement,
                                std::span<const SingleChange> changes) {
    if (kind != EventKind::Other) {
        if (const auto verdict = decide(rule, is_hit(rule.events, kind, changes))) return verdict;
    }
    if (statement.empty() || rule.sql == nullptr) return std::nullopt;
    return decide(rule, RE2::PartialMatch(statement, *rule.sql));
}

}  // namespace

struct EventFilter::Compiled {
    std::vector<CompiledRule> for_schemas;
    std::vector<CompiledRule> for_tables;
};

EventFilter::EventFilter(const std::vector<EventFilterRule>& rules, bool is_case_sensitive) {
    auto compiled = std::make_unique<Compiled>();
    for (const auto& rule : rules) {
        auto& level = rule.table_pattern.empty() ? compiled->for_schemas : compiled->for_tables;
        level.push_back(compile(rule, is_case_sensitive));
    }
    compiled_ = std::move(compiled);
}

EventFilter::~EventFilter() = default;
EventFilter::EventFilter(EventFilter&&) noexcept = default;
EventFilter& EventFilter::operator=(EventFilter&&) noexcept = default;

bool EventFilter::is_empty() const noexcept { return compiled_->for_schemas.empty() && compiled_->for_tables.empty(); }

bool EventFilter::names_changes() const noexcept {
    const auto is_change = [](const std::string& event) {
        return event == kIncompatible || std::ranges::find(kChangeNames, event) != kChangeNames.end();
    };
    const auto names_one = [&](const CompiledRule& rule) { return std::ranges::any_of(rule.events, is_change); };
    return std::ranges::any_of(compiled_->for_schemas, names_one) ||
           std::ranges::any_of(compiled_->for_tables, names_one);
}

Verdict EventFilter::judge(const model::TableName& name, EventKind kind, std::string_view statement,
                           std::span<const SingleChange> changes) const {
    const std::string_view text = without_control_ends(statement);
    for (const auto* level : {&compiled_->for_schemas, &compiled_->for_tables}) {
        for (const auto& rule : *level) {
            if (!rule.schema.matches(name.schema)) continue;
            if (!rule.is_for_schema && !rule.table.matches(name.table)) continue;
            if (const auto verdict = judge_by(rule, kind, text, changes)) return *verdict;
        }
    }
    return Verdict::Replicate;
}

std::optional<std::string> event_name_defect(std::string_view name) {
    const std::string event = canonical_event(name);
    std::vector<std::string_view> known;
    for (const std::span<const std::string_view> names :
         {std::span<const std::string_view>(kWideNames), std::span<const std::string_view>(kKindNames),
          std::span<const std::string_view>(kChangeNames), std::span<const std::string_view>(kSilentNames)})
        std::ranges::copy(names, std::back_inserter(known));
    if (std::ranges::find(known, event) != known.end()) return std::nullopt;
    const auto nearest = nearest_name(event, known);
    return fmt::format("unknown event '{}'{}", name, nearest ? fmt::format("; did you mean '{}'?", *nearest) : "");
}

}  // namespace dm::rules
