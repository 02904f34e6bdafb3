#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/binlog/event.h"
#include "core/model/location.h"

namespace dm::binlog {

/// Keeps where a stream is, event by event: the start and the end of the current event and the end of the last complete
/// transaction. Offsets are 64 bits wide although events carry 32: files over 4 GiB are followed by adding up.
/// A value type; one thread.
///
/// Rules: ignorable and artificial events do not move the offset. Between transactions, format descriptions, GTID
/// lists, binlog checkpoints and heartbeats move it, as if a transaction had ended, so that an idle stream ends where
/// the server stands; within one they do not. A rotate moves to offset 4 of the next file and ends a transaction; one
/// that is unfinished then was never committed, so that its GTID is taken back. Xid, XA PREPARE, COMMIT, ROLLBACK and a
/// statement outside BEGIN (DDL) end one. A transaction's GTID joins the end location with the first event after its
/// GTID event, the transaction end when it is complete, and the start with the event after that.
class StreamPosition {
  public:
    /// Begins at `from`. Its offset is where the first event of the stream starts; it may be past 4 GiB.
    explicit StreamPosition(model::Location from);

    /// Takes one event of the stream. Returns true if it ended a transaction.
    bool advance(const Event& event);
    /// Takes one event out of a transaction payload: only transaction state changes, offsets are those of the payload
    /// event, which was taken before. Returns true if it ended the transaction.
    bool advance_inner(const Event& event);

    [[nodiscard]] const model::Location& start() const noexcept { return start_; }
    [[nodiscard]] const model::Location& end() const noexcept { return end_; }
    [[nodiscard]] const model::Location& transaction_end() const noexcept { return transaction_end_; }
    /// True between the opening of a transaction (BEGIN, MariaDB's GTID event) and its end.
    [[nodiscard]] bool is_in_transaction() const noexcept { return in_transaction_; }
    /// GTID of the transaction that the current event belongs to, from its GTID event to its end; nothing without
    /// GTIDs.
    [[nodiscard]] const std::optional<model::Gtid>& current_gtid() const noexcept { return gtid_; }

  private:
    void leave_previous();
    void change_file(const Rotate& rotate);
    bool pass_marker(const EventHeader& header);
    bool reach(const Heartbeat& heartbeat);
    void move_offset(const EventHeader& header);
    bool apply(const Event& event);
    bool apply_query(const Query& query);
    bool finish_transaction();

    model::Location start_;
    model::Location end_;
    model::Location transaction_end_;
    std::optional<model::Gtid> gtid_;  // of the transaction of the current event
    bool is_gtid_new_ = false;         // gtid_ is not in end_ yet
    bool is_finished_ = false;         // the current event ended its transaction
    bool in_transaction_ = false;
    bool is_resumed_ = false;  // a fake rotate came, so the next offset may be before this one
};

}  // namespace dm::binlog
