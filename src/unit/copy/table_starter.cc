#include "unit/copy/table_starter.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "core/sql/check_constraints.h"
#include "unit/copy/create_table.h"
#include "unit/copy/target_table.h"
#include "unit/copy/unique_keys.h"
#include "unit/target/adaptation.h"
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

std::vector<std::optional<StartedTable>> TableStarter::start(Jobs jobs, BothSides sides) const {
    std::vector<std::optional<StartedTable>> started(jobs.size());
    std::vector<std::shared_ptr<TableJob>> fresh;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        jobs[i]->rows_done = 0;
        jobs[i]->bytes_done = 0;
        const target::TableCopyRecord& record = jobs[i]->record;
        // Without a target it was never recorded as begun: an attempt to start it was interrupted.
        if (record.state == target::CopyState::Copying && !record.target.is_empty())
            started[i] = resume(jobs[i], sides);
        if (!started[i] && !jobs[i]->is_gone) fresh.push_back(jobs[i]);
    }
    survey(fresh, sides);
    announce(fresh, sides);
    std::vector<target::TableCopyRecord> records;
    for (const auto& job : fresh) {
        if (job->is_gone) continue;
        begin(*job, sides);
        // A keyless table gets its record with its snapshot.
        if (job->shape.is_keyless()) {
            if (lacks_transactions(job->record.point.create_table))
                notices_.add("table without a key and without transactions", job->source.quoted(),
                             "rows that are written while it is copied may come twice: compare it when all is applied");
            continue;
        }
        records.push_back(job->record);
        records.back().state = target::CopyState::Copying;
        records.back().target = job->target;
    }
    std::vector<const target::TableCopyRecord*> saved;
    for (const auto& record : records) saved.push_back(&record);
    checkpoint_.save_tables(sides.downstream, saved);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        TableJob& job = *jobs[i];
        if (started[i] || job.is_gone) continue;
        job.record.state = target::CopyState::Copying;
        job.record.target = job.target;
        job.is_surveyed = false;
        started[i] = job.shape.is_keyless() ? keyless_start(jobs[i], false) : StartedTable{};
    }
    return started;
}

/// One place for all of them.
model::Location TableStarter::low_of(Jobs jobs, sql::SqlSession& upstream) const {
    if (way_.is_snapshot) return {};
    std::vector<model::TableName> tables;
    for (const auto& job : jobs) tables.push_back(job->source);
    return measure_low(upstream, options_.location_use, tables, way_.patience);
}

/// Structure, shape and LOW of tables that are copied from the start. What is known already is left as it is.
void TableStarter::survey(Jobs jobs, BothSides sides) const {
    std::vector<std::shared_ptr<TableJob>> open;
    std::ranges::copy_if(jobs, std::back_inserter(open), [](const auto& job) { return !job->is_surveyed; });
    for (int reads = 1; !open.empty(); ++reads) {
        for (const auto& job : open) {
            const auto structure = target::fetch_table(sides.upstream, job->source);
            auto shape = read_table_shape(sides.upstream, job->source);
            job->is_gone = !structure || !shape;
            if (job->is_gone) {
                forget(*job, sides);
                continue;
            }
            job->shape = std::move(*shape);
            job->record.point = {
                .source = job->source, .low = model::Location(), .high = model::Location(), .create_table = *structure};
        }
        std::erase_if(open, [](const auto& job) { return job->is_gone; });
        if (open.empty()) return;
        const model::Location low = low_of(open, sides.upstream);
        // The structure at LOW is known if it was the same before and after.
        std::erase_if(open, [&](const auto& job) {
            const auto after = target::fetch_table(sides.upstream, job->source);
            job->is_surveyed =
                after && comparable_structure(*after) == comparable_structure(job->record.point.create_table);
            if (job->is_surveyed && !job->shape.is_keyless()) job->record.point.low = low;
            return job->is_surveyed;
        });
        ensure(open.empty() || reads < kMaxStructureReads, ErrorCode::CopyStructureChanged,
               fmt::format("the structure of {} keeps changing", open.empty() ? "" : open.front()->source.quoted()));
    }
}

