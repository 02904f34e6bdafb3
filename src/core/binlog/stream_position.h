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
/// Rules: format descriptions, heartbeats, ignorable events, GTID lists and artificial events do not move the offset.
/// A rotate moves to offset 4 of the next file and ends a transaction. Xid, XA PREPARE, and a statement outside a
/// transaction's changes (DDL, COMMIT) end one. A transaction's GTID joins the end location with the first event after
/// its GTID event, and start and transaction end when it is complete.
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
    /// GTID of the transaction being read; nothing between transactions and without GTIDs.
    [[nodiscard]] const std::optional<model::Gtid>& current_gtid() const noexcept { return gtid_; }

  private:
    void move_offset(const Event& event);
    void open_gtid();
    bool finish_transaction();
    bool apply_state(const Event& event);
    bool is_transaction_end_of_query(const Query& query);

    model::Location start_;
    model::Location end_;
    model::Location transaction_end_;
    std::optional<model::Gtid> gtid_;  // of the running transaction
    bool gtid_pending_ = false;        // gtid_ is not yet in end_
    bool in_transaction_ = false;
    bool ends_with_query_ = false;     // MariaDB: the next statement stands alone although DML may be in it
};

}  // namespace dm::binlog
