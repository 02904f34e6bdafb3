#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/binlog/event.h"
#include "core/model/location.h"
#include "unit/sync/undone_changes.h"

namespace dm::sync {

/// One rows event put aside, undecoded, with what keeps its bytes.
struct StagedRows {
    binlog::RowsEvent event;
    std::shared_ptr<const binlog::TableMap> table;
    std::shared_ptr<const void> owner;
    std::size_t number = 0;  ///< among those of its transaction
    bool is_void = false;    ///< undone later in its transaction: nothing to apply, if its table has transactions
    bool is_undone = false;  ///< the opposite is to be applied, if its table has transactions
};

/// Keeps the rows of XA transactions from their preparation to their commit. What would take more than `max_bytes` in
/// all is not kept: only the place where it can be read again. A value type; one thread.
class PreparedTransactions {
  public:
    explicit PreparedTransactions(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    struct Prepared {
        model::BinlogPosition start;   ///< of its first event
        bool is_whole = true;          ///< `rows` are all of them; otherwise read them from `start`
        std::vector<StagedRows> rows;  ///< in the order of the binlog
        std::size_t bytes = 0;
    };

    /// The events that follow belong to an XA transaction which begins at `start`.
    void open(model::BinlogPosition start);
    [[nodiscard]] bool is_open() const noexcept { return open_.has_value(); }
    void add(StagedRows rows);
    /// Rows of the open transaction whose numbers are in these ranges do not count any more. Throws
    /// Error{SyncEventUnsupported} if they are not kept.
    void undo(const std::vector<UndoneChanges::Range>& ranges);
    /// The open transaction is prepared; an earlier one of that id is forgotten.
    void prepare(const std::string& id);
    /// The open transaction, which is committed at once; nothing if none is open.
    [[nodiscard]] std::optional<Prepared> take_open();
    /// The prepared transaction of that id, to be committed or forgotten; nothing if it is not known.
    [[nodiscard]] std::optional<Prepared> take(const std::string& id);
    /// The stream goes on elsewhere, perhaps on another server: the open transaction comes again, and places where
    /// others began mean nothing any more.
    void forget_places();
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  private:
    std::size_t max_bytes_;
    std::size_t bytes_ = 0;
    std::optional<Prepared> open_;
    std::map<std::string, Prepared> prepared_;
};

}  // namespace dm::sync
