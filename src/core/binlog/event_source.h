#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/byte_cursor.h"
#include "core/model/location.h"

namespace dm::binlog {

/// Where a stream begins: after every transaction of the GTID set if there is one to go by, else at the position.
struct StartPoint {
    model::BinlogPosition position;
    std::optional<model::GtidSet> gtid_set;
};

/// A stream of binlog events, as a server or a relay log yields them: a seam, implemented by io/mysql, unit/relay and
/// FakeEventSource. One thread reads; `cancel` may be called from any thread.
class EventSource {
  public:
    virtual ~EventSource() = default;
    EventSource() = default;
    EventSource(const EventSource&) = delete;
    EventSource& operator=(const EventSource&) = delete;

    /// Begins to stream. Throws Error{SyncStartStream} or, if the server no longer has the point,
    /// Error{SyncBinlogPurged}.
    virtual void start(const StartPoint& from) = 0;

    /// The next event, whole, from its header to its checksum if it has one, valid until the next call. Waits for it.
    /// Nothing when `stop` is requested or the source was cancelled. Throws Error{SyncReadBinlog} (transient) if the
    /// stream breaks: start again from the last known location.
    [[nodiscard]] virtual std::optional<ByteView> next(std::stop_token stop) = 0;

    /// True if `next` has an event, or at least the beginning of one, at hand: a hint by which readers gather events.
    [[nodiscard]] virtual bool has_more() const { return false; }

    /// "remote" or "local": what query-status shows as binlogType.
    [[nodiscard]] virtual std::string_view kind() const = 0;

    /// Wakes a blocked `next` for good. Thread-safe.
    virtual void cancel() noexcept = 0;
};

}  // namespace dm::binlog
