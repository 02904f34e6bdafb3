#include "unit/sync/ddl_session.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "core/sql/lexer.h"
#include "core/sql/literal.h"
#include "core/sql/sql_mode.h"
#include "unit/target/server_error.h"

namespace dm::sync {
namespace {

using sql::StatementKind;

constexpr int kUnknownZone = 1298;
constexpr std::string_view kByOffset = "zone unknown to the target: times converted by its offset at that moment";

std::string quoted(const std::string& text) {
    std::string literal;
    sql::append_quoted(literal, text);
    return literal;
}

/// A query of the upstream for the offset of a zone at a second since 1970; one row "o", "01:00" or "-09:30".
std::string offset_query(std::int64_t second, const std::string& zone) {
    return fmt::format(
        "SELECT TIME_FORMAT(TIMEDIFF(CONVERT_TZ(FROM_UNIXTIME({0}),@@session.time_zone,{1}),"
        "CONVERT_TZ(FROM_UNIXTIME({0}),@@session.time_zone,'+00:00')),'%H:%i') AS o",
        second, quoted(zone));
}

/// Of structure that is made or changed.
bool has_columns(const sql::RewrittenDdl& part) {
    return part.kind == StatementKind::CreateTable || part.kind == StatementKind::AlterTable;
}

bool set_named_zone(sql::SqlSession& session, const std::string& zone) {
    try {
        session.execute(fmt::format("SET SESSION time_zone={}", quoted(zone)));
        return true;
    } catch (const Error& error) {
        if (target::sql_error_number(error) != kUnknownZone) throw;
        return false;
    }
}

}  // namespace

std::string DdlSession::offset_at(const StatementEvent& event, const std::string& zone) {
    const std::string offset = upstream_.get().query(offset_query(event.timestamp, zone)).text(0, "o");
    if (offset.empty()) return {};
    return offset.front() == '-' ? offset : "+" + offset;
}

/// Whether the zone is at another distance from UTC at times that a statement may well speak of.
bool DdlSession::has_other_offsets(const StatementEvent& event, const std::string& zone) {
    constexpr std::int64_t kQuarter = 91LL * 24 * 3600;
    constexpr std::int64_t kQuartersOf30Years = 120;
    std::vector<std::string> queries;
    for (std::int64_t quarter = -kQuartersOf30Years; quarter <= 4; ++quarter)
        queries.push_back(offset_query(std::max<std::int64_t>(event.timestamp + quarter * kQuarter, 1), zone));
    const auto offsets = upstream_.get().query(fmt::format("{}", fmt::join(queries, " UNION ALL ")));
    for (std::size_t row = 1; row < offsets.rows.size(); ++row) {
        if (offsets.text(row, "o") != offsets.text(0, "o")) return true;
    }
    return false;
}

/// Whether the zone may matter to a statement: it speaks of TIMESTAMP, or changes columns of a table that has some.
bool DdlSession::may_convert_times(const sql::RewrittenDdl& part) const {
    if (!has_columns(part)) return false;
    const std::string text = sql::to_lower(part.text);
    const auto speaks_of = [&](std::string_view word) { return text.find(word) != std::string::npos; };
    if (speaks_of("timestamp") || speaks_of("unixtime")) return true;
    const auto definition = part.sources.empty() ? nullptr : catalog_.tracker().find(part.sources.front());
    const bool has_timestamp = definition && std::ranges::any_of(definition->columns, [](const schema::Column& column) {
                                   return column.type == schema::ColumnType::Timestamp;
                               });
    return has_timestamp && (speaks_of("modify") || speaks_of("change") || speaks_of(" as "));
}

/// By its own name, for a zone with summer time has several offsets. SYSTEM is the upstream's.
void DdlSession::set_zone(sql::SqlSession& session, const std::vector<sql::RewrittenDdl>& parts,
                          const StatementEvent& event) {
    if (event.time_zone.empty()) return;
    std::string name = event.time_zone;
    if (sql::equal_ignoring_case(name, "SYSTEM")) {
        name = upstream_.get().query("SELECT @@system_time_zone AS z").text(0, "z");
        // Mostly the abbreviation of the day: EST may be New York's winter, or have no summer.
        if (name == "UTC") name = "+00:00";
        if (!name.starts_with('+') && name.find('/') == std::string::npos) name.clear();
    }
    if (!name.empty() && set_named_zone(session, name)) return;
    const std::string offset = offset_at(event, event.time_zone);
    if (!offset.empty()) session.execute(fmt::format("SET SESSION time_zone='{}'", offset));
    const auto concerned =
        std::ranges::find_if(parts, [this](const sql::RewrittenDdl& part) { return may_convert_times(part); });
    if (concerned == parts.end() || (!offset.empty() && !has_other_offsets(event, event.time_zone))) return;
    notices_.pass_over(kByOffset, fmt::format("{} ({})", concerned->targets.front().quoted(), event.time_zone), 1,
                       "let the target learn its zones, by mysql_tzinfo_to_sql, or set the session's by name");
}

void DdlSession::set_sql_mode(sql::SqlSession& session, const std::vector<sql::RewrittenDdl>& parts,
                              const StatementEvent& event) {
    const bool is_from_mariadb = catalog_.tracker().options().is_mariadb;
    const bool is_for_mariadb = session.version().flavor == model::Flavor::MariaDb;
    const auto concerned = std::ranges::find_if(parts, has_columns);
    if (is_from_mariadb && !is_for_mariadb && (event.sql_mode & sql::kModeOracle) != 0 && concerned != parts.end())
        notices_.pass_over("statement whose DATE means DATETIME (mode ORACLE)", concerned->targets.front().quoted());
    const std::string base = session.query("SELECT @@session.sql_mode AS m").text(0, "m");
    const std::string mode = sql::statement_sql_mode(base, event.sql_mode, is_from_mariadb, session.version());
    try {
        session.execute(fmt::format("SET SESSION sql_mode='{}'", mode));
    } catch (const Error& error) {
        if (target::is_connection_lost(error)) throw;
        log::warn("the target refuses the statement's sql_mode", {{"sql_mode", mode}, {"error", error.what()}});
        notices_.pass_over("statement without the sql_mode of its session", event.end.to_string());
    }
}

/// Where TIMESTAMP without more words means something else than on the target, its session is told.
void DdlSession::set_timestamp_defaults(sql::SqlSession& session, const std::vector<sql::RewrittenDdl>& parts,
                                        const StatementEvent& event) {
    const bool is_explicit =
        event.explicit_timestamp_defaults.value_or(catalog_.tracker().options().explicit_timestamp_defaults);
    if (is_explicit == catalog_.target_options().explicit_timestamp_defaults) return;
    const bool is_concerned = std::ranges::any_of(parts, [](const sql::RewrittenDdl& part) {
        return has_columns(part) && sql::to_lower(part.text).find("timestamp") != std::string::npos;
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

/// A new schema without a charset of its own takes the session's; tables take their schema's.
void DdlSession::set_server_collation(sql::SqlSession& session, const std::vector<sql::RewrittenDdl>& parts,
                                      const StatementEvent& event) {
    const bool makes_schema = std::ranges::any_of(
        parts, [](const sql::RewrittenDdl& part) { return part.kind == StatementKind::CreateDatabase; });
    if (!event.server_collation || !makes_schema) return;
    const std::string collation = dialect_.collation_name(*event.server_collation);
    if (!collation.empty()) dialect_.set_server_collation(session, collation);
}

void DdlSession::prepare(sql::SqlSession& session, const std::vector<sql::RewrittenDdl>& parts,
                         const StatementEvent& event) {
    session.execute(fmt::format("SET TIMESTAMP={}.{:06}", event.timestamp, event.microseconds));
    set_zone(session, parts, event);
    set_timestamp_defaults(session, parts, event);
    dialect_.set_charset_collations(session, event);
    set_server_collation(session, parts, event);
    set_sql_mode(session, parts, event);
}

}  // namespace dm::sync
