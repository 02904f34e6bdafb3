#include "unit/sync/ddl_handler.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "base/retry.h"
#include "core/sql/lexer.h"
#include "core/sql/literal.h"
#include "core/sql/mariadb_clauses.h"
#include "core/sql/sql_mode.h"
#include "unit/target/downstream.h"
#include "unit/target/server_error.h"

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

/// Statements that do harm, or fail, when they are executed twice.
bool is_unrepeatable(StatementKind kind) {
    return kind == StatementKind::AlterTable || kind == StatementKind::RenameTable ||
           kind == StatementKind::CreateIndex || kind == StatementKind::DropIndex;
}

bool is_create_table(StatementKind kind) {
    return kind == StatementKind::CreateTable || kind == StatementKind::CreateTableLike ||
           kind == StatementKind::CreateTableSelect;
}

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
        case StatementKind::Rollback:
            return "rollback after changes of tables without transactions";
        case StatementKind::Dml:
            return Notices::kDml;
        default:
            return {};
    }
}

std::string shortened(std::string_view statement) {
    constexpr std::size_t kShown = 300;
    return statement.size() <= kShown ? std::string(statement) : std::string(statement.substr(0, kShown)) + "...";
}

}  // namespace

DdlHandler::DdlHandler(Options options, const Rules& rules, TableCatalog& catalog, Recorder& recorder, Notices& notices,
                       Clock& clock, StatementJournal& journal, SessionLink& upstream, SessionLink& downstream)
    : options_(std::move(options)),
      rules_(rules),
      catalog_(catalog),
      recorder_(recorder),
      notices_(notices),
      clock_(clock),
      journal_(journal),
      upstream_(upstream),
      downstream_(downstream),
      dialect_(
          {.is_from_mariadb = catalog.tracker().options().is_mariadb, .keeps_collations = options_.keeps_collations},
          notices, upstream, downstream) {}

sql::ParseContext DdlHandler::parse_context(const StatementEvent& event) const {
    return {.default_schema = event.default_schema,
            .sql_mode = event.sql_mode,
            .is_mariadb = catalog_.tracker().options().is_mariadb,
            .lowers_names = catalog_.tracker().options().lowers_names};
}

schema::StatementContext DdlHandler::context_of(const StatementEvent& event) {
    // What is tracked has been split, which left it in the quoting of the default mode.
    schema::StatementContext context{
        .default_schema = event.default_schema,
        .sql_mode = event.sql_mode & ~(sql::kModeAnsiQuotes | sql::kModeNoBackslashEscapes),
        .charset = {},
        .server_collation = {},
        .explicit_timestamp_defaults = event.explicit_timestamp_defaults};
    if (event.server_collation) context.server_collation = dialect_.collation_name(*event.server_collation);
    return context;
}

void DdlHandler::learn(const StatementEvent& event) {
    if (event.server_collation) (void)dialect_.collation_name(*event.server_collation);
}

bool DdlHandler::is_before_copy(const model::TableName& table, const StatementEvent& event) {
    const CopySpan* span = catalog_.copy_span(table);
    return span != nullptr && is_at_or_before(event.end, span->low, options_.by_gtid);
}

bool DdlHandler::accepts(const model::TableName& table, StatementKind kind, const StatementEvent& event) {
    const bool is_listed =
        table.table.empty() ? rules_.filter.accepts_schema(table.schema) : rules_.filter.accepts(table);
    if (!is_listed) return false;
    const auto verdict = rules_.events.judge(table, event_kind(kind), event.statement);
    if (verdict == rules::Verdict::Error) {
        throw Error(ErrorCode::SyncFilteredError,
                    fmt::format("a filter with action Error matches the statement at {}: {}", event.end.to_string(),
                                shortened(event.statement)));
    }
    return verdict == rules::Verdict::Replicate;
}

void DdlHandler::note_other(const sql::StatementInfo& info, const StatementEvent& event) {
    if (is_silent(info.kind) || info.is_temporary) return;
    const bool is_ours = info.tables.empty() || std::ranges::any_of(info.tables, [&](const sql::TableMention& mention) {
                             return mention.name.table.empty() ? rules_.filter.accepts_schema(mention.name.schema)
                                                               : rules_.filter.accepts(mention.name);
                         });
    if (!is_ours) return;
    const std::string where = info.tables.empty() ? event.end.to_string() : info.tables.front().name.quoted();
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
                                                           event.end.to_string(), shortened(event.statement)));
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

