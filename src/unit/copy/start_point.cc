#include "unit/copy/start_point.h"

#include <charconv>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "core/sql/literal.h"
#include "unit/target/server_error.h"

namespace dm::copy {
namespace {

constexpr std::string_view kRepeatableRead = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";
constexpr std::string_view kOpenSnapshot = "START TRANSACTION WITH CONSISTENT SNAPSHOT";

std::uint64_t to_number(const std::string& digits) {
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

[[noreturn]] void throw_no_binlog() {
    throw Error(
        ErrorCode::CopyPositionUnknown,
        "the upstream has no binary log (log_bin is off), so the copied data has no place in it to continue from");
}

/// File, offset and, on MySQL, gtid_executed of this moment.
model::Location binlog_status(sql::SqlSession& session) {
    const model::ServerVersion& version = session.version();
    const bool is_renamed = version.flavor == model::Flavor::MySql && version.is_at_least(8, 2);
    sql::ResultSet status;
    try {
        status = session.query(is_renamed ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS");
    } catch (const Error& error) {
        if (!is_refused(error)) throw;
        throw Error(ErrorCode::CopyPositionUnknown,
                    "may not read the upstream's binlog position: grant REPLICATION CLIENT (MariaDB: BINLOG MONITOR)")
            .with_cause(error);
    }
    if (status.rows.empty()) throw_no_binlog();
    model::Location location;
    location.position = {.file = status.text(0, "File"), .offset = to_number(status.text(0, "Position"))};
    location.gtid_set = model::GtidSet::parse(version.flavor, status.text(0, "Executed_Gtid_Set"));
    return location;
}

/// Leaves the session inside the snapshot.
model::BinlogPosition open_mariadb_snapshot(sql::SqlSession& session) {
    session.execute(kRepeatableRead);
    session.execute(kOpenSnapshot);
    const auto status = session.query("SHOW STATUS LIKE 'binlog_snapshot_%'");
    model::BinlogPosition position;
    for (const auto& row : status.rows) {
        if (row.size() < 2 || !row[0] || !row[1]) continue;
        if (row[0]->ends_with("file")) position.file = *row[1];
        if (row[0]->ends_with("position")) position.offset = to_number(*row[1]);
    }
    if (position.file.empty()) {
        session.execute("ROLLBACK");
        throw_no_binlog();
    }
    return position;
}

/// The GTID set of that position; the server reads the binlog file up to there.
model::Location with_gtid_set(sql::SqlSession& session, model::BinlogPosition position) {
    std::string literal;
    sql::append_quoted(literal, position.file);
    const auto gtid = session.query(fmt::format("SELECT BINLOG_GTID_POS({},{}) AS g", literal, position.offset));
    return {.position = std::move(position),
            .gtid_set = model::GtidSet::parse(model::Flavor::MariaDb, gtid.text(0, "g"))};
}

/// The place of a table whose snapshot was opened there.
model::Location mariadb_location(sql::SqlSession& session, LocationUse use, model::BinlogPosition position) {
    if (use == LocationUse::ByGtid) return with_gtid_set(session, std::move(position));
    return {.position = std::move(position), .gtid_set = model::GtidSet(model::Flavor::MariaDb)};
}

bool has_gtid_mode(sql::SqlSession& session) {
    const auto result = session.query("SHOW GLOBAL VARIABLES LIKE 'gtid_mode'");
    return result.text(0, "Value") == "ON";
}

/// Transactions that have their GTID but may not be in gtid_executed yet: "uuid:5#12:6#13, uuid:7#14".
model::GtidSet parse_owned(std::string_view text) {
    std::string set;
    bool is_owner = false;
    for (const char c : text) {
        if (c == '#') is_owner = true;
        if (c == ':' || c == ',' || c == '\n' || c == ' ') is_owner = false;
        if (!is_owner) set += c;
    }
    return model::GtidSet::parse(model::Flavor::MySql, set);
}

}  // namespace

bool needs_lock(sql::SqlSession& session, LocationUse use) {
    const model::ServerVersion& version = session.version();
    if (version.flavor == model::Flavor::MariaDb) return false;
    return use != LocationUse::ByGtid || !version.is_at_least(5, 7) || !has_gtid_mode(session);
}

model::Location measure_low(sql::SqlSession& session, LocationUse use, std::span<const model::TableName> tables,
                            const LockPatience& patience) {
    if (session.version().flavor == model::Flavor::MariaDb) {
        model::BinlogPosition position = open_mariadb_snapshot(session);
        session.execute("COMMIT");
        // For the few places of all tables the set is worth reading the binlog: with it, a task can go on by GTID.
        return mariadb_location(session, tables.empty() ? LocationUse::ByGtid : use, std::move(position));
    }
    // By GTID one statement answers both; its position may run ahead of its GTID set, which alone is used.
    if (!needs_lock(session, use)) return binlog_status(session);
    lock_commits(session, tables, patience);
    try {
        model::Location location = binlog_status(session);
        unlock(session);
        return location;
    } catch (const Error& error) {
        if (!target::is_connection_lost(error)) unlock(session);
        throw;
    }
}

model::Location measure_high(sql::SqlSession& session) {
    const model::ServerVersion& version = session.version();
    if (version.flavor == model::Flavor::MariaDb) {
        model::BinlogPosition position = open_mariadb_snapshot(session);
        session.execute("COMMIT");
        // Runs ahead of what is visible, which is right for an upper bound.
        const auto gtid = session.query("SELECT @@GLOBAL.gtid_binlog_pos AS g");
        return {.position = std::move(position),
                .gtid_set = model::GtidSet::parse(model::Flavor::MariaDb, gtid.text(0, "g"))};
    }
    // A committing transaction is visible before it is in gtid_executed, but it is owned until then: ask in this order.
    model::GtidSet owned(model::Flavor::MySql);
    if (has_gtid_mode(session)) owned = parse_owned(session.query("SELECT @@GLOBAL.gtid_owned AS g").text(0, "g"));
    model::Location location = binlog_status(session);
    location.gtid_set.merge(owned);
    return location;
}

model::Location open_snapshot(sql::SqlSession& session, sql::SqlSession& helper, LocationUse use,
                              const model::TableName& table, const LockPatience& patience) {
    if (session.version().flavor == model::Flavor::MariaDb)
        return mariadb_location(session, use, open_mariadb_snapshot(session));
    session.execute(kRepeatableRead);
    lock_tables(helper, {&table, 1}, patience);
    session.execute(kOpenSnapshot);
    model::Location location = binlog_status(session);
    unlock(helper);
    return location;
}

PurgedBinlog read_purged(sql::SqlSession& session) {
    PurgedBinlog purged;
    purged.gtid_set = model::GtidSet(session.version().flavor);
    try {
        purged.first_file = session.query("SHOW BINARY LOGS").text(0, "Log_name");
        if (session.version().flavor == model::Flavor::MySql && has_gtid_mode(session)) {
            purged.gtid_set = model::GtidSet::parse(model::Flavor::MySql,
                                                    session.query("SELECT @@GLOBAL.gtid_purged AS g").text(0, "g"));
        }
    } catch (const Error& error) {
        // 1381: the binlog is off. Without the privilege to look, reading from the place will tell.
        if (!is_refused(error) && target::sql_error_number(error) != 1381) throw;
    }
    return purged;
}

bool is_available(const model::Location& location, const PurgedBinlog& purged, LocationUse use) {
    const bool by_gtid =
        use == LocationUse::ByGtid && purged.gtid_set.flavor() == model::Flavor::MySql && !location.gtid_set.is_empty();
    if (by_gtid) return location.gtid_set.contains(purged.gtid_set);
    if (purged.first_file.empty() || location.position.file.empty()) return true;
    return model::compare_positions(location.position, {.file = purged.first_file, .offset = 0}) >= 0;
}

}  // namespace dm::copy
