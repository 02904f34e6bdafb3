#include "unit/sync/event_reader.h"

#include "base/log.h"
#include "base/retry.h"

namespace dm::sync {

EventReader::EventReader(OpenSource open, binlog::StartPoint start, ReaderQueue& output, SyncMetrics& metrics,
                         Clock& clock)
    : open_(std::move(open)), start_(std::move(start)), output_(output), metrics_(metrics), clock_(clock) {}

void EventReader::cancel() noexcept {
    std::shared_ptr<binlog::EventSource> source;
    {
        const std::lock_guard lock(mutex_);
        is_cancelled_ = true;
        source = source_;
    }
    if (source) source->cancel();
}

std::string EventReader::kind() const {
    const std::lock_guard lock(mutex_);
    return source_ ? std::string(source_->kind()) : std::string();
}

void EventReader::resume_from(binlog::StartPoint from) {
    const std::lock_guard lock(mutex_);
    resume_ = std::move(from);
    answered_.notify_all();
}

std::optional<binlog::StartPoint> EventReader::ask_where_to_resume(std::stop_token stop) {
    {
        const std::lock_guard lock(mutex_);
        resume_.reset();
    }
    if (!output_.push({.kind = ReaderItem::Kind::StreamBroken, .bytes = nullptr}, 1, stop)) return std::nullopt;
    std::unique_lock lock(mutex_);
    if (!answered_.wait(lock, stop, [&] { return resume_.has_value(); })) return std::nullopt;
    return resume_;
}

/// Returns false when there is nothing more to read. Throws when the stream breaks.
bool EventReader::read_until_broken(const binlog::StartPoint& from, std::stop_token stop) {
    const std::shared_ptr<binlog::EventSource> source = open_();
    {
        const std::lock_guard lock(mutex_);
        source_ = source;
        if (is_cancelled_) return false;
    }
    source->start(from);
    for (auto asked = metrics_.now(); const auto event = source->next(stop); asked = metrics_.now()) {
        has_read_ = true;
        bytes_ += event->size();
        metrics_.event_read(event->size(), asked);
        auto bytes = std::make_shared<const std::string>(as_text(*event));
        if (!output_.push({.kind = ReaderItem::Kind::Event, .bytes = std::move(bytes)}, event->size(), stop))
            return false;
    }
    return false;
}

void EventReader::run(std::stop_token stop) {
    Backoff backoff(
        {.max_attempts = 20, .initial_wait = std::chrono::milliseconds(200), .max_wait = std::chrono::seconds(10)});
    std::optional<binlog::StartPoint> from = start_;
    while (from && !stop.stop_requested()) {
        try {
            read_until_broken(*from, stop);
            break;
        } catch (const Error& error) {
            if (error.retry_class() != RetryClass::Resume) throw;
            if (std::exchange(has_read_, false)) backoff.reset();
            const auto wait = backoff.next();
            if (!wait) throw;
            log::warn("reading the binlog failed, it is tried again", {{"error", error.what()}});
            from = ask_where_to_resume(stop);
            if (!clock_.sleep(*wait, stop)) break;
        }
    }
    output_.close();
}

}  // namespace dm::sync
