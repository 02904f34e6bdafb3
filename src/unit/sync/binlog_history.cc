#include "unit/sync/binlog_history.h"

#include <array>
#include <charconv>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "core/sql/literal.h"
#include "unit/target/server_error.h"

namespace dm::sync {
namespace {

/// The largest the checkpoint can hold: it stands for larger ones.
constexpr std::uint64_t kLargestRecorded = std::numeric_limits<std::uint32_t>::max();

[[noreturn]] void refuse(const std::string& found) {
    throw Error(
        ErrorCode::SyncBinlogPurged,
        fmt::format("the upstream's binlog has begun anew (RESET MASTER) or lost its end since it was read: {}; "
                    "which changes are missing here is not known",
                    found));
}

/// Files of another name say nothing: the server was told to call them so.
bool is_before(const model::BinlogPosition& a, const model::BinlogPosition& b) {
    const auto stem = [](const std::string& file) { return file.substr(0, file.rfind('.')); };
    return stem(a.file) == stem(b.file) && model::compare_positions(a, b) == std::strong_ordering::less;
}

/// The GTID that SHOW BINLOG EVENTS tells of the event that begins a transaction.
std::string_view gtid_in(std::string_view info) {
    if (const auto quote = info.find('\''); quote != std::string_view::npos && info.find("GTID_NEXT") < quote) {
        const auto text = info.substr(quote + 1);
        return text.substr(0, text.find('\''));
    }
    constexpr std::string_view kWord = "GTID ";
    const auto word = info.rfind(kWord);
    if (word == std::string_view::npos) return {};
    const auto text = info.substr(word + kWord.size());
    return text.substr(0, text.find_first_not_of("0123456789-"));
}

/// MariaDB's other servers of a domain count for themselves, so only ids of the same server follow each other.
bool is_known(const model::GtidSet& known, const model::GtidSet& single) {
    if (known.flavor() == model::Flavor::MySql) return known.contains(single);
    for (const auto& [domain, gtid] : single.mariadb()) {
        const auto last = known.mariadb().find(domain);
        if (last == known.mariadb().end() || last->second.server != gtid.server) return false;
    }
    return known.contains(single);
}

bool is_inside_transaction(std::string_view type) {
    constexpr auto kTypes = std::to_array<std::string_view>(
        {"Table_map", "Xid", "Annotate_rows", "Write_rows", "Update_rows", "Delete_rows"});
    for (const auto begin : kTypes) {
        if (type.starts_with(begin)) return true;
    }
    return false;
}

/// What stands at `place` must be what comes next.
void ensure_next_is_new(sql::SqlSession& session, const model::Location& place) {
    constexpr int kCannotRead = 1220;  // ER_ERROR_WHEN_EXECUTING_COMMAND: no event begins there
    std::string file;
    sql::append_quoted(file, place.position.file);
    sql::ResultSet events;
    try {
        events = session.query(fmt::format("SHOW BINLOG EVENTS IN {} FROM {} LIMIT 1", file, place.position.offset));
    } catch (const Error& error) {
        if (target::sql_error_number(error) == kCannotRead) {
            refuse(fmt::format("no event begins at {}, where a transaction ended", place.position.to_string()));
        }
        if (error.retry_class() == RetryClass::Resume) throw;
        log::warn("whether the upstream's binlog is still the same could not be asked", {{"error", error.what()}});
        return;
    }
    if (events.rows.empty()) return;
    const std::string type = events.text(0, "Event_type");
    if (is_inside_transaction(type)) {
        refuse(fmt::format("{}, where a transaction ended, is within another", place.position.to_string()));
    }
    if (!type.starts_with("Gtid") || type == "Gtid_list") return;
    const std::string info = events.text(0, "Info");
    const std::string gtid(gtid_in(info));
    if (gtid.empty()) return;
    if (is_known(place.gtid_set, model::GtidSet::parse(place.gtid_set.flavor(), gtid))) {
        refuse(fmt::format("at {} is transaction {}, which was read before", place.position.to_string(), gtid));
    }
}

}  // namespace

std::string fetch_server_name(sql::SqlSession& session) {
    const bool is_mariadb = session.version().flavor == model::Flavor::MariaDb;
    const auto result = session.query(is_mariadb ? "SELECT CONCAT(@@server_id,'@',@@hostname,':',@@port) AS s"
                                                 : "SELECT @@server_uuid AS s");
    return result.rows.empty() ? std::string() : result.text(0, "s");
}

void ensure_same_history(sql::SqlSession& session, const model::Location& place) {
    const auto& position = place.position;
    if (position.file.empty() || place.gtid_set.is_empty() || position.offset >= kLargestRecorded) return;
    const auto logs = session.query("SHOW BINARY LOGS");
    if (logs.rows.empty()) return;
    std::string newest;
    for (std::size_t row = 0; row < logs.rows.size(); ++row) {
        newest = logs.text(row, "Log_name");
        if (newest != position.file) continue;
        std::uint64_t size = 0;
        const std::string digits = logs.text(row, "File_size");
        std::from_chars(digits.data(), digits.data() + digits.size(), size);
        if (size < position.offset) {
            refuse(fmt::format("{} was read up to byte {} and has {}", position.file, position.offset, size));
        }
        if (size > position.offset) ensure_next_is_new(session, place);
        return;
    }
    if (is_before({.file = newest, .offset = 4}, {.file = position.file, .offset = 4})) {
        refuse(fmt::format("{} was read, and the newest file is {}", position.file, newest));
    }
}

void HistoryWatch::see(const std::string& server, const model::BinlogPosition& newest) {
    const bool is_same = newest_ && !server.empty() && server == server_;
    if (is_same && is_before(newest, *newest_)) {
        refuse(fmt::format("it stood at {} and stands at {}", newest_->to_string(), newest.to_string()));
    }
    server_ = server;
    newest_ = newest;
}

}  // namespace dm::sync
