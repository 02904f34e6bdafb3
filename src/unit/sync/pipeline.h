#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/bounded_queue.h"
#include "base/byte_cursor.h"
#include "base/error.h"
#include "core/checkpoint/watermark.h"
#include "core/dml/conflict_table.h"
#include "core/dml/row_change.h"
#include "core/dml/table_plan.h"
#include "core/model/value.h"
#include "unit/sync/event_place.h"

/// What the steps of a sync unit hand to each other.
namespace dm::sync {

/// Events that were read at once, one after the other. Whoever holds it keeps the memory of views into them.
struct EventChunk {
    std::string bytes;
    std::vector<std::size_t> ends;  ///< per event

    [[nodiscard]] ByteView event(std::size_t number) const {
        const std::size_t begin = number == 0 ? 0 : ends[number - 1];
        return as_bytes(bytes).subspan(begin, ends[number] - begin);
    }
};

/// Reader to translator.
struct ReaderItem {
    enum class Kind : std::uint8_t {
        Events,
        StreamBroken,  ///< after the events before this; the reader waits to be told where to begin again
        Wake,          ///< makes the translator look whether it has to stop
    };
    Kind kind = Kind::Wake;
    std::shared_ptr<const EventChunk> events;
};

/// The rows of one event with all that is needed to apply them. Immutable once it is queued; whoever holds it keeps the
/// memory that its rows and keys are views of.
struct RowsItem {
    std::shared_ptr<const dml::TablePlan> plan;
    dml::ChangeKind kind = dml::ChangeKind::Insert;
    bool is_safe = false;
    std::uint32_t timestamp = 0;
    EventPlace place;
    std::size_t bytes = 0;  ///< of memory, with the event that the values are views of
    model::RowBatch before;
    model::RowBatch after;
    std::vector<dml::CausalityKey> keys;  ///< of all rows, one after the other
    std::vector<std::uint32_t> key_ends;  ///< per row, the end of its keys

    [[nodiscard]] std::size_t size() const noexcept { return key_ends.size(); }
    [[nodiscard]] dml::RowChange change(std::size_t row) const {
        const std::uint32_t begin = row == 0 ? 0 : key_ends[row - 1];
        return {.kind = kind,
                .is_safe = is_safe,
                .plan = plan.get(),
                .before = kind == dml::ChangeKind::Insert ? model::Row{} : before.row(row),
                .after = kind == dml::ChangeKind::Delete ? model::Row{} : after.row(row),
                .keys = {keys.data() + begin, key_ends[row] - begin}};
    }
};

/// Translator to sequencer. `location` is a place to restart from once everything before it is applied.
struct TransactionEnd {
    model::Location location;
    std::uint32_t timestamp = 0;
    std::uint64_t committed_us = 0;  ///< 0: the upstream does not say
};
/// Everything before this is to be handed on at once; `ticket` is then reported as passed.
struct FlushRequest {
    std::uint64_t ticket = 0;
};
using SequencerItem = std::variant<std::shared_ptr<const RowsItem>, TransactionEnd, FlushRequest>;
/// Items travel together: handing over one by one costs more than making them.
using SequencerItems = std::vector<SequencerItem>;

/// Sequencer to appliers: one change of one lane.
struct Job {
    dml::RowChange change;
    std::shared_ptr<const RowsItem> rows;  ///< keeps the change's memory
    dml::Sequence sequence = 0;
    std::size_t bytes = 0;               ///< of memory, its share of `rows`
    std::vector<dml::Dependency> waits;  ///< of other lanes, to be applied before
};
using Slice = std::vector<Job>;

using ReaderQueue = BoundedQueue<ReaderItem>;
using SequencerQueue = BoundedQueue<SequencerItems>;
using LaneQueue = BoundedQueue<Slice>;

}  // namespace dm::sync
