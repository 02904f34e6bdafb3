#include "unit/copy/writer_pace.h"

#include <algorithm>

namespace dm::copy {
namespace {

constexpr int kFirst = 4;
constexpr auto kWindow = std::chrono::milliseconds(500);
constexpr int kStatementsEach = 8;  // per writer and window: one more or less does not decide
constexpr double kGain = 1.1;
constexpr int kMaxPatience = 64;
constexpr std::size_t kSmallStatement = 16UL << 10U;

}  // namespace

WriterPace::WriterPace(int writers, const Clock& clock)
    : writers_(writers),
      clock_(clock),
      allowed_(std::min(writers, kFirst)),
      kept_(allowed_),
      unsettled_(allowed_),
      window_began_(clock.now()) {}

std::optional<WriterPace::Turn> WriterPace::enter(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, std::move(stop), [&] { return inside_ < allowed_; })) return std::nullopt;
    ++inside_;
    return Turn(*this);
}

void WriterPace::leave() noexcept {
    const std::lock_guard lock(mutex_);
    --inside_;
    if (inside_ < allowed_) changed_.notify_one();
}

int WriterPace::allowed() const {
    const std::lock_guard lock(mutex_);
    return allowed_;
}

void WriterPace::written(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.now();
    if (unsettled_ > 0) {
        --unsettled_;
        window_began_ = now;
        return;
    }
    bytes_ += bytes;
    ++statements_;
    const auto elapsed = now - window_began_;
    if (elapsed < kWindow || statements_ < kStatementsEach * allowed_) return;
    const bool is_small = bytes_ < kSmallStatement * static_cast<std::size_t>(statements_);
    const double rate = static_cast<double>(bytes_) / std::chrono::duration<double>(elapsed).count();
    window_began_ = now;
    bytes_ = 0;
    statements_ = 0;
    if (!is_small) {
        judge_locked(rate);
    } else if (const int few = std::min(kept_, kFirst); allowed_ != few) {
        set_allowed_locked(few);
    }
}

/// The number to try next: the one that is kept, where there is no other in this direction.
int WriterPace::candidate_locked() const { return is_upward_ ? std::min(kept_ * 2, writers_) : std::max(kept_ / 2, 1); }

/// A window has ended.
void WriterPace::judge_locked(double rate) {
    if (allowed_ == kept_) {
        kept_rate_ = rate;
        if (--windows_to_wait_ > 0) return;
        if (candidate_locked() == kept_) is_upward_ = !is_upward_;
        set_allowed_locked(candidate_locked());
        return;
    }
    if (rate > kept_rate_ * kGain) {
        // More of the same may be better still.
        kept_ = allowed_;
        kept_rate_ = rate;
        patience_ = 1;
        windows_to_wait_ = 1;
        return;
    }
    is_upward_ = !is_upward_;
    patience_ = std::min(patience_ * 2, kMaxPatience);
    windows_to_wait_ = patience_;
    set_allowed_locked(kept_);
}

void WriterPace::set_allowed_locked(int allowed) {
    unsettled_ = std::max(allowed_, allowed);
    allowed_ = allowed;
    changed_.notify_all();
}

}  // namespace dm::copy
