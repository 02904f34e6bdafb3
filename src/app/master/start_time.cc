#include "app/master/start_time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>

#include <fmt/format.h>

#include "base/error.h"
#include "core/binlog/event_decoder.h"
#include "core/binlog/payload_reader.h"
#include "core/binlog/stream_position.h"

namespace dm::master {
namespace {

constexpr std::uint64_t kFirstEvent = 4;

[[noreturn]] void refuse(std::string_view text) {
    throw Error(ErrorCode::MasterInvalidOp, fmt::format("`--start-time {}` is not a time", text))
        .with_workaround(
            "Write 2021-10-21T00:01:00, with a blank for the T and with Z, +08:00 or +0800 behind it if you like.");
}

int digits(std::string_view text, std::size_t at, std::size_t count, std::string_view whole) {
    if (at + count > text.size()) refuse(whole);
    int value = 0;
    for (const char c : text.substr(at, count)) {
        if (c < '0' || c > '9') refuse(whole);
        value = value * 10 + (c - '0');
    }
    return value;
}

/// Seconds east of Greenwich; nothing for the local zone.
std::optional<std::int64_t> zone_of(std::string_view zone, std::string_view whole) {
    if (zone.empty()) return std::nullopt;
    if (zone == "Z") return 0;
    const bool has_colon = zone.size() == 6 && zone[3] == ':';
    if ((zone[0] != '+' && zone[0] != '-') || (!has_colon && zone.size() != 5)) refuse(whole);
    const std::int64_t seconds = digits(zone, 1, 2, whole) * 3600 + digits(zone, has_colon ? 4 : 3, 2, whole) * 60;
    return zone[0] == '-' ? -seconds : seconds;
}

/// Events that say nothing about when a transaction was: they belong to the file or the connection.
bool belongs_to_file(const binlog::Event& event) {
    using binlog::EventType;
    constexpr std::array kTypes = {
        EventType::FormatDescription, EventType::Rotate,           EventType::PreviousGtids,
        EventType::MariaDbGtidList,   EventType::BinlogCheckpoint, EventType::Stop,
        EventType::Heartbeat,         EventType::HeartbeatV2,      EventType::StartEncryption};
    return event.header.is_artificial || std::ranges::find(kTypes, event.header.type) != kTypes.end();
}

void advance(binlog::StreamPosition& position, const binlog::Event& event, binlog::EventDecoder& decoder) {
    position.advance(event);
    const auto* payload = event.get_if<binlog::TransactionPayload>();
    if (payload == nullptr) return;
    binlog::PayloadReader reader(*payload, decoder);
    while (const auto inner = reader.next()) position.advance_inner(*inner);
}

}  // namespace

StartTime parse_start_time(std::string_view text) {
    if (text.size() < 19 || text[4] != '-' || text[7] != '-' || (text[10] != ' ' && text[10] != 'T') ||
        text[13] != ':' || text[16] != ':') {
        refuse(text);
    }
    std::tm time{};
    time.tm_year = digits(text, 0, 4, text) - 1900;
    time.tm_mon = digits(text, 5, 2, text) - 1;
    time.tm_mday = digits(text, 8, 2, text);
    time.tm_hour = digits(text, 11, 2, text);
    time.tm_min = digits(text, 14, 2, text);
    time.tm_sec = digits(text, 17, 2, text);
    const std::chrono::year_month_day date{std::chrono::year(time.tm_year + 1900),
                                           std::chrono::month(static_cast<unsigned>(time.tm_mon + 1)),
                                           std::chrono::day(static_cast<unsigned>(time.tm_mday))};
    if (!date.ok() || time.tm_hour > 23 || time.tm_min > 59 || time.tm_sec > 59) refuse(text);
    StartTime start{.clock = std::string(text.substr(0, 10)) + ' ' + std::string(text.substr(11, 8)), .seconds = {}};
    const auto zone = zone_of(text.substr(19), text);
    if (zone) start.seconds = timegm(&time) - *zone;
    return start;
}

std::int64_t seconds_at(const StartTime& start, sql::SqlSession& source) {
    if (start.seconds) return *start.seconds;
    source.execute("SET SESSION time_zone = @@global.time_zone");
    const std::string text = source.query(fmt::format("SELECT UNIX_TIMESTAMP('{}') AS t", start.clock)).text(0, "t");
    std::int64_t seconds = 0;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (seconds <= 0) refuse(start.clock);
    return seconds;
}

std::int64_t BinlogByTime::created_at(const std::string& file) const {
    const auto source = open_();
    source->start({.position = {.file = file, .offset = kFirstEvent}, .gtid_set = std::nullopt});
    binlog::EventDecoder decoder;
    while (const auto bytes = source->next({})) {
        const auto event = decoder.decode(*bytes);
        if (event.header.type == binlog::EventType::FormatDescription) return event.header.timestamp;
    }
    throw Error(ErrorCode::NoBinlogLocation, fmt::format("binlog file {} has no format description", file));
}

std::optional<model::Location> BinlogByTime::scan(const std::string& file, std::int64_t time) const {
    const auto source = open_();
    const model::Location begin{.position = {.file = file, .offset = kFirstEvent}, .gtid_set = model::GtidSet(flavor_)};
    source->start({.position = begin.position, .gtid_set = std::nullopt});
    binlog::EventDecoder decoder;
    binlog::StreamPosition position(begin);
    model::GtidSet earlier(flavor_);
    while (const auto bytes = source->next({})) {
        const auto event = decoder.decode(*bytes);
        if (event.get_if<binlog::Heartbeat>() != nullptr) return std::nullopt;
        if (const auto* previous = event.get_if<binlog::PreviousGtids>()) earlier = previous->set;
        if (const auto* list = event.get_if<binlog::MariaDbGtidList>()) earlier = list->set;
        if (!belongs_to_file(event) && event.header.timestamp >= time) {
            model::Location found = position.transaction_end();
            earlier.merge(found.gtid_set);
            found.gtid_set = std::move(earlier);
            return found;
        }
        advance(position, event, decoder);
    }
    return std::nullopt;
}

std::optional<model::Location> BinlogByTime::find(std::int64_t time) const {
    if (files_.empty()) return std::nullopt;
    const auto first_later = std::partition_point(files_.begin() + 1, files_.end(),
                                                  [&](const std::string& file) { return created_at(file) <= time; });
    return scan(*std::prev(first_later), time);
}

}  // namespace dm::master
