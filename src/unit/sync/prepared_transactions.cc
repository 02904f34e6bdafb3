#include "unit/sync/prepared_transactions.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace dm::sync {

void PreparedTransactions::open(model::BinlogPosition start) {
    (void)take_open();
    open_ = Prepared{.start = std::move(start), .is_whole = true, .rows = {}, .bytes = 0};
}

void PreparedTransactions::add(StagedRows rows) {
    if (!open_ || !open_->is_whole) return;
    const std::size_t size = rows.event.rows.size() + sizeof(StagedRows);
    if (bytes_ + size > max_bytes_) {
        bytes_ -= std::exchange(open_->bytes, 0);
        open_->rows = {};
        open_->is_whole = false;
        return;
    }
    bytes_ += size;
    open_->bytes += size;
    open_->rows.push_back(std::move(rows));
}

void PreparedTransactions::undo(const std::vector<UndoneChanges::Range>& ranges) {
    if (!open_ || ranges.empty()) return;
    ensure(open_->is_whole, ErrorCode::SyncEventUnsupported, [&] {
        return "the XA transaction that begins at " + open_->start.to_string() + " has undone a part of its changes";
    });
    std::erase_if(open_->rows, [&](const StagedRows& rows) {
        return std::ranges::any_of(
            ranges, [&](const auto& range) { return rows.number >= range.begin && rows.number < range.end; });
    });
}

void PreparedTransactions::prepare(const std::string& id) {
    if (!open_) return;
    (void)take(id);
    prepared_.emplace(id, *std::exchange(open_, std::nullopt));
}

std::optional<PreparedTransactions::Prepared> PreparedTransactions::take_open() {
    auto taken = std::exchange(open_, std::nullopt);
    if (taken) bytes_ -= taken->bytes;
    return taken;
}

std::optional<PreparedTransactions::Prepared> PreparedTransactions::take(const std::string& id) {
    const auto found = prepared_.find(id);
    if (found == prepared_.end()) return std::nullopt;
    std::optional<Prepared> taken = std::move(found->second);
    prepared_.erase(found);
    bytes_ -= taken->bytes;
    return taken;
}

void PreparedTransactions::forget_places() {
    (void)take_open();
    std::erase_if(prepared_, [](const auto& entry) { return !entry.second.is_whole; });
}

}  // namespace dm::sync
