#include "unit/sync/recorder.h"

#include "base/log.h"
#include "base/retry.h"

namespace dm::sync {
namespace {
/// Without the other steps: the run is about to begin or to end.
constexpr RetryPolicy kAlonePolicy{
    .max_attempts = 5, .initial_wait = std::chrono::milliseconds(100), .max_wait = std::chrono::seconds(2)};
}  // namespace

Recorder::Recorder(Options options, target::SyncCheckpoint checkpoint, Progress& progress, SyncMetrics& metrics,
                   Clock& clock, SessionLinks& links, sql::SqlConnector connect)
    : options_(std::move(options)),
      checkpoint_(std::move(checkpoint)),
      progress_(progress),
      metrics_(metrics),
      clock_(clock),
      link_(links, std::move(connect)),
      last_write_(clock.now()),
      flushed_(options_.start) {}

void Recorder::run(std::stop_token stop) {
    while (const auto command = commands_.pop(stop)) {
        if (*command == Command::Tick) {
            write_if_due();
            continue;
        }
        std::uint64_t asked = 0;
        {
            const std::lock_guard lock(mutex_);
            asked = asked_;
        }
        retry(kServerPolicy, clock_, stop, [&] { write(false); });
        const std::lock_guard lock(mutex_);
        done_ = asked;
        written_.notify_all();
    }
}

void Recorder::tick() {
    if (commands_.size() == 0) (void)commands_.push(Command::Tick, 1, {});
}

bool Recorder::flush(std::stop_token stop) {
    std::uint64_t mine = 0;
    {
        const std::lock_guard lock(mutex_);
        mine = ++asked_;
    }
    if (!commands_.push(Command::Flush, 1, stop)) return false;
    std::unique_lock lock(mutex_);
    return written_.wait(lock, stop, [&] { return done_ >= mine; });
}

void Recorder::write_if_due() {
    if (is_held_) return;
    const auto snapshot = progress_.snapshot();
    if (!snapshot.watermark || !target::SyncCheckpoint::can_record(snapshot.watermark->location)) return;
    const auto age = clock_.now() - last_write_;
    const bool has_moved = [&] {
        const std::lock_guard lock(mutex_);
        return !(snapshot.watermark->location == flushed_) || !points_.is_empty();
    }();
    const bool is_idle = snapshot.is_drained && snapshot.is_at_newest;
    if (!has_moved || age < (is_idle ? std::min(options_.idle_interval, options_.interval) : options_.interval)) return;
    try {
        write(false);
    } catch (const Error& error) {
        // The next tick tries again; only what can never succeed ends the run.
        if (error.retry_class() != RetryClass::Resume) throw;
        log::warn("the checkpoint could not be written, it is tried again", {{"error", error.what()}});
        last_write_ = clock_.now();
    }
}

void Recorder::write(bool in_good_order) {
    const auto snapshot = progress_.snapshot();
    checkpoint::CheckpointImage image;
    image.global = snapshot.watermark ? snapshot.watermark->location : options_.start;
    if (in_good_order) image.safe_mode_exit = image.global;
    if (image.global == options_.start) {
        image.server = options_.start_server;
    } else if (knows_server()) {
        image.server = options_.server;
    }
    {
        const std::lock_guard lock(mutex_);
        points_.take(image);
    }
    try {
        checkpoint_.save(link_.get(), image);
    } catch (const Error& error) {
        link_.drop();
        {
            const std::lock_guard lock(mutex_);
            points_.restore(std::move(image));
        }
        throw error.with_context("writing the checkpoint");
    }
    const auto now = clock_.now();
    metrics_.checkpoint_flushed(image.global, now - last_write_);
    last_write_ = now;
    const std::lock_guard lock(mutex_);
    flushed_ = std::move(image.global);
}

void Recorder::flush_alone(bool in_good_order) {
    const auto snapshot = progress_.snapshot();
    if (snapshot.watermark && !target::SyncCheckpoint::can_record(snapshot.watermark->location)) {
        log::warn("the place cannot be recorded, what follows the last recorded one will be repeated",
                  {{"location", snapshot.watermark->location.to_string()}});
        return;
    }
    const bool is_clean = in_good_order && snapshot.is_drained && snapshot.is_at_newest;
    retry(kAlonePolicy, clock_, {}, [&] { write(is_clean); });
}

void Recorder::set_point(const model::TableName& table, checkpoint::TablePoint point) {
    const std::lock_guard lock(mutex_);
    points_.set(table, std::move(point));
}

void Recorder::remove_point(const model::TableName& table) {
    const std::lock_guard lock(mutex_);
    points_.remove(table);
}

model::Location Recorder::flushed() const {
    const std::lock_guard lock(mutex_);
    return flushed_;
}

}  // namespace dm::sync
