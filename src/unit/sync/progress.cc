#include "unit/sync/progress.h"

#include <algorithm>
#include <utility>

#include "unit/sync/lag.h"

namespace dm::sync {

void Progress::advance_locked() {
    constexpr std::size_t kMaxLags = 1'000;
    if (!tracker_.advance() || lags_.size() >= kMaxLags) return;
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(clock_.wall_now().time_since_epoch());
    lags_.push_back(lag_of(*tracker_.watermark(), now));
}

std::vector<std::chrono::microseconds> Progress::take_lags() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lags_, {});
}

void Progress::add_boundary(std::span<const dml::Sequence> handed_out, checkpoint::Boundary boundary) {
    const std::lock_guard lock(mutex_);
    for (std::size_t lane = 0; lane < handed_out.size(); ++lane) tracker_.hand_out(lane, handed_out[lane]);
    tracker_.add_boundary(std::move(boundary));
    advance_locked();
}

void Progress::pass_ticket(std::span<const dml::Sequence> handed_out, std::uint64_t ticket) {
    const std::lock_guard lock(mutex_);
    for (std::size_t lane = 0; lane < handed_out.size(); ++lane) tracker_.hand_out(lane, handed_out[lane]);
    advance_locked();
    ticket_ = ticket;
    changed_.notify_all();
}

void Progress::copy_applied(std::vector<dml::Sequence>& out) const {
    const std::lock_guard lock(mutex_);
    out = applied_;
}

void Progress::apply(std::size_t lane, dml::Sequence sequence, std::size_t rows) {
    const std::lock_guard lock(mutex_);
    applied_[lane] = sequence;
    rows_ += rows;
    tracker_.apply(lane, sequence);
    advance_locked();
    changed_.notify_all();
}

bool Progress::are_applied(std::span<const dml::Dependency> waits) const {
    if (waits.empty()) return true;
    const std::lock_guard lock(mutex_);
    return std::ranges::all_of(waits,
                               [&](const dml::Dependency& wait) { return applied_[wait.lane] >= wait.sequence; });
}

bool Progress::wait_applied(std::span<const dml::Dependency> waits, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    const auto are_done = [&] {
        return std::ranges::all_of(waits,
                                   [&](const dml::Dependency& wait) { return applied_[wait.lane] >= wait.sequence; });
    };
    return changed_.wait(lock, std::move(stop), [&] { return is_aborted_ || are_done(); }) && are_done();
}

void Progress::abort() noexcept {
    const std::lock_guard lock(mutex_);
    is_aborted_ = true;
    changed_.notify_all();
}

bool Progress::is_aborted() const {
    const std::lock_guard lock(mutex_);
    return is_aborted_;
}

bool Progress::wait_drained(std::uint64_t ticket, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    const auto is_done = [&] { return ticket_ >= ticket && tracker_.is_drained(); };
    return changed_.wait(lock, std::move(stop), [&] { return is_aborted_ || is_done(); }) && is_done();
}

Progress::HeldUp::HeldUp(Progress& progress, const checkpoint::Boundary& at) : progress_(progress) {
    const std::lock_guard lock(progress_.mutex_);
    if (progress_.held_up_) return;
    is_outer_ = true;
    progress_.held_up_ = at;
    progress_.held_up_since_ = progress_.clock_.now();
}

Progress::HeldUp::~HeldUp() {
    if (!is_outer_) return;
    const std::lock_guard lock(progress_.mutex_);
    progress_.held_up_.reset();
}

Progress::Snapshot Progress::snapshot() const {
    constexpr auto kNotable = std::chrono::seconds(1);
    const std::lock_guard lock(mutex_);
    const auto& watermark = tracker_.watermark();
    const checkpoint::Boundary* oldest = tracker_.oldest_pending();
    if (oldest == nullptr && held_up_ && clock_.now() - held_up_since_ >= kNotable) oldest = &*held_up_;
    return {.watermark = watermark,
            .is_drained = tracker_.is_drained(),
            .is_at_newest = !tracker_.has_pending(),
            .oldest_pending = oldest == nullptr ? std::nullopt : std::optional(*oldest),
            .rows = rows_};
}

}  // namespace dm::sync
