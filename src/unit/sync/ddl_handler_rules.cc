#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/log.h"
#include "core/sql/ddl_parser.h"
#include "core/sql/lexer.h"
#include "unit/sync/ddl_handler.h"
#include "unit/sync/shown_statement.h"
#include "unit/sync/single_changes.h"
#include "unit/sync/uncertain_change.h"

/// What the rules, and other tables of the target, say of a statement.
namespace dm::sync {
namespace {

using sql::StatementKind;

constexpr std::string_view kByHand =
    "Do on the target by hand what the statement comes to there, and let a filter with a sql-pattern skip it. Then "
    "start the task again.";

/// Statements that replaying after the copy does not repair: what the copy read may be of before or after.
bool voids_copy(StatementKind kind) {
    return kind == StatementKind::AlterTable || kind == StatementKind::CreateIndex ||
           kind == StatementKind::DropIndex || kind == StatementKind::RenameTable;
}

rules::EventKind event_kind(StatementKind kind) {
    switch (kind) {
        case StatementKind::CreateDatabase:
            return rules::EventKind::CreateDatabase;
        case StatementKind::AlterDatabase:
            return rules::EventKind::AlterDatabase;
        case StatementKind::DropDatabase:
            return rules::EventKind::DropDatabase;
        case StatementKind::CreateTable:
        case StatementKind::CreateTableLike:
        case StatementKind::CreateTableSelect:
            return rules::EventKind::CreateTable;
        case StatementKind::AlterTable:
            return rules::EventKind::AlterTable;
        case StatementKind::DropTable:
            return rules::EventKind::DropTable;
        case StatementKind::RenameTable:
            return rules::EventKind::RenameTable;
        case StatementKind::TruncateTable:
            return rules::EventKind::TruncateTable;
        case StatementKind::CreateIndex:
            return rules::EventKind::CreateIndex;
        case StatementKind::DropIndex:
            return rules::EventKind::DropIndex;
        case StatementKind::CreateView:
            return rules::EventKind::CreateView;
        case StatementKind::DropView:
            return rules::EventKind::DropView;
        default:
            return rules::EventKind::Other;
    }
}

/// What filters of single changes look into.
bool has_single_changes(StatementKind kind) {
    return kind == StatementKind::AlterTable || kind == StatementKind::DropIndex ||
           kind == StatementKind::AlterDatabase;
}

bool has_action(const std::optional<sql::AlterTable>& alter, std::initializer_list<std::string_view> verbs) {
    return alter && std::ranges::any_of(alter->actions, [&](const sql::AlterAction& action) {
               const auto* storage = std::get_if<sql::StorageAction>(&action);
               return storage != nullptr && std::ranges::find(verbs, storage->verb) != verbs.end();
           });
}

/// Whether rows that are in the target of a part are there no longer behind it.
bool takes_rows_away(const sql::RewrittenDdl& part, const std::optional<sql::AlterTable>& alter) {
    switch (part.kind) {
        case StatementKind::DropDatabase:
        case StatementKind::DropTable:
        case StatementKind::RenameTable:
        case StatementKind::TruncateTable:
            return true;
        default:
            return alter && (part.sources.size() > 1 || has_action(alter, {"DROP", "TRUNCATE", "IMPORT"}));
    }
}

bool makes_name(const sql::RewrittenDdl& part) {
    return is_create_table(part.kind) || part.kind == StatementKind::CreateDatabase || part.sources.size() > 1;
}

}  // namespace

bool DdlHandler::is_listed(const model::TableName& table) const {
    return table.table.empty() ? rules_.filter.accepts_schema(table.schema) : rules_.filter.accepts(table);
}

bool DdlHandler::passes_filters(const model::TableName& table, StatementKind kind, const StatementEvent& event,
                                std::span<const rules::SingleChange> changes) const {
    const auto verdict =
        rules_.events.judge(rules_.filter.real_name(table), event_kind(kind), event.statement, changes);
    if (verdict == rules::Verdict::Error) {
        throw Error(ErrorCode::SyncFilteredError,
                    fmt::format("a filter with action Error matches the statement at {}: {}", event.end.to_string(),
                                shown_ddl(event.statement)));
    }
    return verdict == rules::Verdict::Replicate;
}

/// Whether the rules let a part be executed. What leads from a replicated table to one that is not, or back, can be
/// neither executed nor left out, and throws Error{SyncDdlUnsupported}.
bool DdlHandler::is_wanted(const sql::RewrittenDdl& part, const StatementEvent& event,
                           std::span<const rules::SingleChange> changes) {
    std::optional<model::TableName> inside;
    std::optional<model::TableName> outside;
    bool is_of_target = false;
    for (const model::TableName& table : part.sources) {
        // Renames are fitted to the copy later: what is left of one may be a drop.
        const bool may_rename = part.kind == StatementKind::RenameTable || part.kind == StatementKind::AlterTable;
        if (!may_rename && is_before_copy(table, event)) return false;
        if (!is_listed(table)) {
            outside = table;
            continue;
        }
        if (!passes_filters(table, part.kind, event, changes)) return false;
        inside = table;
        const bool is_there = !is_before_copy(table, event) && !catalog_.is_gone(table, event.end, options_.by_gtid);
        is_of_target = is_of_target || is_there;
    }
    if (!inside) return false;
    if (!outside) return true;
    // A table that is made like one is no concern of the other; the copy has what came before it.
    if ((part.kind == StatementKind::CreateTableLike && *outside == part.sources.front()) || !is_of_target)
        return false;
    throw Error(
        ErrorCode::SyncDdlUnsupported,
        fmt::format("the statement at {} is about {}, which is replicated, and {}, which the task's lists leave "
                    "out: {}",
                    event.end.to_string(), inside->quoted(), outside->quoted(), shown_ddl(event.statement)))
        .with_workaround(
            "Let the block-allow list accept both tables, if the target has them; or do on the target by hand what the "
            "statement comes to there, and let a filter with a sql-pattern skip it. Rows of a table that was left out "
            "are not in the target. Then start the task again.");
}

/// What ALTER TABLE says, in a part that has been split; nothing for other statements.
std::optional<sql::AlterTable> DdlHandler::alter_of(const sql::RewrittenDdl& part, const StatementEvent& event) const {
    if (part.kind != StatementKind::AlterTable) return std::nullopt;
    return std::get<sql::AlterTable>(sql::parse_ddl(part.text, split_context(event)));
}

/// What each of the parts changes, for filters that ask; they are the statement's single actions with source names.
std::vector<std::vector<rules::SingleChange>> DdlHandler::changes_of(const std::vector<sql::RewrittenDdl>& parts,
                                                                     const StatementEvent& event) {
    schema::Tracker scratch(catalog_.tracker().options());
    std::vector<std::vector<rules::SingleChange>> changes;
    for (const sql::RewrittenDdl& part : parts) {
        const model::TableName& name = part.sources.front();
        if (changes.empty()) {
            if (const auto charset = catalog_.tracker().find_schema(name.schema))
                scratch.put_schema(name.schema, charset->charset, charset->collation);
            if (const auto known = catalog_.tracker().find(name)) scratch.put(*known);
        }
        const auto before = scratch.find(name);
        try {
            scratch.apply(part.text, context_of(event));
        } catch (const Error& error) {
            log::debug("what a statement changes is guessed", {{"table", name.quoted()}, {"error", error.what()}});
            scratch.remove(name);
        }
        const auto after = scratch.find(name);
        changes.push_back(single_changes(sql::parse_ddl(part.text, split_context(event)), before.get(), after.get()));
        if (parts.size() > 1) changes.back().push_back(rules::SingleChange::MultiSchemaChange);
    }
    return changes;
}

/// The parts that the rules let through. Filters of single changes judge each action of a statement: if they leave some
/// out, the others are executed one by one.
std::vector<sql::RewrittenDdl> DdlHandler::wanted_parts(std::vector<sql::RewrittenDdl> parts,
                                                        const sql::StatementInfo& info, const StatementEvent& event,
                                                        const sql::RouteFunction& route,
                                                        const sql::AcceptFunction& accept) {
    std::vector<rules::SingleChange> all;
    if (rules_.events.names_changes() && has_single_changes(info.kind)) {
        const auto keep = [](const model::TableName& table) { return table; };
        const auto context = parse_context(event);
        auto single = sql::split_and_route(event.statement, context, route, accept, {.splits_alter = true});
        const auto changes =
            changes_of(sql::split_and_route(event.statement, context, keep, accept, {.splits_alter = true}), event);
        std::vector<sql::RewrittenDdl> wanted;
        for (std::size_t i = 0; i < single.size(); ++i) {
            if (is_wanted(single[i], event, changes[i])) wanted.push_back(std::move(single[i]));
            all.insert(all.end(), changes[i].begin(), changes[i].end());
        }
        if (wanted.size() < single.size()) return wanted;
    }
    std::erase_if(parts, [&](const sql::RewrittenDdl& part) { return !is_wanted(part, event, all); });
    return parts;
}

/// Another table whose rows go where those of the part's go; nothing if there is none.
std::optional<model::TableName> DdlHandler::merged_with(const sql::RewrittenDdl& part, const StatementEvent& event) {
    const bool is_schema = part.kind == StatementKind::DropDatabase;
    const bool is_rename = part.kind == StatementKind::RenameTable || part.kind == StatementKind::AlterTable;
    for (const model::TableName& other : catalog_.tracker().tables()) {
        const bool is_own = is_schema ? other.schema == part.sources[0].schema : other == part.sources[0];
        if (is_own || !rules_.filter.accepts(other) || (is_rename && is_before_copy(other, event))) continue;
        const model::TableName target = rules_.router.route(other);
        if (is_schema ? target.schema == part.targets[0].schema : target == part.targets[0]) return other;
    }
    return std::nullopt;
}

/// A target into which other tables go as well is not the statement's to rename, to empty or to drop. Throws
/// Error{SyncDdlUnsupported}.
void DdlHandler::check_merged(const sql::RewrittenDdl& part, const StatementEvent& event) {
    if (!takes_rows_away(part, alter_of(part, event))) return;
    const auto other = merged_with(part, event);
    if (!other) return;
    throw Error(
        ErrorCode::SyncDdlUnsupported,
        fmt::format("the statement at {} would take {} away, or rows of it, where the rows of {} go, too: {}",
                    event.end.to_string(), part.targets[0].quoted(), other->quoted(), shown_ddl(event.statement)))
        .with_workaround(std::string(kByHand));
}

/// Names that differ in case are one name to some targets: what is done to one table would be done to the other.
/// Throws Error{SyncDdlUnsupported}.
void DdlHandler::check_names(const sql::RewrittenDdl& part, const StatementEvent& event) {
    if (catalog_.target_options().is_case_sensitive || !catalog_.tracker().options().is_case_sensitive) return;
    for (const model::TableName& target : part.targets) {
        const auto twin = catalog_.twin_of(target);
        // Of two such tables that are known all the same, the one whose name the target keeps is its own.
        if (!twin || !(makes_name(part) || has_upper_case(target))) continue;
        throw Error(ErrorCode::SyncDdlUnsupported,
                    fmt::format("the statement at {} is about {}, which the target takes for the table of {} "
                                "(lower_case_table_names there): {}",
                                event.end.to_string(), target.quoted(), twin->quoted(), shown_ddl(event.statement)))
            .with_workaround(
                "Leave one of the two out by the task's `block-allow-list`, or let a route give it another name. Then "
                "start the task again.");
    }
}

/// Notes what the statement does to the tables it mentions, as far as they are replicated.
void DdlHandler::note_mentions(const sql::StatementInfo& info, const StatementEvent& event, Prepared& prepared) {
    for (const auto& mention : info.tables) {
        const bool is_replicated = !mention.is_schema_only && rules_.filter.accepts(mention.name);
        if (is_replicated) prepared.touches_replicated = true;
        const CopySpan* span = catalog_.copy_span(mention.name);
        if (!is_replicated || span == nullptr || !voids_copy(info.kind) || is_before_copy(mention.name, event))
            continue;
        if (is_at_or_before(event.end, span->high, options_.by_gtid)) prepared.void_copies.push_back(mention.name);
    }
}

/// A statement that swaps rows between tables of which the target has but one as it was then: the other was copied
/// later, or was gone before its copy. The rows that the one gets are nowhere in the target, so it is copied again.
/// Throws Error{SyncDdlUnsupported} if it has no copy to be taken again.
void DdlHandler::note_torn_exchange(const sql::StatementInfo& info, const StatementEvent& event, Prepared& prepared) {
    const auto companion = std::ranges::find(info.tables, sql::TableMention::Role::Companion, &sql::TableMention::role);
    if (info.kind != StatementKind::AlterTable || companion == info.tables.end()) return;
    const model::TableName& first = info.tables.front().name;
    const model::TableName& second = companion->name;
    if (!rules_.filter.accepts(first) || !rules_.filter.accepts(second)) return;
    constexpr std::array kExchange = {rules::SingleChange::ExchangeTablePartition};
    const auto is_missing = [&](const model::TableName& table) {
        return is_before_copy(table, event) || catalog_.is_gone(table, event.end, options_.by_gtid);
    };
    if (is_missing(first) == is_missing(second) || !passes_filters(first, info.kind, event, kExchange)) return;
    const model::TableName& torn = is_missing(first) ? second : first;
    if (catalog_.copy_span(torn) == nullptr) {
        throw Error(ErrorCode::SyncDdlUnsupported,
                    fmt::format("the statement at {} moves rows between {} and {}, of which the target has only {} as "
                                "it was before: {}",
                                event.end.to_string(), first.quoted(), second.quoted(), torn.quoted(),
                                shown_ddl(event.statement)))
            .with_workaround(
                "The tables came and were swapped while the copy was under way: `stop-task`, then `start-task "
                "--remove-meta` copies everything again.");
    }
    prepared.void_copies.push_back(torn);
}

/// A discarded file is the upstream's affair, as long as none is imported.
void DdlHandler::leave_out_discards(std::vector<sql::RewrittenDdl>& parts, const StatementEvent& event) {
    std::erase_if(parts, [&](const sql::RewrittenDdl& part) {
        const bool is_discard = has_action(alter_of(part, event), {"DISCARD"});
        if (is_discard) notices_.pass_over("skipped DISCARD TABLESPACE", part.sources.front().quoted());
        return is_discard;
    });
}

/// A statement that would make something else of the rows in the target, or whose rows come from a file: the table is
/// copied again. If it has no copy, or shares its target, only a table without rows can be altered; without its file,
/// none: throws Error{SyncDdlUnsupported}.
void DdlHandler::note_uncertain(const StatementEvent& event, Prepared& prepared) {
    for (const sql::RewrittenDdl& part : prepared.executed) {
        const auto alter = alter_of(part, event);
        if (!alter) continue;
        const model::TableName& table = part.sources.front();
        const bool is_of_file = has_action(alter, {"IMPORT"});
        auto why =
            uncertain_change(*alter, catalog_.tracker().find(table).get(), sql::lex_options(split_context(event)));
        if (is_of_file) why = "takes rows from a file";
        if (!why) continue;
        if (catalog_.copy_span(table) != nullptr && !merged_with(part, event)) {
            notices_.mention("table copied again, as a statement could not be repeated", table.quoted(), 1,
                             shown_ddl(event.statement));
            prepared.void_copies.push_back(table);
            prepared.executed.clear();
            return;
        }
        prepared.refusal_of_rows =
            Error(ErrorCode::SyncDdlUnsupported,
                  fmt::format("the statement at {} {}; {} cannot be copied again by itself: {}", event.end.to_string(),
                              *why, table.quoted(), shown_ddl(event.statement)))
                .with_workaround(
                    "Make the target's table as the upstream's is now, with its rows, while nothing writes to it, and "
                    "let a filter with a sql-pattern skip the statement; then start the task again. Or copy everything "
                    "anew: `stop-task`, then `start-task --remove-meta`.");
        if (is_of_file) throw *prepared.refusal_of_rows;
        return;
    }
}

/// Rows that follow their parents upstream, where the binlog does not say so and the target does not do it.
void DdlHandler::note_followers(const model::TableName& table) {
    if (options_.follows_parents || !rules_.filter.accepts(table)) return;
    const auto definition = catalog_.tracker().find(table);
    if (!definition || std::ranges::none_of(definition->foreign_keys, &schema::ForeignKey::changes_children)) return;
    notices_.mention_once("table whose rows change with their parents, which the binlog does not tell", table.quoted());
}

}  // namespace dm::sync