DdlHandler::Prepared DdlHandler::prepare(const StatementEvent& event) {
    Prepared prepared;
    const auto context = parse_context(event);
    try {
        const auto info = sql::classify(event.statement, context);
        if (!is_structure_change(info.kind) || info.is_temporary) {
            note_other(info, event);
            return prepared;
        }
        prepared.makes_anew = is_create_table(info.kind) && !info.has_if_exists;
        const auto is_system = [](const model::TableName& table) { return rules::is_system_schema(table.schema); };
        const auto keep = [](const model::TableName& table) { return table; };
        const auto route = [&](const model::TableName& table) { return rules_.router.route(table); };
        // Renames are fitted below: what is left of one may be a drop.
        const bool may_rename = info.kind == StatementKind::RenameTable || info.kind == StatementKind::AlterTable;
        const auto counts = [&](const model::TableName& table) { return may_rename || !is_before_copy(table, event); };
        FittedDdl tracked = fitted(
            sql::split_and_route(event.statement, context, keep,
                                 [&](const model::TableName& table) { return !is_system(table) && counts(table); }),
            info, event, keep);
        prepared.tracked = std::move(tracked.parts);
        prepared.void_copies = std::move(tracked.void_copies);
        if (prepared.tracked.empty()) return prepared;
        prepared.executed = fitted(sql::split_and_route(event.statement, context, route,
                                                        [&](const model::TableName& table) {
                                                            return counts(table) && accepts(table, info.kind, event);
                                                        },
                                                        {.splits_alter = options_.splits_alter}),
                                   info, event, route)
                                .parts;
        for (const auto& mention : info.tables) {
            const bool is_replicated = !mention.is_schema_only && rules_.filter.accepts(mention.name);
            if (is_replicated) prepared.touches_replicated = true;
            const CopySpan* span = catalog_.copy_span(mention.name);
            if (!is_replicated || span == nullptr || !voids_copy(info.kind) || is_before_copy(mention.name, event))
                continue;
            if (is_at_or_before(event.end, span->high, options_.by_gtid)) prepared.void_copies.push_back(mention.name);
        }
    } catch (const Error& error) {
        if (error.code() != ErrorCode::ParseSql) throw;
        // What cannot be read may still be named by a filter.
        if (rules_.events.judge({}, rules::EventKind::Other, event.statement) == rules::Verdict::Skip) {
            notices_.mention("statement skipped by a filter", event.end.to_string());
            return {};
        }
        throw error.with_context(fmt::format("statement at {}: {}", event.end.to_string(), shortened(event.statement)));
    }
    return prepared;
}

std::string DdlHandler::zone_offset(const StatementEvent& event) {
    const std::string& zone = event.time_zone;
    if (zone.empty() || zone.front() == '+' || zone.front() == '-') return zone;
    // The target may not have the zone's name, and SYSTEM is the upstream's: ask it for the offset at that time.
    std::string name;
    sql::append_quoted(name, zone);
    const auto result =
        upstream_.get().query(fmt::format("SELECT "
                                          "TIME_FORMAT(TIMEDIFF(CONVERT_TZ(FROM_UNIXTIME({0}),@@session.time_zone,{1}),"
                                          "CONVERT_TZ(FROM_UNIXTIME({0}),@@session.time_zone,'+00:00')),'%H:%i') AS o",
                                          event.timestamp, name));
    const std::string offset = result.text(0, "o");
    if (offset.empty()) return {};
    return offset.front() == '-' ? offset : "+" + offset;
}

/// Where TIMESTAMP without more words means something else than on the target, its session is told.
void DdlHandler::set_timestamp_defaults(sql::SqlSession& session, const Prepared& prepared,
                                        const StatementEvent& event) {
    const bool is_explicit =
        event.explicit_timestamp_defaults.value_or(catalog_.tracker().options().explicit_timestamp_defaults);
    if (is_explicit == catalog_.target_options().explicit_timestamp_defaults) return;
    const bool is_concerned = std::ranges::any_of(prepared.executed, [](const sql::RewrittenDdl& part) {
        return (part.kind == StatementKind::CreateTable || part.kind == StatementKind::AlterTable) &&
               sql::to_lower(part.text).find("timestamp") != std::string::npos;
    });
    if (!is_concerned) return;
    try {
        session.execute(fmt::format("SET SESSION explicit_defaults_for_timestamp={}", is_explicit ? 1 : 0));
    } catch (const Error& error) {
        if (target::is_connection_lost(error)) throw;
        log::warn("the target's session keeps its explicit_defaults_for_timestamp", {{"error", error.what()}});
        notices_.pass_over("TIMESTAMP without the upstream's implied default", event.end.to_string());
    }
}

