#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/model/location.h"

namespace dm::checkpoint {

/// Number of a change in the order of the binlog, from 1.
using Sequence = std::uint64_t;

/// A place in the binlog from which restarting is correct once everything before it is applied.
struct Boundary {
    Sequence sequence = 0;  ///< of the last change at or before it
    model::Location location;
    std::uint32_t timestamp = 0;     ///< of the upstream's event, seconds since 1970; 0 = unknown
    std::uint64_t committed_us = 0;  ///< of the commit upstream, microseconds since 1970; 0 = unknown
};

/// Finds the watermark: the newest boundary below which every change is applied. Changes are numbered by the sequencer
/// and handed to lanes (appliers); each lane applies its own in order, so the lane's last applied number says it all.
/// A value type, no threads. A lane that fails simply stops moving: the watermark never passes what it did not apply.
class WatermarkTracker {
  public:
    explicit WatermarkTracker(std::size_t lanes) : handed_out_(lanes, 0), applied_(lanes, 0) {}

    /// The lane got the change `sequence`; numbers of one lane grow.
    void hand_out(std::size_t lane, Sequence sequence) noexcept { handed_out_[lane] = sequence; }
    /// The lane has applied everything it got up to `sequence`.
    void apply(std::size_t lane, Sequence sequence) noexcept { applied_[lane] = sequence; }
    /// A transaction or a statement ended here. Boundaries come in order.
    void add_boundary(Boundary boundary);

    /// Moves the watermark as far as it goes; true if it moved.
    bool advance();

    /// The newest boundary passed; nothing before the first.
    [[nodiscard]] const std::optional<Boundary>& watermark() const noexcept { return watermark_; }
    /// Boundaries are known that the watermark has not reached.
    [[nodiscard]] bool has_pending() const noexcept { return !pending_.empty(); }
    [[nodiscard]] bool is_drained() const noexcept { return handed_out_ == applied_; }
    /// The oldest boundary that is not passed; null if all are. Valid until the next change.
    [[nodiscard]] const Boundary* oldest_pending() const noexcept;
    /// Everything up to this number is applied.
    [[nodiscard]] Sequence applied_below() const noexcept;

  private:
    std::vector<Sequence> handed_out_;
    std::vector<Sequence> applied_;
    std::deque<Boundary> pending_;
    std::optional<Boundary> watermark_;
};

}  // namespace dm::checkpoint
