#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/clock.h"
#include "core/binlog/event_source.h"
#include "unit/sync/pipeline.h"
#include "unit/sync/sync_metrics.h"

namespace dm::sync {

/// Reads events and queues them, those that come together in one piece. When the stream breaks it says so to the
/// translator, which answers with the place from where to read again; so nothing is lost or doubled. One thread runs
/// it; `resume_from` and `cancel` may be called from any.
class EventReader {
  public:
    using OpenSource = std::function<std::unique_ptr<binlog::EventSource>()>;
    EventReader(OpenSource open, binlog::StartPoint start, ReaderQueue& output, SyncMetrics& metrics, Clock& clock);

    /// Runs until stop is requested, the source ends, or reading fails for good, which throws. Then closes the queue.
    void run(std::stop_token stop);
    /// The answer to a StreamBroken.
    void resume_from(binlog::StartPoint from);
    /// Cuts the connection.
    void cancel() noexcept;

    [[nodiscard]] std::uint64_t bytes_read() const noexcept { return bytes_; }
    /// "remote" or "local"; empty before the first source is open.
    [[nodiscard]] std::string kind() const;

  private:
    bool gather(ByteView event, bool has_more, std::stop_token stop);
    bool hand_on(std::stop_token stop);
    bool read_until_broken(const binlog::StartPoint& from, std::stop_token stop);
    std::optional<binlog::StartPoint> ask_where_to_resume(std::stop_token stop);

    OpenSource open_;
    binlog::StartPoint start_;
    ReaderQueue& output_;
    SyncMetrics& metrics_;
    Clock& clock_;
    std::atomic<std::uint64_t> bytes_ = 0;
    bool has_read_ = false;                 // since the last break
    std::shared_ptr<EventChunk> gathered_;  // not yet queued; null if there is nothing

    mutable std::mutex mutex_;  // guards what follows
    std::condition_variable_any answered_;
    std::optional<binlog::StartPoint> resume_;
    std::shared_ptr<binlog::EventSource> source_;
    bool is_cancelled_ = false;
};

}  // namespace dm::sync
