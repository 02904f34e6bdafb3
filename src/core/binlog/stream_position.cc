#include "core/binlog/stream_position.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace dm::binlog {
namespace {

constexpr std::uint64_t kWrap = 1ULL << 32U;
constexpr std::uint64_t kFileStart = 4;

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

/// True if the statement is `word`, or starts with it and a space where it may go on.
bool is_statement(std::string_view statement, std::string_view word, bool may_go_on) {
    if (statement.size() < word.size()) return false;
    if (!std::equal(word.begin(), word.end(), statement.begin(), [](char w, char s) { return w == upper(s); }))
        return false;
    return statement.size() == word.size() || (may_go_on && statement[word.size()] == ' ');
}

/// True for what the server adds to every file: no part of a transaction.
bool is_marker(EventType type) {
    switch (type) {
        case EventType::FormatDescription:
        case EventType::PreviousGtids:
        case EventType::BinlogCheckpoint:
        case EventType::MariaDbGtidList:
            return true;
        default:
            return false;
    }
}

bool stays_in_place(const EventHeader& header) {
    return header.is_artificial || header.type == EventType::Ignorable || header.type == EventType::Heartbeat ||
           header.type == EventType::HeartbeatV2;
}

}  // namespace

StreamPosition::StreamPosition(model::Location from) : start_(from), end_(from), transaction_end_(std::move(from)) {}

bool StreamPosition::advance(const Event& event) {
    leave_previous();
    if (const auto* rotate = event.get_if<Rotate>()) {
        const bool is_new_file = rotate->next_file != end_.position.file;
        is_resumed_ = rotate->is_fake;
        if (is_new_file) change_file(*rotate);
        return is_new_file && !rotate->is_fake;
    }
    if (const auto* heartbeat = event.get_if<Heartbeat>()) return reach(*heartbeat);
    if (stays_in_place(event.header)) return false;
    if (is_marker(event.header.type)) return pass_marker(event.header);
    move_offset(event.header);
    return apply(event);
}

bool StreamPosition::advance_inner(const Event& event) { return apply(event); }

void StreamPosition::leave_previous() {
    start_.position = end_.position;
    if (!std::exchange(is_finished_, false)) return;
    if (gtid_) start_.gtid_set.add(*gtid_);
    gtid_.reset();
}

void StreamPosition::change_file(const Rotate& rotate) {
    const std::uint64_t offset = rotate.is_fake ? std::max(rotate.position, kFileStart) : kFileStart;
    end_.position = {std::string(rotate.next_file), offset};
    if (rotate.is_fake) start_.position = end_.position;
    if (gtid_ && !is_gtid_new_) end_.gtid_set = transaction_end_.gtid_set;
    gtid_.reset();
    is_gtid_new_ = false;
    in_transaction_ = false;
    transaction_end_.position = end_.position;
}

bool StreamPosition::pass_marker(const EventHeader& header) {
    // One that is sent for the connection's sake has no place of its own, or that at the file's start.
    if (header.log_pos <= end_.position.offset % kWrap || in_transaction_ || gtid_) return false;
    end_.position.offset = end_.position.offset / kWrap * kWrap + header.log_pos;
    transaction_end_.position = end_.position;
    return true;
}

bool StreamPosition::reach(const Heartbeat& heartbeat) {
    const bool is_ahead = heartbeat.file == end_.position.file && heartbeat.position > end_.position.offset;
    if (!is_ahead || in_transaction_ || gtid_) return false;
    end_.position.offset = heartbeat.position;
    transaction_end_.position = end_.position;
    return true;
}

void StreamPosition::move_offset(const EventHeader& header) {
    std::uint64_t& offset = end_.position.offset;
    if (header.log_pos == 0) {  // left open by the writer
        offset += header.event_size;
        return;
    }
    const std::uint64_t moved = offset / kWrap * kWrap + header.log_pos;
    // A stream that goes by GTIDs may resume anywhere in the file; it crosses 4 GiB at once only within an event.
    const bool is_wrapped = std::exchange(is_resumed_, false) ? header.log_pos < header.event_size : moved < offset;
    offset = is_wrapped ? moved + kWrap : moved;
}

bool StreamPosition::apply(const Event& event) {
    if (const auto* gtid = event.get_if<GtidEvent>()) {
        if (!gtid->is_anonymous) gtid_ = gtid->gtid;
        is_gtid_new_ = gtid_.has_value();
        in_transaction_ = false;
        return false;
    }
    if (const auto* gtid = event.get_if<MariaDbGtidEvent>()) {
        gtid_ = gtid->gtid;
        is_gtid_new_ = true;
        in_transaction_ = !gtid->is_standalone;
        return false;
    }
    if (std::exchange(is_gtid_new_, false)) end_.gtid_set.add(*gtid_);
    if (event.get_if<Xid>() != nullptr || event.get_if<XaPrepare>() != nullptr) return finish_transaction();
    if (const auto* query = event.get_if<Query>()) return apply_query(*query);
    return false;
}

bool StreamPosition::apply_query(const Query& query) {
    const std::string_view statement = query.statement;
    if (is_statement(statement, "BEGIN", false) || is_statement(statement, "XA START", true)) {
        in_transaction_ = true;
        return false;
    }
    const bool is_end = is_statement(statement, "COMMIT", false) || is_statement(statement, "ROLLBACK", false) ||
                        is_statement(statement, "XA COMMIT", true) || is_statement(statement, "XA ROLLBACK", true);
    return is_end || !in_transaction_ ? finish_transaction() : false;
}

bool StreamPosition::finish_transaction() {
    in_transaction_ = false;
    is_finished_ = true;
    transaction_end_.position = end_.position;
    if (gtid_) transaction_end_.gtid_set.add(*gtid_);
    return true;
}

}  // namespace dm::binlog
