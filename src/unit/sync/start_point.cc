#include "unit/sync/start_point.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "core/binlog/event_decoder.h"
#include "core/binlog/stream_position.h"
#include "core/sql/literal.h"
#include "unit/sync/upstream_view.h"
#include "unit/target/server_error.h"

namespace dm::sync {
namespace {

bool is_less(const model::Location& a, const model::Location& b, bool by_gtid) {
    return model::compare_locations(a, b, by_gtid) == std::strong_ordering::less;
}

Error not_between_transactions(const model::BinlogPosition& position) {
    return Error(ErrorCode::NoBinlogLocation,
                 fmt::format("{} is not between two transactions: give a GTID set or the position of one",
                             position.to_string()))
        .with_workaround("Give the position of a transaction's first event, as SHOW BINLOG EVENTS lists it.");
}

/// By position the upstream sends what stands there, also the rest of a transaction.
void refuse_amid_transaction(sql::SqlSession& upstream, const model::BinlogPosition& position) {
    static constexpr auto kInside = std::to_array<std::string_view>(
        {"Table_map", "Write_rows", "Update_rows", "Delete_rows", "Rows_query", "Annotate_rows", "Xid", "XA_prepare"});
    std::string type;
    try {
        std::string file;
        sql::append_quoted(file, position.file);
        const auto events =
            upstream.query(fmt::format("SHOW BINLOG EVENTS IN {} FROM {} LIMIT 1", file, position.offset));
        if (!events.rows.empty()) type = events.text(0, "Event_type");
    } catch (const Error& error) {
        // It may take a privilege more than to read the binlog does, and what is wrong with the place is seen there.
        if (target::is_connection_lost(error)) throw;
        log::debug("what stands at a position is not known", {{"error", error.what()}});
    }
    if (std::ranges::any_of(kInside, [&](std::string_view known) { return type.starts_with(known); }))
        throw not_between_transactions(position);
}

/// GTIDs before `position`: those the file begins with and those of its transactions up to there.
model::GtidSet read_gtids_before(binlog::EventSource& source, const model::BinlogPosition& position,
                                 std::stop_token stop) {
    source.start({.position = {.file = position.file, .offset = 4}, .gtid_set = std::nullopt});
    binlog::EventDecoder decoder;
    binlog::StreamPosition stream(
        {.position = {.file = position.file, .offset = 4}, .gtid_set = model::GtidSet(model::Flavor::MySql)});
    model::GtidSet base(model::Flavor::MySql);
    std::uint64_t head_end = 4;
    const auto result = [&] {
        model::GtidSet set = stream.transaction_end().gtid_set;
        set.merge(base);
        return set;
    };
    while (const auto bytes = source.next(stop)) {
        const auto event = decoder.decode(*bytes);
        const auto* previous = event.get_if<binlog::PreviousGtids>();
        const auto* rotate = event.get_if<binlog::Rotate>();
        stream.advance(event);
        const bool is_head = previous != nullptr || event.get_if<binlog::FormatDescription>() != nullptr ||
                             (rotate != nullptr && rotate->is_fake);
        if (previous != nullptr) base = previous->set;
        if (is_head) head_end = stream.end().position.offset;
        // All places in the head are before the first transaction, but it takes the whole head to know the set.
        if (position.offset <= head_end && (previous != nullptr || !is_head)) break;
        if (is_head) continue;
        if (stream.end().position.file == position.file && stream.end().position.offset < position.offset) continue;
        if (stream.end().position != position || stream.is_in_transaction()) throw not_between_transactions(position);
        break;
    }
    return result();
}

}  // namespace

model::Location StartPointFinder::of_copy(const std::vector<target::TableCopyPoint>& copies,
                                          const std::optional<model::Location>& floor) const {
    const bool by_gtid = config_.sync.enable_gtid;
    std::optional<model::Location> lowest = floor;
    for (const auto& copy : copies) {
        if (!copy.low.is_zero() && (!lowest || is_less(copy.low, *lowest, by_gtid))) lowest = copy.low;
    }
    return lowest ? *lowest : model::Location{};
}

model::Location StartPointFinder::of_meta() const {
    const auto flavor = upstream_.version().flavor;
    model::Location location{.position = {}, .gtid_set = model::GtidSet(flavor)};
    if (!config_.meta) return location;
    location.position = {.file = config_.meta->binlog_name,
                         .offset = std::max<std::uint64_t>(config_.meta->binlog_pos, 4)};
    location.gtid_set = model::GtidSet::parse(flavor, config_.meta->binlog_gtid);
    return location;
}

void StartPointFinder::complete(model::Location& location, std::stop_token stop) {
    if (!config_.sync.enable_gtid || !location.gtid_set.is_empty() || location.position.file.empty()) return;
    if (upstream_.version().flavor == model::Flavor::MariaDb) {
        const auto set = fetch_gtid_at(upstream_, location.position);
        ensure(set.has_value(), ErrorCode::NoBinlogLocation,
               fmt::format("the upstream does not know the GTID set at {}", location.position.to_string()));
        location.gtid_set = *set;
        return;
    }
    const auto source = open_source_();
    location.gtid_set = read_gtids_before(*source, location.position, std::move(stop));
}

StartPoint StartPointFinder::find(const checkpoint::CheckpointContent& content,
                                  const std::vector<target::TableCopyPoint>& copies,
                                  const std::optional<model::Location>& floor, std::stop_token stop) {
    const bool by_gtid = config_.sync.enable_gtid;
    StartPoint start;
    if (content.global && !content.global->is_zero()) {
        start.location = *content.global;
    } else {
        start.is_fresh = true;
        if (config::copies_data(config_.mode)) start.location = of_copy(copies, floor);
        if (start.location.is_zero()) {
            start.needs_safe_mode = true;
            start.location = of_meta();
            const model::BinlogPosition& place = start.location.position;
            if (!by_gtid && !place.file.empty()) refuse_amid_transaction(upstream_, place);
        }
        const bool is_all = start.location.position.file.empty() && start.location.gtid_set.is_empty();
        if (is_all) start.location = fetch_oldest_location(upstream_);
        if (is_all && by_gtid && upstream_.version().flavor == model::Flavor::MySql) {
            // Before the oldest binlog lies what the server has purged.
            start.location.gtid_set = model::GtidSet::parse(
                model::Flavor::MySql, upstream_.query("SELECT @@global.gtid_purged AS g").text(0, "g"));
        }
        complete(start.location, stop);
    }
    if (config_.mode == config::TaskMode::Full) {
        start.run_until = start.location;
        for (const auto& copy : copies) {
            if (is_less(*start.run_until, copy.high, by_gtid)) start.run_until = copy.high;
        }
    }
    return start;
}

void mention_lost_end(const model::Location& newest, const StartPoint& start, Notices& notices) {
    const model::GtidSet& applied = start.location.gtid_set;
    if (start.is_fresh || applied.flavor() != model::Flavor::MySql || newest.gtid_set.contains(applied)) return;
    notices.mention_once("transactions in the target that the upstream does not have", start.location.to_string());
}

}  // namespace dm::sync
