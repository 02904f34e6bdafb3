#include "unit/sync/ddl_handler.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "core/sql/definition_parser.h"
#include "core/sql/lexer.h"
#include "core/sql/sql_mode.h"
#include "core/sql/token_stream.h"
#include "unit/sync/failed_drop.h"
#include "unit/sync/shown_statement.h"

namespace dm::sync {
namespace {

using sql::StatementKind;

bool is_structure_change(StatementKind kind) {
    switch (kind) {
        case StatementKind::CreateDatabase:
        case StatementKind::AlterDatabase:
        case StatementKind::DropDatabase:
        case StatementKind::CreateTable:
        case StatementKind::CreateTableLike:
        case StatementKind::CreateTableSelect:
        case StatementKind::AlterTable:
        case StatementKind::DropTable:
        case StatementKind::RenameTable:
        case StatementKind::TruncateTable:
        case StatementKind::CreateIndex:
        case StatementKind::DropIndex:
            return true;
        default:
            return false;
    }
}

/// Part of the session's life, or nothing to replicate for anyone.
bool is_silent(StatementKind kind) {
    switch (kind) {
        case StatementKind::Begin:
        case StatementKind::Commit:
        case StatementKind::Savepoint:
        case StatementKind::Set:
        case StatementKind::Use:
        case StatementKind::Empty:
            return true;
        default:
            return false;
    }
}

std::string_view skipped_name(StatementKind kind) {
    switch (kind) {
        case StatementKind::CreateView:
        case StatementKind::AlterView:
        case StatementKind::DropView:
            return "skipped statement on a view";
        case StatementKind::CreateTrigger:
        case StatementKind::DropTrigger:
            return "skipped statement on a trigger";
        case StatementKind::Sequence:
            return "skipped statement on a sequence";
        case StatementKind::Routine:
            return "skipped statement on a routine";
        case StatementKind::Event:
            return "skipped statement on an event";
        case StatementKind::Account:
            return "skipped statement on accounts";
        case StatementKind::Storage:
            return "skipped statement on tablespaces, servers and reference systems";
        case StatementKind::Dml:
            return Notices::kDml;
        default:
            return {};
    }
}

/// The table of LOAD DATA; nothing for other statements.
std::optional<model::TableName> loaded_table(std::string_view statement, const sql::ParseContext& context) {
    sql::TokenStream tokens(statement, sql::lex_options(context));
    if (!tokens.accept("LOAD")) return std::nullopt;
    for (; !tokens.is_at_end(); tokens.take()) {
        if (tokens.accept({"INTO", "TABLE"})) return sql::parse_table_name(tokens, context.default_schema);
    }
    return std::nullopt;
}

}  // namespace

DdlHandler::DdlHandler(Options options, const Rules& rules, TableCatalog& catalog, Recorder& recorder, Notices& notices,
                       Clock& clock, StatementJournal& journal, SessionLink& upstream, SessionLink& downstream)
    : options_(std::move(options)),
      rules_(rules),
      catalog_(catalog),
      recorder_(recorder),
      notices_(notices),
      downstream_(downstream),
      dialect_(
          {.is_from_mariadb = catalog.tracker().options().is_mariadb, .keeps_collations = options_.keeps_collations},
          notices, upstream, downstream),
      executor_({.by_gtid = options_.by_gtid, .max_attempts = options_.max_attempts}, catalog, notices, clock, journal,
                dialect_, upstream, downstream) {
    for (const model::TableName& table : catalog_.tracker().tables()) note_followers(table);
}

void DdlHandler::execute(const Prepared& prepared, const StatementEvent& event, std::stop_token stop) {
    if (prepared.refusal_of_rows) {
        const std::string table = prepared.executed.front().targets.front().quoted();
        const bool is_empty = downstream_.get().query(fmt::format("SELECT 1 FROM {} LIMIT 1", table)).rows.empty();
        if (!is_empty) throw *prepared.refusal_of_rows;
    }
    executor_.execute(prepared.executed, event, std::move(stop));
}

sql::ParseContext DdlHandler::parse_context(const StatementEvent& event) const {
    return {.default_schema = event.default_schema,
            .sql_mode = event.sql_mode,
            .is_mariadb = catalog_.tracker().options().is_mariadb,
            .server_version = catalog_.tracker().options().server_version,
            .lowers_names = catalog_.tracker().options().lowers_names};
}

/// To read what has been split, which left it in the quoting of the default mode.
sql::ParseContext DdlHandler::split_context(const StatementEvent& event) const {
    sql::ParseContext context = parse_context(event);
    context.sql_mode &= ~(sql::kModeAnsiQuotes | sql::kModeNoBackslashEscapes);
    return context;
}

schema::StatementContext DdlHandler::context_of(const StatementEvent& event) {
    schema::StatementContext context{.default_schema = event.default_schema,
                                     .sql_mode = split_context(event).sql_mode,
                                     .charset = {},
                                     .server_collation = {},
                                     .collations = dialect_.session_collations(event),
                                     .explicit_timestamp_defaults = event.explicit_timestamp_defaults};
    if (event.server_collation) context.server_collation = dialect_.collation_name(*event.server_collation);
    return context;
}

void DdlHandler::learn(const StatementEvent& event) {
    if (event.server_collation) (void)dialect_.collation_name(*event.server_collation);
    (void)dialect_.session_collations(event);
}

bool DdlHandler::is_before_copy(const model::TableName& table, const StatementEvent& event) {
    const CopySpan* span = catalog_.copy_span(table);
    return span != nullptr && is_at_or_before(event.end, span->low, options_.by_gtid);
}

void DdlHandler::note_other(const sql::StatementInfo& info, const StatementEvent& event) {
    if (is_silent(info.kind) || info.is_temporary) return;
    const auto loaded =
        info.kind == StatementKind::Dml ? loaded_table(event.statement, parse_context(event)) : std::nullopt;
    if (loaded && !rules_.filter.accepts(*loaded)) return;
    const bool is_ours = info.tables.empty() || std::ranges::any_of(info.tables, [&](const sql::TableMention& mention) {
                             return mention.name.table.empty() ? rules_.filter.accepts_schema(mention.name.schema)
                                                               : rules_.filter.accepts(mention.name);
                         });
    if (!is_ours) return;
    std::string where = info.tables.empty() ? event.end.to_string() : info.tables.front().name.quoted();
    if (loaded) where = loaded->quoted();
    if (rules_.events.judge({}, rules::EventKind::Other, event.statement) == rules::Verdict::Skip) {
        notices_.mention("statement skipped by a filter", where);
        return;
    }
    if (info.kind == StatementKind::Maintenance) {
        notices_.mention("skipped maintenance statement", where);
        return;
    }
    if (const auto name = skipped_name(info.kind); !name.empty()) {
        notices_.pass_over(name, where);
        return;
    }
    throw Error(ErrorCode::SyncDdlUnsupported, fmt::format("cannot replicate the statement at {}: {}",
                                                           event.end.to_string(), shown_statement(event.statement)));
}

FittedDdl DdlHandler::fitted(std::vector<sql::RewrittenDdl> parts, const sql::StatementInfo& info,
                             const StatementEvent& event, const sql::RouteFunction& route) {
    std::optional<model::TableName> renamed_to;
    for (const auto& mention : info.tables) {
        if (mention.role == sql::TableMention::Role::RenameTo) renamed_to = mention.name;
    }
    const CopyWindow window{
        .is_before_copy = [&](const model::TableName& table) { return is_before_copy(table, event); },
        .is_gone =
            [&](const model::TableName& table) {
                const bool is_gone = catalog_.is_gone(table, event.end, options_.by_gtid);
                if (is_gone) notices_.mention("statement on a table that was gone before its copy", table.quoted());
                return is_gone;
            },
        .is_copied = [&](const model::TableName& table) { return catalog_.copy_span(table) != nullptr; },
        .left_in_schema =
            [&](const std::string& schema) { return catalog_.left_in_schema(schema, event.end, options_.by_gtid); },
        .route = route,
    };
    return fit_to_copy(std::move(parts), renamed_to, window);
}

/// Tables that a statement that failed upstream has left as they were; none if it succeeded.
std::set<model::TableName> DdlHandler::kept_after_failure(const std::vector<sql::RewrittenDdl>& parts,
                                                          std::size_t named, const StatementEvent& event) {
    const auto is_replicated = [&](const sql::RewrittenDdl& part) {
        return is_listed(part.sources.front()) && passes_filters(part.sources.front(), part.kind, event);
    };
    if (event.error_code == 0 || std::ranges::none_of(parts, is_replicated)) return {};
    try {
        auto kept = kept_tables(parts, named, event.error_code, catalog_.tracker());
        for (const auto& table : kept) notices_.mention("table that a failed DROP TABLE left in place", table.quoted());
        return kept;
    } catch (const Error& error) {
        throw error.with_context(fmt::format("statement at {}: {}", event.end.to_string(), shown_ddl(event.statement)));
    }
}

DdlHandler::Prepared DdlHandler::prepare_structure(const sql::StatementInfo& info, const StatementEvent& event) {
    Prepared prepared;
    prepared.makes_anew = is_create_table(info.kind) && !info.has_if_exists;
    const auto context = parse_context(event);
    const auto keep = [](const model::TableName& table) { return table; };
    const auto route = [&](const model::TableName& table) { return rules_.router.route(table); };
    const bool may_rename = info.kind == StatementKind::RenameTable || info.kind == StatementKind::AlterTable;
    const auto is_known = [&](const model::TableName& table) {
        return !rules::is_system_schema(table.schema) && (may_rename || !is_before_copy(table, event));
    };
    FittedDdl tracked = fitted(sql::split_and_route(event.statement, context, keep, is_known), info, event, keep);
    prepared.tracked = std::move(tracked.parts);
    prepared.void_copies = std::move(tracked.void_copies);
    const auto kept = kept_after_failure(prepared.tracked, info.tables.size(), event);
    const auto was_kept = [&](const sql::RewrittenDdl& part) { return kept.contains(part.sources.front()); };
    std::erase_if(prepared.tracked, was_kept);
    if (!prepared.tracked.empty()) note_mentions(info, event, prepared);
    if (prepared.void_copies.empty()) note_torn_exchange(info, event, prepared);
    // If the copy is to be taken anew, what the statement comes to is seen after it.
    if (prepared.tracked.empty() || !prepared.void_copies.empty()) return prepared;
    // A table that is filled by a query is refused only if it is replicated.
    const auto may_be_read = [&](const model::TableName& table) {
        return info.kind != StatementKind::CreateTableSelect ||
               (is_listed(table) && !is_before_copy(table, event) && passes_filters(table, info.kind, event));
    };
    auto parts = sql::split_and_route(event.statement, context, route, may_be_read,
                                      {.splits_alter = options_.splits_alter, .splits_rename = options_.splits_rename});
    std::erase_if(parts, was_kept);
    parts = wanted_parts(std::move(parts), info, event, route, may_be_read);
    leave_out_discards(parts, event);
    for (const sql::RewrittenDdl& part : parts) {
        check_merged(part, event);
        check_names(part, event);
    }
    prepared.executed = fitted(std::move(parts), info, event, route).parts;
    note_uncertain(event, prepared);
    return prepared;
}

DdlHandler::Prepared DdlHandler::prepare(const StatementEvent& event) {
    try {
        const auto info = sql::classify(event.statement, parse_context(event));
        if (is_structure_change(info.kind) && !info.is_temporary) return prepare_structure(info, event);
        note_other(info, event);
        return {};
    } catch (const Error& error) {
        if (error.code() != ErrorCode::ParseSql) throw;
        // What cannot be read may still be named by a filter.
        if (rules_.events.judge({}, rules::EventKind::Other, event.statement) == rules::Verdict::Skip) {
            notices_.mention("statement skipped by a filter", event.end.to_string());
            return {};
        }
        // The parser quotes the token at which it stopped.
        throw Error(error.code(), fmt::format("statement at {}: {}: {}", event.end.to_string(),
                                              shown_statement(event.statement), shown_statement(error.message())));
    }
}

void DdlHandler::track_part(const sql::RewrittenDdl& part, const StatementEvent& event) {
    const auto context = context_of(event);
    try {
        catalog_.tracker().apply(part.text, context);
    } catch (const Error& error) {
        const bool is_replicated = std::ranges::any_of(
            part.sources, [&](const model::TableName& table) { return rules_.filter.accepts(table); });
        // Structures we never saw, or that were read after the statement: they are read again when rows come.
        const bool is_late =
            error.code() == ErrorCode::SchemaTableMissing || error.code() == ErrorCode::SchemaDdlFailed;
        if (is_replicated && !is_late) throw;
        for (const auto& table : part.sources) catalog_.tracker().remove(table);
        if (is_replicated) {
            log::warn("the statement does not fit the known structure, which is forgotten",
                      {{"statement", shown_ddl(part.text)}, {"error", error.what()}});
        }
    }
}

/// Tables that go with their schema, and what was known under the name of a table that the upstream made anew.
void DdlHandler::forget_replaced(const sql::RewrittenDdl& part, bool makes_anew) {
    const model::TableName& name = part.sources.front();
    if (makes_anew) catalog_.tracker().remove(name);
    if (part.kind != StatementKind::DropDatabase) return;
    for (const auto& table : catalog_.tracker().tables()) {
        if (table.schema != name.schema) continue;
        catalog_.tracker().remove(table);
        recorder_.remove_point(table);
    }
}

void DdlHandler::track(const Prepared& prepared, const StatementEvent& event) {
    std::vector<model::TableName> sources;
    std::vector<model::TableName> targets;
    for (const auto& part : prepared.tracked) {
        forget_replaced(part, prepared.makes_anew);
        track_part(part, event);
        sources.insert(sources.end(), part.sources.begin(), part.sources.end());
    }
    for (const auto& part : prepared.executed) targets.insert(targets.end(), part.targets.begin(), part.targets.end());
    for (const auto& table : sources) {
        if (table.table.empty() || !rules_.filter.accepts(table)) continue;
        if (auto definition = catalog_.tracker().find(table)) {
            recorder_.set_point(table, {.location = event.end, .definition = std::move(definition)});
            note_followers(table);
        } else {
            recorder_.remove_point(table);
        }
    }
    catalog_.structure_changed(targets);
}

}  // namespace dm::sync
