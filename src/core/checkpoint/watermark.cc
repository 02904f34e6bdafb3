#include "core/checkpoint/watermark.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace dm::checkpoint {

void WatermarkTracker::add_boundary(Boundary boundary) {
    // Transactions that changed nothing we replicate would pile up behind a slow lane: the last of them says as much.
    if (pending_.size() > 1 && pending_.back().sequence == boundary.sequence &&
        pending_[pending_.size() - 2].sequence == boundary.sequence) {
        pending_.back() = std::move(boundary);
        return;
    }
    pending_.push_back(std::move(boundary));
}

Sequence WatermarkTracker::applied_below() const noexcept {
    Sequence lowest = std::numeric_limits<Sequence>::max();
    for (std::size_t lane = 0; lane < applied_.size(); ++lane) {
        if (applied_[lane] < handed_out_[lane]) lowest = std::min(lowest, applied_[lane]);
    }
    return lowest;
}

bool WatermarkTracker::advance() {
    const Sequence limit = applied_below();
    bool has_moved = false;
    while (!pending_.empty() && pending_.front().sequence <= limit) {
        watermark_ = std::move(pending_.front());
        pending_.pop_front();
        has_moved = true;
    }
    return has_moved;
}

const Boundary* WatermarkTracker::oldest_pending() const noexcept {
    return pending_.empty() ? nullptr : &pending_.front();
}

}  // namespace dm::checkpoint
