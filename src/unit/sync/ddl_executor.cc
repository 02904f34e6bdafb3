#include "unit/sync/ddl_executor.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "base/retry.h"
#include "core/sql/literal.h"
#include "core/sql/mariadb_clauses.h"
#include "core/sql/sql_mode.h"
#include "unit/target/downstream.h"
#include "unit/target/server_error.h"

namespace dm::sync {
namespace {

using sql::StatementKind;

/// Statements that do harm, or fail, when they are executed twice.
bool is_unrepeatable(StatementKind kind) {
    return kind == StatementKind::AlterTable || kind == StatementKind::RenameTable ||
           kind == StatementKind::CreateIndex || kind == StatementKind::DropIndex;
}

}  // namespace

std::string DdlExecutor::zone_offset(const StatementEvent& event) {
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

void DdlExecutor::set_session(sql::SqlSession& session, bool makes_schema, const StatementEvent& event) {
    session.execute(fmt::format("SET TIMESTAMP={}.{:06}", event.timestamp, event.microseconds));
    if (const std::string zone = zone_offset(event); !zone.empty())
        session.execute(fmt::format("SET SESSION time_zone='{}'", zone));
    for (const auto& [bit, name] :
         {std::pair{sql::kModePipesAsConcat, "PIPES_AS_CONCAT"}, std::pair{sql::kModeRealAsFloat, "REAL_AS_FLOAT"}}) {
        if ((event.sql_mode & bit) != 0)
            session.execute(fmt::format("SET SESSION sql_mode=CONCAT(@@session.sql_mode,',{}')", name));
    }
    // A new schema without a charset of its own takes the session's; tables take their schema's.
    if (!event.server_collation || !makes_schema) return;
    const std::string collation = dialect_.collation_name(*event.server_collation);
    if (!collation.empty()) dialect_.set_server_collation(session, collation);
}

/// Executes the text of a part, which the target may have no need of.
void DdlExecutor::run_text(const std::string& text, StatementKind kind, const model::Location& location) {
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
void DdlExecutor::run_adapted(const sql::RewrittenDdl& part, const model::Location& location) {
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
void DdlExecutor::ensure_schema(sql::SqlSession& session, const sql::RewrittenDdl& part,
                                const model::Location& location) {
    const bool needs_schema = part.kind == StatementKind::AlterDatabase || is_create_table(part.kind);
    if (!needs_schema || part.targets.empty() || !catalog_.is_amid_copy(location, options_.by_gtid)) return;
    const std::string& schema = part.targets.front().schema;
    if (target::has_schema(session, schema)) return;
    const std::string quoted = model::quote_identifier(schema);
    session.execute("CREATE DATABASE IF NOT EXISTS " + quoted);
    notices_.mention("schema that was gone before its copy is made for its statements", quoted);
}

void DdlExecutor::run_part(const sql::RewrittenDdl& part, std::size_t number, const model::Location& location) {
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

void DdlExecutor::execute(const std::vector<sql::RewrittenDdl>& parts, const StatementEvent& event,
                          std::stop_token stop) {
    if (parts.empty()) return;
    const bool makes_schema =
        std::ranges::any_of(parts, [](const auto& part) { return part.kind == StatementKind::CreateDatabase; });
    const RetryPolicy policy{.max_attempts = options_.max_attempts,
                             .initial_wait = std::chrono::milliseconds(200),
                             .max_wait = std::chrono::seconds(5)};
    std::size_t next = 0;
    retry(policy, clock_, stop, [&] {
        try {
            set_session(downstream_.get(), makes_schema, event);
            for (; next < parts.size(); ++next) run_part(parts[next], next, event.end);
        } catch (const Error&) {
            journal_.interrupted();
            downstream_.drop();
            upstream_.drop();
            throw;
        }
    });
    // The session's settings were the event's: the next statement gets a new one.
    downstream_.drop();
    for (const auto& part : parts) log::info("statement executed on the target", {{"statement", shortened(part.text)}});
}

}  // namespace dm::sync
