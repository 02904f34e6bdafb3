#include "unit/sync/upstream_view.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/error.h"
#include "core/sql/literal.h"
#include "unit/target/downstream.h"

namespace dm::sync {
namespace {

template <typename T>
T number_of(const std::string& digits) {
    T value{};
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

std::string text_literal(std::string_view text) {
    std::string literal;
    sql::append_quoted(literal, text);
    return literal;
}

std::string status_statement(const model::ServerVersion& version) {
    const bool is_renamed = version.flavor == model::Flavor::MySql && version.is_at_least(8, 2);
    return is_renamed ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";
}

}  // namespace

model::Location fetch_upstream_location(sql::SqlSession& session) {
    const auto& version = session.version();
    const auto status = session.query(status_statement(version));
    ensure(!status.rows.empty(), ErrorCode::MasterStatusEmpty, "the upstream does not say where its binlog is");
    model::Location location{
        .position = {.file = status.text(0, "File"), .offset = number_of<std::uint64_t>(status.text(0, "Position"))},
        .gtid_set = model::GtidSet(version.flavor)};
    const std::string gtids = version.flavor == model::Flavor::MariaDb
                                  ? session.query("SELECT @@global.gtid_binlog_pos AS g").text(0, "g")
                                  : status.text(0, "Executed_Gtid_Set");
    location.gtid_set = model::GtidSet::parse(version.flavor, gtids);
    return location;
}

schema::TrackerOptions fetch_tracker_options(sql::SqlSession& session) {
    const auto variables = session.query(
        "SELECT @@global.lower_case_table_names AS l, @@global.character_set_server AS c, @@global.collation_server AS "
        "k");
    schema::TrackerOptions options;
    options.is_case_sensitive = variables.text(0, "l") == "0";
    options.lowers_names = variables.text(0, "l") == "1";
    options.server_charset = variables.text(0, "c");
    options.server_collation = variables.text(0, "k");
    const model::ServerVersion& version = session.version();
    options.is_mariadb = version.flavor == model::Flavor::MariaDb;
    // TiDB reads executable comments whatever their version.
    if (!version.is_tidb) options.server_version = version.major * 10000 + version.minor * 100 + version.patch;
    const auto timestamps = session.query("SHOW GLOBAL VARIABLES LIKE 'explicit_defaults_for_timestamp'");
    options.explicit_timestamp_defaults = timestamps.rows.empty() || timestamps.text(0, "Value") == "ON";
    const auto charsets = session.query("SHOW CHARACTER SET");
    for (std::size_t i = 0; i < charsets.rows.size(); ++i) {
        options.default_collations[charsets.text(i, "Charset")] = charsets.text(i, "Default collation");
    }
    return options;
}

bool logs_followers(sql::SqlSession& session) {
    const auto& version = session.version();
    if (version.flavor != model::Flavor::MySql || !version.is_at_least(9, 6)) return false;
    const auto native = session.query("SHOW GLOBAL VARIABLES LIKE 'innodb_native_foreign_keys'");
    return native.rows.empty() || native.text(0, "Value") != "ON";
}

std::chrono::microseconds fetch_clock_offset(sql::SqlSession& session, const Clock& clock) {
    using std::chrono::microseconds;
    const auto wall = [&] { return std::chrono::duration_cast<microseconds>(clock.wall_now().time_since_epoch()); };
    const microseconds before = wall();
    const auto answer = session.query("SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) AS t");
    const microseconds after = wall();
    const microseconds theirs(number_of<std::int64_t>(answer.text(0, "t")));
    // The server looked at its clock somewhere in between: clocks that may agree do.
    if (theirs >= before && theirs <= after) return microseconds(0);
    return theirs - (before + after) / 2;
}

std::optional<model::GtidSet> fetch_gtid_at(sql::SqlSession& session, const model::BinlogPosition& position) {
    if (session.version().flavor != model::Flavor::MariaDb) return std::nullopt;
    const auto result =
        session.query(fmt::format("SELECT BINLOG_GTID_POS({},{}) AS g", text_literal(position.file), position.offset));
    if (result.rows.empty() || !result.rows[0][0]) return std::nullopt;
    return model::GtidSet::parse(model::Flavor::MariaDb, result.text(0, "g"));
}

model::Location fetch_oldest_location(sql::SqlSession& session) {
    const auto logs = session.query("SHOW BINARY LOGS");
    ensure(!logs.rows.empty(), ErrorCode::MasterStatusEmpty, "the upstream lists no binary logs");
    return {.position = {.file = logs.text(0, "Log_name"), .offset = 4},
            .gtid_set = model::GtidSet(session.version().flavor)};
}

std::uint64_t fetch_bytes_between(sql::SqlSession& session, const model::BinlogPosition& from,
                                  const model::BinlogPosition& to) {
    if (from.file == to.file) return to.offset > from.offset ? to.offset - from.offset : 0;
    const auto logs = session.query("SHOW BINARY LOGS");
    std::uint64_t bytes = 0;
    for (std::size_t row = 0; row < logs.rows.size(); ++row) {
        const model::BinlogPosition start{.file = logs.text(row, "Log_name"), .offset = 4};
        const auto size = number_of<std::uint64_t>(logs.text(row, "File_size"));
        const bool is_after =
            model::compare_positions({.file = from.file, .offset = 4}, start) == std::strong_ordering::less;
        const bool is_before =
            model::compare_positions(start, {.file = to.file, .offset = 4}) == std::strong_ordering::less;
        if (start.file == from.file) bytes += size - std::min(size, from.offset);
        if (is_after && is_before) bytes += size;
    }
    return bytes + to.offset;
}

std::optional<CurrentTable> fetch_current_table(sql::SqlSession& session, const model::TableName& table) {
    auto text = target::fetch_table(session, table);
    if (!text || text->empty()) return std::nullopt;
    const auto times =
        session.query(fmt::format("SELECT UNIX_TIMESTAMP(CREATE_TIME) AS t FROM information_schema.TABLES WHERE "
                                  "TABLE_SCHEMA={} AND TABLE_NAME={}",
                                  text_literal(table.schema), text_literal(table.table)));
    return CurrentTable{.create_table = std::move(*text), .changed_at = number_of<std::int64_t>(times.text(0, "t"))};
}

}  // namespace dm::sync
