#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/binlog/event_decoder.h"
#include "core/binlog/stream_position.h"
#include "unit/sync/pipeline.h"
#include "unit/sync/undone_changes.h"

namespace dm::sync {

/// Keeps the events of a transaction back until its end is there, so that what it undoes is known before its rows are
/// applied: its session let them go when it undid them, and another transaction that changed them since may stand
/// before it in the binlog, so applying and taking back would take back the other's change, too. Transactions with a
/// GTID of MySQL pass at once: a server that gives them refuses statements which make it log what is undone (errors
/// 1785 and 1787; MySQL 5.6.51 and 9.7 were tried). So do those of more than `max_bytes`, once they are. A value type;
/// one thread.
class LookAhead {
  public:
    /// Events of a chunk from `begin` up to `end`, counted from 0.
    struct Piece {
        std::shared_ptr<const EventChunk> chunk;
        std::size_t begin = 0;
        std::size_t end = 0;
        /// What the transaction they all are of undoes; null if it undoes nothing, or that is not known yet.
        std::shared_ptr<const std::vector<UndoneChanges::Range>> undone;
    };
    explicit LookAhead(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    void add(std::shared_ptr<const EventChunk> chunk);
    /// The next events to be handled, in the order in which they came; nothing before more are added.
    [[nodiscard]] std::optional<Piece> next();
    /// The stream goes on where the last transaction that was handed out as a whole ended, or before.
    void begin_again();

  private:
    void look(ByteView event);
    void let_go(Piece piece);
    void let_go_held();
    void end_transaction(Piece& passing, std::size_t began, std::size_t end);

    std::size_t max_bytes_;
    binlog::EventDecoder decoder_{{.verify_checksum = false}};  // whoever handles the events verifies
    binlog::StreamPosition position_{model::Location{}};        // only for where transactions begin and end
    bool has_gtid_ = false;                                     // of MySQL: the transaction under way
    bool is_let_go_ = false;                                    // the transaction under way is not kept back
    bool is_open_ = false;                                      // one is under way that is kept back
    bool undoes_ = false;                                       // and has a statement that undoes changes
    std::deque<Piece> held_;                                    // of that transaction
    std::size_t held_bytes_ = 0;
    std::deque<Piece> ready_;
};

}  // namespace dm::sync