void DdlHandler::set_session(sql::SqlSession& session, const Prepared& prepared, const StatementEvent& event) {
    session.execute(fmt::format("SET TIMESTAMP={}.{:06}", event.timestamp, event.microseconds));
    if (const std::string zone = zone_offset(event); !zone.empty())
        session.execute(fmt::format("SET SESSION time_zone='{}'", zone));
    for (const auto& [bit, name] :
         {std::pair{sql::kModePipesAsConcat, "PIPES_AS_CONCAT"}, std::pair{sql::kModeRealAsFloat, "REAL_AS_FLOAT"}}) {
        if ((event.sql_mode & bit) != 0)
            session.execute(fmt::format("SET SESSION sql_mode=CONCAT(@@session.sql_mode,',{}')", name));
    }
    set_timestamp_defaults(session, prepared, event);
    // A new schema without a charset of its own takes the session's; tables take their schema's.
    const bool makes_schema = std::ranges::any_of(
        prepared.executed, [](const auto& part) { return part.kind == StatementKind::CreateDatabase; });
    if (!event.server_collation || !makes_schema) return;
    const std::string collation = dialect_.collation_name(*event.server_collation);
    if (!collation.empty()) dialect_.set_server_collation(session, collation);
}

/// Executes the text of a part, which the target may have no need of.
void DdlHandler::run_text(const std::string& text, StatementKind kind, const model::Location& location) {
    sql::SqlSession& session = downstream_.get();
    if (kind == StatementKind::AlterTable && sql::has_several_actions(text)) {
        // All or nothing: if one action was done already, the others were not.
        session.execute(text);
    } else if (const auto tolerated = target::execute_ddl(session, text)) {
        log::warn("the target already is as the statement wants it",
                  {{"statement", shortened(text)}, {"error", *tolerated}});
        notices_.pass_over("statement that the target had no need of", location.to_string());
    }
}

/// Executes it, then, if the target refuses what it says, its adapted form.
void DdlHandler::run_adapted(const sql::RewrittenDdl& part, const model::Location& location) {
    const std::string text = dialect_.translated(part);
    try {
        run_text(text, part.kind, location);
    } catch (const Error& refusal) {
        const auto adapted = dialect_.adapted(text, part, refusal);
        if (!adapted) throw;
        try {
            run_text(adapted->text, part.kind, location);
        } catch (const Error& second) {
            throw second.with_context(
                fmt::format("also after adapting the statement ({})", fmt::join(adapted->changes, "; ")));
        }
        dialect_.note(*adapted, part);
    }
}

/// A schema that was dropped before the copy came to it is made again for what is done in it until then.
void DdlHandler::ensure_schema(sql::SqlSession& session, const sql::RewrittenDdl& part,
                               const model::Location& location) {
    const bool needs_schema = part.kind == StatementKind::AlterDatabase || is_create_table(part.kind);
    if (!needs_schema || part.targets.empty() || !catalog_.is_amid_copy(location, options_.by_gtid)) return;
    const std::string& schema = part.targets.front().schema;
    if (target::has_schema(session, schema)) return;
    const std::string quoted = model::quote_identifier(schema);
    session.execute("CREATE DATABASE IF NOT EXISTS " + quoted);
    notices_.mention("schema that was gone before its copy is made for its statements", quoted);
}

void DdlHandler::run_part(const sql::RewrittenDdl& part, std::size_t number, const model::Location& location) {
    sql::SqlSession& session = downstream_.get();
    try {
        if (is_unrepeatable(part.kind) && !journal_.begin(session, {part.targets, number, location})) {
            log::warn("the target shows that the statement has been executed already",
                      {{"statement", shortened(part.text)}, {"location", location.to_string()}});
            return;
        }
        ensure_schema(session, part, location);
        run_adapted(part, location);
    } catch (const Error& error) {
        // A rename that has been done before finds the old name gone and the new one there.
        const bool is_rename = part.kind == StatementKind::RenameTable && part.targets.size() == 2;
        if (is_rename && target::sql_error_number(error) == target::server_error::kNoSuchTable &&
            !target::fetch_table(session, part.targets[0]) && target::fetch_table(session, part.targets[1])) {
            log::warn("the table has been renamed already", {{"statement", shortened(part.text)}});
            return;
        }
        throw error.with_context(fmt::format("executing on the target: {}", shortened(part.text)));
    }
}

void DdlHandler::execute(const Prepared& prepared, const StatementEvent& event, std::stop_token stop) {
    if (prepared.executed.empty()) return;
    const RetryPolicy policy{.max_attempts = options_.max_attempts,
                             .initial_wait = std::chrono::milliseconds(200),
                             .max_wait = std::chrono::seconds(5)};
    std::size_t next = 0;
    retry(policy, clock_, stop, [&] {
        try {
            set_session(downstream_.get(), prepared, event);
            for (; next < prepared.executed.size(); ++next) run_part(prepared.executed[next], next, event.end);
        } catch (const Error&) {
            journal_.interrupted();
            downstream_.drop();
            upstream_.drop();
            throw;
        }
    });
    // The session's settings were the event's: the next statement gets a new one.
    downstream_.drop();
    for (const auto& part : prepared.executed)
        log::info("statement executed on the target", {{"statement", shortened(part.text)}});
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
                      {{"statement", shortened(part.text)}, {"error", error.what()}});
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
        } else {
            recorder_.remove_point(table);
        }
    }
    catalog_.structure_changed(targets);
}

}  // namespace dm::sync
