#include "unit/copy/table_starter.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "unit/copy/create_table.h"
#include "unit/copy/target_table.h"
#include "unit/target/downstream.h"

namespace dm::copy {
namespace {

constexpr int kMaxStructureReads = 10;

std::shared_ptr<Chunk> make_chunk(const std::shared_ptr<TableJob>& job, target::ChunkRecord record, bool is_redo) {
    auto chunk = std::make_shared<Chunk>();
    chunk->job = job;
    chunk->record = std::move(record);
    chunk->is_redo = is_redo;
    return chunk;
}

StartedTable keyless_start(const std::shared_ptr<TableJob>& job, bool is_redo) {
    auto chunk = make_chunk(job, {.number = 1, .range = {}}, is_redo);
    chunk->is_whole_table = true;
    StartedTable started;
    started.chunks.push_back(std::move(chunk));
    started.is_split = true;
    return started;
}

}  // namespace

std::optional<StartedTable> TableStarter::start(const std::shared_ptr<TableJob>& job, BothSides sides) const {
    job->rows_done = 0;
    job->bytes_done = 0;
    if (job->record.state == target::CopyState::Copying && !job->record.point.source.is_empty())
        return resume(job, sides);
    return begin(job, sides);
}

std::optional<StartedTable> TableStarter::resume(const std::shared_ptr<TableJob>& job, BothSides sides) const {
    const auto structure = target::fetch_table(sides.upstream, job->source);
    auto shape = read_table_shape(sides.upstream, job->source);
    if (!structure || !shape) {
        forget(*job, sides);
        return std::nullopt;
    }
    const bool is_same = comparable_structure(*structure) == comparable_structure(job->record.point.create_table);
    const bool can_follow = shape->is_keyless() || is_available(job->record.point.low, purged_, options_.location_use);
    const bool has_target = target::fetch_table(sides.downstream, job->target).has_value();
    if (!is_same || !can_follow || !has_target) {
        const std::string_view reason = !is_same      ? "its structure changed"
                                        : !can_follow ? "the binlog it depends on was purged"
                                                      : "its target table is gone";
        log::warn("the copy of a table starts anew", {{"table", job->source.quoted()}, {"reason", reason}});
        make_void(*job, sides);
        return begin(job, sides);
    }
    job->shape = std::move(*shape);
    leave_out_generated(*job, sides);
    choose_modes(*job);
    job->mode = job->redo_mode;
    if (job->shape.is_keyless()) return keyless_start(job, true);

    StartedTable started;
    for (target::ChunkRecord& record : checkpoint_.load_chunks(sides.downstream, job->source)) {
        started.after = record.range.upper;
        started.next_number = record.number + 1;
        started.is_split = record.range.upper.empty();
        if (record.is_done) {
            job->rows_done += record.rows;
            job->bytes_done += record.bytes;
        } else {
            started.chunks.push_back(make_chunk(job, std::move(record), true));
        }
    }
    return started;
}

std::optional<StartedTable> TableStarter::begin(const std::shared_ptr<TableJob>& job, BothSides sides) const {
    model::Location low;
    std::optional<std::string> structure;
    for (int reads = 1;; ++reads) {
        structure = target::fetch_table(sides.upstream, job->source);
        auto shape = read_table_shape(sides.upstream, job->source);
        if (!structure || !shape) {
            forget(*job, sides);
            return std::nullopt;
        }
        job->shape = std::move(*shape);
        if (!job->shape.is_keyless()) low = low_.measure(sides.upstream, job->source);
        const auto after = target::fetch_table(sides.upstream, job->source);
        if (after && comparable_structure(*after) == comparable_structure(*structure)) break;
        low_.expire();
        ensure(reads < kMaxStructureReads, ErrorCode::CopyStructureChanged,
               fmt::format("the structure of {} keeps changing", job->source.quoted()));
    }
    job->record.point = {.source = job->source, .low = low, .high = model::Location(), .create_table = *structure};
    prepare_target(*job, sides);
    leave_out_generated(*job, sides);
    choose_modes(*job);
    target::TableCopyRecord record = job->record;
    record.state = target::CopyState::Copying;
    record.target = job->target;
    // A keyless table gets its record with its snapshot.
    if (!job->shape.is_keyless()) checkpoint_.save_table(sides.downstream, record);
    job->record = std::move(record);
    return job->shape.is_keyless() ? keyless_start(job, false) : StartedTable{};
}

void TableStarter::prepare_target(TableJob& job, BothSides sides) const {
    target::TableCopyRecord& record = job.record;
    const bool is_repeated = !record.target.is_empty();  // an earlier copy got as far as writing rows
    if (is_repeated && !job.is_shared_target && record.owns_target) {
        sides.downstream.execute(fmt::format("DROP TABLE IF EXISTS {}", job.target.quoted()));
    } else if (is_repeated && !job.is_shared_target && record.was_empty) {
        clear_target_table(sides.downstream, job.target);
    } else if (is_repeated) {
        throw Error(ErrorCode::CopyStructureChanged,
                    fmt::format("{} must be copied anew, but its rows in {} cannot be told from others",
                                job.source.quoted(), job.target.quoted()))
            .with_retry(RetryClass::Never)
            .with_workaround("Stop the task, clear the target table, start the task with `--remove-meta`.");
    }
    // Replication made this target table since the last copy. It would skip what it has not met of the table's binlog,
    // so the copy must bring everything: rows deleted meanwhile must not stay.
    if (!is_repeated && !options_.is_sync_fresh && !job.is_shared_target)
        sides.downstream.execute(fmt::format("DROP TABLE IF EXISTS {}", job.target.quoted()));
    if (!target::fetch_table(sides.downstream, job.target)) {
        create_target_table(sides.upstream, sides.downstream,
                            {.source = job.source, .create_table = record.point.create_table}, job.target, notices_);
        record.owns_target = true;
        record.was_empty = true;
    } else {
        record.was_empty = !has_rows(sides.downstream, job.target);
    }
    const bool is_alone = record.was_empty && !job.is_shared_target;
    ensure(!job.shape.is_keyless() || is_alone, ErrorCode::CopyKeyless,
           fmt::format("{} has no primary key and no unique key of NOT NULL columns, and its target {} {}: its rows "
                       "could not be told from "
                       "others if the copy had to start again",
                       job.source.quoted(), job.target.quoted(),
                       record.was_empty ? "is shared with other tables" : "is not empty"));
}

void TableStarter::choose_modes(TableJob& job) const {
    const bool is_alone = job.record.was_empty && !job.is_shared_target;
    job.redo_mode =
        options_.on_duplicate == OnDuplicate::Ignore ? target::WriteMode::Ignore : target::WriteMode::Replace;
    job.mode = job.redo_mode;
    // Rows that move between chunks under a second unique key must push the older version out.
    const bool cannot_clash = is_alone && job.shape.unique_keys <= 1;
    if (cannot_clash || (options_.on_duplicate == OnDuplicate::Error && !is_alone))
        job.mode = target::WriteMode::Insert;
    if (job.shape.is_keyless()) job.mode = job.redo_mode = target::WriteMode::Insert;
}

/// Columns that are ordinary upstream but computed in a target table made by hand.
void TableStarter::leave_out_generated(TableJob& job, BothSides sides) const {
    if (job.record.owns_target) return;
    for (const std::string& name : generated_columns(sides.downstream, job.target)) {
        std::erase_if(job.shape.columns, [&](const CopyColumn& column) { return column.name == name; });
    }
}

void TableStarter::make_void(TableJob& job, BothSides sides) const {
    low_.expire();
    checkpoint_.drop_table(sides.downstream, job.source);
    job.record.state = target::CopyState::Void;
}

void TableStarter::forget(TableJob& job, BothSides sides) const {
    log::warn("a table is gone upstream, its copy is given up", {{"table", job.source.quoted()}});
    if (job.record.owns_target && !job.is_shared_target) {
        sides.downstream.execute(fmt::format("DROP TABLE IF EXISTS {}", job.target.quoted()));
    }
    checkpoint_.forget_table(sides.downstream, job.source);
}

TableStarter::End TableStarter::finish(TableJob& job, BothSides sides) const {
    if (!job.shape.is_keyless()) job.record.point.high = measure_high(sides.upstream);
    const auto structure = target::fetch_table(sides.upstream, job.source);
    if (!structure) {
        forget(job, sides);
        return End::Gone;
    }
    if (comparable_structure(*structure) != comparable_structure(job.record.point.create_table)) {
        log::warn("the copy of a table starts anew",
                  {{"table", job.source.quoted()}, {"reason", "its structure changed"}});
        make_void(job, sides);
        return End::Again;
    }
    job.record.state = target::CopyState::Complete;
    job.record.rows = job.rows_done;
    job.record.bytes = job.bytes_done;
    checkpoint_.save_table(sides.downstream, job.record);
    checkpoint_.drop_chunks(sides.downstream, job.source);
    return End::Complete;
}

bool TableStarter::open_keyless(TableJob& job, BothSides sides, sql::SqlSession& helper, bool must_clear) const {
    if (must_clear) clear_target_table(sides.downstream, job.target);
    job.record.point.low = open_snapshot(sides.upstream, helper, job.source);
    job.record.point.high = job.record.point.low;
    const auto structure = target::fetch_table(sides.upstream, job.source);
    if (!structure || comparable_structure(*structure) != comparable_structure(job.record.point.create_table)) {
        checkpoint_.save_table(sides.downstream, job.record);
        make_void(job, sides);
        return false;
    }
    checkpoint_.save_table(sides.downstream, job.record);
    return true;
}

}  // namespace dm::copy
