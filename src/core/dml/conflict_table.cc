#include "core/dml/conflict_table.h"

#include <algorithm>
#include <utility>

namespace dm::dml {
namespace {
constexpr std::size_t kMinSlots = 1024;
}

ConflictTable::Entry& ConflictTable::find(CausalityKey key) noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = static_cast<std::size_t>(key) & mask;
    while (slots_[at].sequence != 0 && slots_[at].key != key) at = (at + 1) & mask;
    return slots_[at];
}

void ConflictTable::make_room(std::size_t keys) {
    if ((used_ + keys) * 2 <= slots_.size()) return;
    const auto live = static_cast<std::size_t>(
        std::ranges::count_if(slots_, [&](const Entry& entry) { return entry.sequence != 0 && is_in_flight(entry); }));
    std::size_t size = kMinSlots;
    while (size < (live + keys) * 4) size *= 2;
    const auto old = std::exchange(slots_, std::vector<Entry>(size));
    used_ = 0;
    for (const Entry& entry : old) {
        if (entry.sequence == 0 || !is_in_flight(entry)) continue;
        find(entry.key) = entry;
        ++used_;
    }
}

ConflictTable::Decision ConflictTable::place(std::span<const CausalityKey> keys, Sequence sequence,
                                             std::uint32_t preferred, std::vector<Dependency>& waits) {
    make_room(keys.size());
    Decision decision{.lane = preferred, .is_free = true};
    Sequence newest = 0;
    for (const CausalityKey key : keys) {
        const Entry& entry = find(key);
        if (entry.sequence <= newest || !is_in_flight(entry)) continue;
        newest = entry.sequence;
        decision = {.lane = entry.lane, .is_free = false};
    }
    for (const CausalityKey key : keys) {
        Entry& entry = find(key);
        if (entry.sequence != 0 && is_in_flight(entry) && entry.lane != decision.lane) {
            const auto known = std::ranges::find(waits, entry.lane, &Dependency::lane);
            if (known == waits.end()) {
                waits.push_back({.lane = entry.lane, .sequence = entry.sequence});
            } else {
                known->sequence = std::max(known->sequence, entry.sequence);
            }
        }
        if (entry.sequence == 0) ++used_;
        entry = {.key = key, .sequence = sequence, .lane = decision.lane};
    }
    return decision;
}

}  // namespace dm::dml
