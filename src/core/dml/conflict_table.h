#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/dml/row_change.h"

namespace dm::dml {

/// Number of a change in the order of the binlog, from 1.
using Sequence = std::uint64_t;

/// What must be applied before a change may be: by this lane, everything up to this number.
struct Dependency {
    std::uint32_t lane = 0;
    Sequence sequence = 0;
};

/// Knows which lane (applier) got the last change of each causality key, and from that where the next change with such
/// a key has to go or what it has to wait for. Lanes apply their changes in order. The deciding part of the sequencer:
/// no lock, no thread; `done` comes from outside.
class ConflictTable {
  public:
    explicit ConflictTable(std::size_t lanes) : done_(lanes, 0) {}

    /// Lane `lane` has applied everything up to `sequence`.
    void applied(std::uint32_t lane, Sequence sequence) noexcept { done_[lane] = sequence; }

    struct Decision {
        std::uint32_t lane = 0;
        bool is_free = true;  ///< no key is in flight: the lane is the preferred one
    };
    /// Chooses a lane for a change: that of the newest change in flight with one of its keys, else `preferred`. What
    /// the change has to wait for on other lanes is appended to `waits`. Records the keys as used by `sequence`, which
    /// must grow.
    Decision place(std::span<const CausalityKey> keys, Sequence sequence, std::uint32_t preferred,
                   std::vector<Dependency>& waits);

    /// Keys remembered, in flight or not yet forgotten.
    [[nodiscard]] std::size_t size() const noexcept { return used_; }

  private:
    /// Open addressing; an entry whose change has been applied counts as absent when the table is rebuilt.
    struct Entry {
        CausalityKey key = 0;
        Sequence sequence = 0;  ///< 0: the slot is empty
        std::uint32_t lane = 0;
    };

    Entry& find(CausalityKey key) noexcept;
    void make_room(std::size_t keys);
    [[nodiscard]] bool is_in_flight(const Entry& entry) const noexcept { return entry.sequence > done_[entry.lane]; }

    std::vector<Sequence> done_;
    std::vector<Entry> slots_;
    std::size_t used_ = 0;
};

}  // namespace dm::dml