/// Nothing: the table is gone, or its copy is void and begins anew.
std::optional<StartedTable> TableStarter::resume(const std::shared_ptr<TableJob>& job, BothSides sides) const {
    const auto structure = target::fetch_table(sides.upstream, job->source);
    auto shape = read_table_shape(sides.upstream, job->source);
    job->is_gone = !structure || !shape;
    if (job->is_gone) {
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
        notices_.add(kStartedAnew, job->source.quoted(), reason);
        make_void(*job, sides);
        return std::nullopt;
    }
    job->shape = std::move(*shape);
    fit_to_target(*job, sides);
    compare_keys(*job, sides);
    if (job->is_strict) {
        notices_.add(kStartedAnew, job->source.quoted(),
                     "it was interrupted, and under keys that may tell apart less nothing can be written twice");
        make_void(*job, sides);
        return std::nullopt;
    }
    choose_modes(*job);
    job->mode = job->redo_mode;
    job->is_resumed = true;
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

/// Records target tables before they are created: whoever finds one after a crash must know that it is the copy's own,
/// and may have a structure that the upstream's table has no longer.
void TableStarter::announce(Jobs jobs, BothSides sides) const {
    std::vector<target::TableCopyRecord> records;
    for (const auto& job : jobs) {
        const bool is_new = !job->is_gone && job->record.target.is_empty() && !job->is_shared_target;
        job->lacks_target = is_new && !target::fetch_table(sides.downstream, job->target);
        if (!job->lacks_target) continue;
        records.push_back(job->record);
        records.back().state = target::CopyState::Void;
        records.back().target = job->target;
        records.back().owns_target = true;
        records.back().was_empty = true;
    }
    std::vector<const target::TableCopyRecord*> saved;
    for (const auto& record : records) saved.push_back(&record);
    checkpoint_.save_tables(sides.downstream, saved);
}

void TableStarter::begin(TableJob& job, BothSides sides) const {
    prepare_target(job, sides);
    fit_to_target(job, sides);
    for (const std::string& column : zoned_columns(job.record.point.create_table))
        notices_.add("generated column that depends on a time zone, computed in UTC", job.source.quoted(), column);
    choose_modes(job);
}

void TableStarter::prepare_target(TableJob& job, BothSides sides) const {
    target::TableCopyRecord& record = job.record;
    const bool is_repeated = !record.target.is_empty();  // an earlier copy got as far as writing rows
    if (is_repeated) checkpoint_.drop_chunks(sides.downstream, job.source);
    record.late_indexes.clear();
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
    job.is_strict = false;
    if (job.lacks_target || !target::fetch_table(sides.downstream, job.target)) {
        create_target(job, sides);
    } else {
        record.was_empty = !has_rows(sides.downstream, job.target);
        if (!record.was_empty && !job.is_shared_target) {
            notices_.add("target table that held rows before", job.target.quoted(),
                         "those that the upstream does not have stay");
        }
        compare_keys(job, sides);
    }
    ensure(!job.shape.is_keyless() || job.is_alone(), ErrorCode::CopyKeyless,
           fmt::format("{} has no primary key and no unique key of NOT NULL columns, and its target {} {}: its rows "
                       "could not be told from "
                       "others if the copy had to start again",
                       job.source.quoted(), job.target.quoted(),
                       record.was_empty ? "is shared with other tables" : "is not empty"));
}

void TableStarter::create_target(TableJob& job, BothSides sides) const {
    target::TableCopyRecord& record = job.record;
    const auto route = [&](const model::TableName& parent) {
        return router_.route({parent.schema.empty() ? job.source.schema : parent.schema, parent.table});
    };
    TableSource source{.source = job.source, .create_table = record.point.create_table, .route = route};
    if (options_.keeps_collations)
        source.create_table = sql::state_collations(source.create_table, collation_defaults(sides.upstream));
    leave_out_checks(source.create_table, job, sides);
    record.owns_target = true;
    record.was_empty = true;
    // TiDB adds indexes in the background, row by row: nothing is gained by waiting.
    const bool may_wait = !job.is_shared_target && !job.shape.is_keyless() && !sides.downstream.version().is_tidb;
    if (may_wait && job.shape.data_bytes >= options_.late_index_bytes) {
        WithoutIndexes without = take_out_indexes(source.create_table);
        source.create_table = std::move(without.create_table);
        record.late_indexes = std::move(without.indexes);
    }
    if (!record.late_indexes.empty()) {
        // Recorded before the table is there: whoever finds it must know that something is missing.
        record.state = target::CopyState::Void;
        record.target = job.target;
        checkpoint_.save_table(sides.downstream, record);
    }
    const std::string& schema = job.target.schema;
    if (!schemas_.with([&](const auto& known) { return known.contains(schema); })) {
        ensure_schema(sides.upstream, sides.downstream, job.source.schema, schema, adaptation());
        schemas_.with([&](auto& known) { known.insert(schema); });
    }
    try {
        if (!create_target_table(sides.downstream, source, job.target, adaptation())) compare_keys(job, sides);
    } catch (const Error& error) {
        // What is then created by hand is not the copy's own.
        if (error.code() == ErrorCode::CopyPlan) checkpoint_.forget_table(sides.downstream, job.source);
        throw;
    }
}

void TableStarter::leave_out_checks(std::string& create_table, const TableJob& job, BothSides sides) const {
    const auto is_mariadb = [](sql::SqlSession& side) { return side.version().flavor == model::Flavor::MariaDb; };
    if (!is_mariadb(sides.upstream) || is_mariadb(sides.downstream)) return;
    sql::AdaptedStatement left = sql::without_checks(create_table);
    create_table = std::move(left.text);
    if (!left.changes.empty())
        notices_.add(std::string(target::kAdapted), job.target.quoted(),
                     fmt::format("{}", fmt::join(left.changes, "; ")));
}

Adaptation TableStarter::adaptation() const {
    return {.notices = notices_, .keeps_collations = options_.keeps_collations};
}

sql::CollationDefaults TableStarter::collation_defaults(sql::SqlSession& upstream) const {
    sql::CollationDefaults known = collations_.copy();
    if (!known.empty()) return known;
    known = target::read_collation_defaults(upstream);
    collations_.set(known);
    return known;
}

/// Rows that differ upstream might be one row in the target: one would push the other out, and nobody would know.
void TableStarter::compare_keys(TableJob& job, BothSides sides) const {
    job.is_strict = false;
    const auto coarser = dml::find_coarser_key(read_unique_keys(sides.upstream, job.source),
                                               read_unique_keys(sides.downstream, job.target));
    if (!coarser) return;
    notices_.add(std::string(dml::kCoarserKey), job.source.quoted(), *coarser);
    job.is_strict = job.is_alone() && !job.shape.is_keyless();
}

void TableStarter::choose_modes(TableJob& job) const {
    job.redo_mode =
        options_.on_duplicate == OnDuplicate::Ignore ? target::WriteMode::Ignore : target::WriteMode::Replace;
    job.mode = job.redo_mode;
    // Rows that move between chunks under a second unique key must push the older version out.
    const bool cannot_clash = job.is_alone() && job.shape.unique_keys <= 1;
    if (cannot_clash || job.is_strict || (options_.on_duplicate == OnDuplicate::Error && !job.is_alone()))
        job.mode = target::WriteMode::Insert;
    if (job.shape.is_keyless()) job.mode = job.redo_mode = target::WriteMode::Insert;
}

/// Leaves out columns that are ordinary upstream but computed in a target table made by hand.
void TableStarter::fit_to_target(TableJob& job, BothSides sides) const {
    for (CopyColumn& column : job.shape.columns) {
        if (column.kind == CellKind::Vector && sides.downstream.version().is_tidb) column.kind = CellKind::VectorText;
    }
    if (job.record.owns_target) return;
    for (const std::string& name : generated_columns(sides.downstream, job.target)) {
        const auto left_out =
            std::erase_if(job.shape.columns, [&](const CopyColumn& column) { return column.name == name; });
        if (left_out > 0)
            notices_.add("column that the target computes, the upstream's values are left out", job.target.quoted(),
                         name);
    }
}

void TableStarter::make_void(TableJob& job, BothSides sides) const {
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

std::vector<TableStarter::End> TableStarter::finish(Jobs jobs, BothSides sides) const {
    const bool has_keys =
        !way_.is_snapshot && std::ranges::any_of(jobs, [](const auto& job) { return !job->shape.is_keyless(); });
    const model::Location high = has_keys ? measure_high(sides.upstream) : model::Location();
    std::vector<End> ends;
    std::vector<const target::TableCopyRecord*> records;
    for (const auto& job : jobs) {
        if (!job->shape.is_keyless()) job->record.point.high = high;
        ends.push_back(compare(*job, sides));
        if (ends.back() != End::Complete) continue;
        job->record.state = target::CopyState::Complete;
        job->record.late_indexes.clear();
        job->record.rows = job->rows_done;
        job->record.bytes = job->bytes_done;
        records.push_back(&job->record);
    }
    checkpoint_.save_tables(sides.downstream, records);
    for (const auto& job : jobs) {
        if (job->record.state != target::CopyState::Complete) continue;
        // The single rows of small tables go when all tables are complete.
        if (!job->is_one_chunk) checkpoint_.drop_chunks(sides.downstream, job->source);
        // Of thousands of tables that are done only the figures are kept.
        job->shape = {};
        job->record.point = {};
    }
    return ends;
}

/// The table as it is after its last chunk: complete with all its indexes, or not what was copied.
TableStarter::End TableStarter::compare(TableJob& job, BothSides sides) const {
    const auto structure = target::fetch_table(sides.upstream, job.source);
    if (!structure) {
        forget(job, sides);
        return End::Gone;
    }
    if (comparable_structure(*structure) != comparable_structure(job.record.point.create_table)) {
        notices_.add(kStartedAnew, job.source.quoted(), "its structure changed");
        make_void(job, sides);
        return End::Again;
    }
    if (!job.record.late_indexes.empty()) {
        log::info("adding indexes", {{"table", job.target.quoted()}, {"count", job.record.late_indexes.size()}});
        add_indexes(sides.downstream, job.target, job.record.late_indexes, adaptation());
    }
    return End::Complete;
}

bool TableStarter::open_keyless(TableJob& job, BothSides sides, sql::SqlSession& helper, bool must_clear) const {
    if (must_clear) clear_target_table(sides.downstream, job.target);
    if (!way_.is_snapshot)
        job.record.point.low = open_snapshot(sides.upstream, helper, options_.location_use, job.source, way_.patience);
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
