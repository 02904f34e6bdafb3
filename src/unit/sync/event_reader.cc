#include "unit/sync/event_reader.h"

#include <algorithm>

#include "base/log.h"
#include "base/retry.h"

namespace dm::sync {
namespace {
constexpr std::size_t kChunkBytes = 16UL << 10U;
}

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
    if (!output_.push({.kind = ReaderItem::Kind::StreamBroken, .events = nullptr}, 1, stop)) return std::nullopt;
    std::unique_lock lock(mutex_);
    if (!answered_.wait(lock, stop, [&] { return resume_.has_value(); })) return std::nullopt;
    return resume_;
}

bool EventReader::hand_on(std::stop_token stop) {
    if (!gathered_) return true;
    const std::shared_ptr<EventChunk> chunk = std::exchange(gathered_, nullptr);
    // What waits in queues is counted by its bytes, so it must not hold many more.
    if (chunk->bytes.size() < chunk->bytes.capacity() / 2) chunk->bytes.shrink_to_fit();
    const std::size_t bytes = chunk->bytes.size();
    return output_.push({.kind = ReaderItem::Kind::Events, .events = chunk}, bytes, std::move(stop));
}

/// Adds an event to those to be handed on, and hands them on if they are many or no other is at hand.
bool EventReader::gather(ByteView event, bool has_more, std::stop_token stop) {
    if (gathered_ && gathered_->bytes.size() + event.size() > kChunkBytes && !hand_on(stop)) return false;
    if (!gathered_) {
        gathered_ = std::make_shared<EventChunk>();
        if (has_more) gathered_->bytes.reserve(std::max(event.size(), kChunkBytes));
    }
    gathered_->bytes += as_text(event);
    gathered_->ends.push_back(gathered_->bytes.size());
    return has_more || hand_on(std::move(stop));
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
        if (!gather(*event, source->has_more(), stop)) return false;
    }
    (void)hand_on(stop);
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
            // What was read before is whole.
            if (!hand_on(stop)) break;
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
