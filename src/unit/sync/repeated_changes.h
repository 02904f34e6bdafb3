#pragma once

#include <cstdint>
#include <optional>

#include "core/model/location.h"

namespace dm::sync {

/// Which changes (rows events, statements) of the transaction under way have been handled, so that a stream that breaks
/// inside it is taken up where it was left. A value type; one thread.
class RepeatedChanges {
  public:
    /// A change and the transaction it is part of, as the stream tells them.
    struct Change {
        model::BinlogPosition end;  ///< of its event
        std::optional<model::Gtid> gtid;
        std::uint32_t timestamp = 0;
        bool operator==(const Change&) const = default;
    };
    enum class Verdict : std::uint8_t {
        New,
        Repeated,  ///< has been handled
        Moved,     ///< new, but its transaction may be applied in part: it came before, in another file or server's
        Lost,      ///< new; what was handled of another transaction before is of one that the stream no longer has
    };
    [[nodiscard]] Verdict take(Change change);
    /// The transaction is complete, or something else that is: there is nothing left to repeat once changes came.
    void end_transaction();
    /// The stream goes on where the transaction under way began.
    void begin_again();

    /// Whether changes may have been applied before: of this transaction, or of any after one was lost.
    [[nodiscard]] bool may_be_applied() const noexcept { return is_moved_ || is_lost_; }

  private:
    std::optional<Change> first_;  // of the transaction under way
    std::uint64_t seen_ = 0;       // of it since the stream began
    std::uint64_t to_skip_ = 0;    // handled before it broke
    bool is_moved_ = false;
    bool is_lost_ = false;
};

}  // namespace dm::sync
