#include "unit/sync/sequencer.h"

#include <limits>

namespace dm::sync {

Sequencer::Sequencer(Options options, SequencerQueue& input, std::vector<std::unique_ptr<LaneQueue>>& lanes,
                     Progress& progress, SyncMetrics& metrics)
    : options_(options),
      input_(input),
      lanes_(lanes),
      progress_(progress),
      metrics_(metrics),
      conflicts_(lanes.size()),
      slices_(lanes.size()),
      slice_bytes_(lanes.size(), 0),
      handed_out_(lanes.size(), 0),
      applied_(lanes.size(), 0),
      placed_(lanes.size(), 0) {}

void Sequencer::run(std::stop_token stop) {
    stop_ = stop;
    for (;;) {
        auto items = input_.try_pop();
        if (!items) {
            // Nothing is waiting: what has gathered goes out now, so that a quiet source has no delay.
            hand_on_all();
            if (rows_on_lane_ > 0) choose_lane();
            items = input_.pop(stop);
        }
        if (!items) break;
        progress_.copy_applied(applied_);
        for (std::uint32_t lane = 0; lane < applied_.size(); ++lane) conflicts_.applied(lane, applied_[lane]);
        for (const SequencerItem& item : *items) std::visit([this](const auto& what) { take(what); }, item);
    }
    hand_on_all();
    for (auto& lane : lanes_) lane->close();
}

void Sequencer::choose_lane() {
    // The lane with the least in hand; the next one in turn among equals.
    std::uint32_t best = lane_;
    dml::Sequence least = std::numeric_limits<dml::Sequence>::max();
    const auto lanes = static_cast<std::uint32_t>(lanes_.size());
    for (std::uint32_t step = 1; step <= lanes; ++step) {
        const std::uint32_t lane = (lane_ + step) % lanes;
        const dml::Sequence waiting =
            handed_out_[lane] == applied_[lane] ? 0 : 1 + lanes_[lane]->bytes() + slice_bytes_[lane];
        if (waiting < least) {
            least = waiting;
            best = lane;
        }
    }
    lane_ = best;
    rows_on_lane_ = 0;
}

void Sequencer::take(const std::shared_ptr<const RowsItem>& item) {
    const auto since = metrics_.now();
    blocked_ = {};
    const std::size_t bytes_per_row = item->bytes / item->size() + sizeof(Job);
    for (std::size_t row = 0; row < item->size(); ++row) {
        if (rows_on_lane_ >= options_.spread_rows) choose_lane();
        Job job{
            .change = item->change(row), .rows = item, .sequence = ++sequence_, .bytes = bytes_per_row, .waits = {}};
        const auto decision = conflicts_.place(job.change.keys, sequence_, lane_, job.waits);
        handed_out_[decision.lane] = sequence_;
        slice_bytes_[decision.lane] += bytes_per_row;
        if (!job.waits.empty()) has_waits_ = true;
        slices_[decision.lane].push_back(std::move(job));
        ++placed_[decision.lane];
        if (decision.is_free) ++rows_on_lane_;
        const bool is_full =
            slices_[decision.lane].size() >= options_.slice_rows || slice_bytes_[decision.lane] >= options_.slice_bytes;
        if (!is_full) continue;
        // What a queued change waits for must be queued too before anything more is: a lane whose queue is full could
        // otherwise wait for a change that is still here. With one slice for each lane, what was queued before makes
        // room.
        if (has_waits_) {
            hand_on_all();
        } else {
            hand_on(decision.lane);
        }
    }
    for (std::size_t lane = 0; lane < placed_.size(); ++lane) {
        if (placed_[lane] > 0) metrics_.jobs_added(*item->plan, item->kind, lane, std::exchange(placed_[lane], 0));
    }
    metrics_.conflicts_checked(since + blocked_);
}

void Sequencer::take(const TransactionEnd& end) {
    progress_.add_boundary(handed_out_, {.sequence = sequence_,
                                         .location = end.location,
                                         .timestamp = end.timestamp,
                                         .committed_us = end.committed_us});
    // While the lane's slice is not full, what follows joins it: neighbours often change the same rows.
    if (rows_on_lane_ > 0 && slices_[lane_].empty()) choose_lane();
}

void Sequencer::take(const FlushRequest& request) {
    hand_on_all();
    progress_.pass_ticket(handed_out_, request.ticket);
}

void Sequencer::hand_on(std::size_t lane) {
    if (slices_[lane].empty()) return;
    const std::size_t bytes = std::exchange(slice_bytes_[lane], 0);
    const auto since = metrics_.now();
    if (lanes_[lane]->push(std::exchange(slices_[lane], {}), bytes, stop_)) metrics_.slice_queued(lane, since);
    blocked_ += metrics_.now() - since;
}

void Sequencer::hand_on_all() {
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) hand_on(lane);
    has_waits_ = false;
}

}  // namespace dm::sync
