#include "unit/copy/copy_unit.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/guarded.h"
#include "base/log.h"
#include "base/step.h"
#include "unit/copy/batch_writer.h"
#include "unit/copy/copy_plan.h"
#include "unit/copy/locked_snapshot.h"
#include "unit/copy/table_reader.h"
#include "unit/copy/target_table.h"
#include "unit/target/copy_checkpoint.h"
#include "unit/target/downstream.h"

namespace dm::copy {
namespace {

constexpr std::size_t kMaxQueuedBatches = 4096;
// Tables that came under another name while others were copied are found by listing again; where tables come all the
// time this has to end.
constexpr int kMaxListings = 20;
constexpr int kMaxOvertaken = 5;
constexpr std::size_t kMaxTablesShown = 16;
constexpr auto kDrainTime = std::chrono::milliseconds(800);
constexpr auto kDrainStep = std::chrono::milliseconds(20);
constexpr auto kRateWindow = std::chrono::seconds(2);

/// Progress, as `status` shows it.
struct Progress {
    std::vector<std::shared_ptr<TableJob>> jobs;
    std::uint64_t tables_done_before = 0;  ///< complete when the run began
    std::uint64_t rows_done_before = 0;
    std::uint64_t bytes_done_before = 0;
    model::Location low = model::Location();
    model::Location highest = model::Location();
};

/// Bytes per second since a moment some seconds ago.
struct Rate {
    std::optional<Clock::TimePoint> since;
    std::uint64_t bytes_then = 0;
    std::int64_t per_second = 0;
};

/// What one run needs; made anew for each.
struct RunParts {
    RunParts(const CopyOptions& options, const CopyEnvironment& environment)
        : budget(options.statement_budget),
          upstream(environment.upstream),
          downstream(environment.downstream),
          board(options.readers),
          ledger(board, options.retry.max_attempts),
          queue(kMaxQueuedBatches, 1),
          pace(options.writers, *environment.clock) {}

    ByteBudget budget;  ///< outlives the chunks and batches below
    SessionGroup upstream;
    SessionGroup downstream;
    CopyBoard board;
    ChunkLedger ledger;
    BoundedQueue<Batch> queue;
    WriterPace pace;
    PurgedBinlog purged;
    bool is_snapshot = false;  ///< one locked snapshot is copied
    bool has_begun = false;    ///< among the work are copies that the checkpoint knows as begun, or void
    std::stop_source abort;    ///< ends every step: stop, kill, an error
    Guarded<std::optional<Error>> error;
    std::atomic<int> running_writers{0};

    void fail(const Error& cause) {
        error.with([&](auto& first) {
            if (!first) first = cause;
        });
        abort.request_stop();
        upstream.cancel();
    }
};

/// Tables are copied in any order, so that children may come before their parents: whatever the task's sessions check,
/// those of the copy do not.
CopyEnvironment without_foreign_keys(CopyEnvironment environment) {
    environment.downstream =
        target::with_session_variables(std::move(environment.downstream), {{"foreign_key_checks", "0"}});
    return environment;
}

}  // namespace

struct CopyUnit::State {
    State(CopyOptions settings, CopyEnvironment with)
        : options(std::move(settings)), environment(without_foreign_keys(std::move(with))) {}

    const CopyOptions options;
    const CopyEnvironment environment;
    NoticeBook notices;
    bool listed = false;  ///< what is not copied was counted
    bool is_snapshot_said = false;
    bool is_recopy = false;  ///< replication has begun, and gave tables back to be copied again
    std::atomic<bool> is_killed{false};
    Guarded<std::shared_ptr<RunParts>> current;  ///< while a run is under way
    Guarded<Progress> progress;
    mutable Guarded<Rate> rate;

    target::UnitOutcome run(std::stop_token stop);
    [[nodiscard]] LockPatience patience(std::stop_token stop) const { return {*environment.clock, std::move(stop)}; }
    [[nodiscard]] std::vector<PlannedTable> list(sql::SqlSession& upstream, sql::SqlSession& downstream);
    void plan(RunParts& parts, const target::CopyCheckpoint& checkpoint);
    void add_tables(RunParts& parts, sql::SqlSession& downstream, const std::vector<PlannedTable>& listed_tables,
                    std::map<model::TableName, target::TableCopyRecord>& records);
    [[nodiscard]] bool is_of_replication(sql::SqlSession& downstream, const PlannedTable& unknown) const;
    [[nodiscard]] model::Location place_of_all(sql::SqlSession& upstream, std::stop_token stop) const;
    [[nodiscard]] model::Location take_floor(sql::SqlSession& upstream, sql::SqlSession& downstream,
                                             const target::CopyCheckpoint& checkpoint, std::stop_token stop) const;
    void leave_to_replication();
    void plan_snapshot(RunParts& parts, const target::CopyCheckpoint& checkpoint, const std::string& reason);
    void work(RunParts& parts, const target::CopyCheckpoint& checkpoint);
    void close_snapshot(const target::CopyCheckpoint& checkpoint, RunParts& parts);
    void collect(const target::CopyCheckpoint& checkpoint, RunParts& parts);
};

namespace {

/// Copies that were begun, or are void, of tables that are gone upstream: their rows belong to nobody.
void forget_vanished(sql::SqlSession& downstream, const target::CopyCheckpoint& checkpoint,
                     const std::vector<PlannedTable>& listed,
                     std::map<model::TableName, target::TableCopyRecord>& records) {
    std::set<model::TableName> there;
    for (const PlannedTable& table : listed) there.insert(table.source);
    std::erase_if(records, [&](const auto& entry) {
        const auto& [source, record] = entry;
        if (there.contains(source) || record.state == target::CopyState::Complete) return false;
        const bool is_shared =
            std::ranges::find(listed, record.target, &PlannedTable::target) != listed.end() ||
            std::ranges::count_if(records, [&](const auto& other) { return other.second.target == record.target; }) > 1;
        log::warn("a table is gone upstream, its copy is given up", {{"table", source.quoted()}});
        if (record.owns_target && !is_shared)
            downstream.execute(fmt::format("DROP TABLE IF EXISTS {}", record.target.quoted()));
        checkpoint.forget_table(downstream, source);
        return true;
    });
}

/// Leaves so many tables that an answer stays readable.
void keep_largest(target::CopyStatus& status) {
    status.tables_copying = status.tables.size();
    std::ranges::stable_sort(status.tables, std::ranges::greater{},
                             [](const target::TableProgress& table) { return table.bytes_total - table.bytes_done; });
    if (status.tables.size() > kMaxTablesShown) status.tables.resize(kMaxTablesShown);
}

}  // namespace

/// Whether a table without a record is replication's own: it appeared since that began, which meets, or has met, how it
/// came to be. If tables are copied again it may be one of them under a new name, which replication does not make:
/// unless it is there already, it is copied.
bool CopyUnit::State::is_of_replication(sql::SqlSession& downstream, const PlannedTable& unknown) const {
    return !options.is_sync_fresh && (!is_recopy || target::fetch_table(downstream, unknown.target));
}

/// Puts tables that are not complete on the board.
void CopyUnit::State::add_tables(RunParts& parts, sql::SqlSession& downstream,
                                 const std::vector<PlannedTable>& listed_tables,
                                 std::map<model::TableName, target::TableCopyRecord>& records) {
    for (const PlannedTable& table : listed_tables) {
        const auto found = records.find(table.source);
        const bool is_complete =
            found != records.end() && found->second.state == target::CopyState::Complete &&
            (!options.is_sync_fresh || is_available(found->second.point.low, parts.purged, options.location_use));
        if (is_complete || (found == records.end() && is_of_replication(downstream, table))) continue;
        auto job = std::make_shared<TableJob>();
        job->source = table.source;
        job->target = table.target;
        job->is_shared_target = table.is_merged || (options.is_sharding && table.source != table.target);
        job->bytes_total = table.bytes_total;
        job->rows_total = table.rows_total;
        if (found != records.end()) {
            job->record = found->second;
            parts.has_begun = true;
        }
        if (job->record.state == target::CopyState::Complete) {
            notices.add(kStartedAnew, job->source.quoted(), "the binlog it depends on was purged");
            job->record.state = target::CopyState::Void;
        }
        progress.with([&](Progress& p) { p.jobs.push_back(job); });
        parts.board.add(std::move(job));
    }
}

/// A place that is safe for every table: by a lock on everything or, without the privilege, on each of those there are.
/// What is created meanwhile is found by the listing that follows.
model::Location CopyUnit::State::place_of_all(sql::SqlSession& upstream, std::stop_token stop) const {
    const LockPatience waits = patience(std::move(stop));
    try {
        return measure_low(upstream, options.location_use, {}, waits);
    } catch (const Error& error) {
        std::vector<model::TableName> tables;
        if (error.code() == ErrorCode::CopyPositionUnknown) {
            for (auto& table : list_tables(upstream, *environment.filter, *environment.router, nullptr))
                tables.push_back(std::move(table.source));
        }
        if (tables.empty()) throw;
        return measure_low(upstream, options.location_use, tables, waits);
    }
}

/// Records the place from which replication reads, and the schemas' character sets there, which none has changed
/// meanwhile.
model::Location CopyUnit::State::take_floor(sql::SqlSession& upstream, sql::SqlSession& downstream,
                                            const target::CopyCheckpoint& checkpoint, std::stop_token stop) const {
    for (auto before = target::fetch_schema_charsets(upstream);;) {
        model::Location floor = place_of_all(upstream, stop);
        auto charsets = target::fetch_schema_charsets(upstream);
        if (charsets == before || stop.stop_requested()) {
            checkpoint.save_floor(downstream, floor, charsets);
            return floor;
        }
        before = std::move(charsets);
    }
}

/// Tables that appeared when there had been listings enough. What was created since the copy began replication makes;
/// what was renamed from a table that is not copied it does not, so that they are named.
void CopyUnit::State::leave_to_replication() {
    for (const auto& job : progress.copy().jobs)
        notices.add("table that came as the copy ended, left to replication", job->source.quoted(),
                    "replication makes it if it was created since the copy began, not if it was renamed from a table "
                    "that is not copied");
}

/// The tables to copy. The first time, what is not copied is counted, and schemas without tables are made in the
/// target.
std::vector<PlannedTable> CopyUnit::State::list(sql::SqlSession& upstream, sql::SqlSession& downstream) {
    const bool is_first = !std::exchange(listed, true);
    auto tables = list_tables(upstream, *environment.filter, *environment.router, is_first ? &notices : nullptr);
    refuse_twins(downstream, tables);
    if (!is_first) return tables;
    for (const auto& schema : list_empty_schemas(upstream, *environment.filter, tables))
        ensure_schema(upstream, downstream, schema, environment.router->route({schema, {}}).schema,
                      {.notices = notices, .keeps_collations = options.keeps_collations});
    return tables;
}

void CopyUnit::State::plan(RunParts& parts, const target::CopyCheckpoint& checkpoint) {
    ManagedSession upstream(parts.upstream);
    ManagedSession downstream(parts.downstream);
    checkpoint.prepare(downstream.get());
    auto floor = checkpoint.load_floor(downstream.get());
    if (const auto reason = options.is_full ? why_no_binlog(upstream.get()) : std::nullopt) {
        parts.is_snapshot = true;
        plan_snapshot(parts, checkpoint, *reason);
        return;
    }
    parts.purged = read_purged(upstream.get());
    if (!floor || (options.is_sync_fresh && !is_available(*floor, parts.purged, options.location_use))) {
        floor = take_floor(upstream.get(), downstream.get(), checkpoint, parts.abort.get_token());
    }
    auto records = checkpoint.load_tables(downstream.get());
    Progress fresh;
    fresh.low = *floor;
    for (const auto& [source, record] : records) {
        if (record.state != target::CopyState::Complete) continue;
        ++fresh.tables_done_before;
        fresh.rows_done_before += record.rows;
        fresh.bytes_done_before += record.bytes;
    }
    progress.set(std::move(fresh));
    const bool has_open = std::ranges::any_of(
        records, [](const auto& entry) { return entry.second.state != target::CopyState::Complete; });
    if (!options.is_sync_fresh && has_open) is_recopy = true;
    const auto listed_tables = list(upstream.get(), downstream.get());
    forget_vanished(downstream.get(), checkpoint, listed_tables, records);
    add_tables(parts, downstream.get(), listed_tables, records);
}

/// Everything anew, unless an earlier run has got to the end: then the floor is there, and no place in a binlog.
void CopyUnit::State::plan_snapshot(RunParts& parts, const target::CopyCheckpoint& checkpoint,
                                    const std::string& reason) {
    ManagedSession upstream(parts.upstream);
    ManagedSession downstream(parts.downstream);
    progress.set({});
    const auto floor = checkpoint.load_floor(downstream.get());
    if (floor && floor->is_zero()) return;
    if (!std::exchange(is_snapshot_said, true))
        notices.add("copied as one locked snapshot, from the start after an interruption", options.source_id, reason);
    auto records = checkpoint.load_tables(downstream.get());
    for (auto& [source, record] : records) record.state = target::CopyState::Void;
    add_tables(parts, downstream.get(), list(upstream.get(), downstream.get()), records);
}

void CopyUnit::State::work(RunParts& parts, const target::CopyCheckpoint& checkpoint) {
    const std::stop_token abort = parts.abort.get_token();
    const TableStarter starter(options, *environment.router, checkpoint, parts.purged, notices,
                               {.is_snapshot = parts.is_snapshot, .patience = patience(abort)});
    ManagedSession probe(parts.downstream);
    CopyRun run{.options = options,
                .checkpoint = checkpoint,
                .starter = starter,
                .clock = *environment.clock,
                .notices = notices,
                .board = parts.board,
                .ledger = parts.ledger,
                .queue = parts.queue,
                .budget = parts.budget,
                .pace = parts.pace,
                .upstream = parts.upstream,
                .downstream = parts.downstream,
                .max_packet_bytes = probe.get().max_packet_bytes()};
    probe.drop();
    const auto on_error = [&](const Error& error) { parts.fail(error); };
    std::vector<std::unique_ptr<ManagedSession>> snapshot;
    if (parts.is_snapshot) {
        std::vector<model::TableName> tables;
        for (const auto& job : progress.copy().jobs) tables.push_back(job->source);
        snapshot = open_locked_snapshot(parts.upstream, tables, options.readers, patience(abort));
    }
    std::vector<Step> steps;
    for (int i = 0; i < options.writers; ++i) {
        ++parts.running_writers;
        steps.emplace_back(
            fmt::format("copy-write-{}", i),
            [&](std::stop_token) {
                struct Leave {
                    std::atomic<int>& count;
                    ~Leave() { --count; }
                } leave{parts.running_writers};
                BatchWriter(run).run(abort);
            },
            on_error);
    }
    for (int i = 0; i < options.readers; ++i) {
        steps.emplace_back(
            fmt::format("copy-read-{}", i),
            [&, i](std::stop_token) {
                auto own = parts.is_snapshot ? std::move(snapshot[static_cast<std::size_t>(i)]) : nullptr;
                TableReader(run, std::move(own)).run(abort);
            },
            on_error);
    }
    parts.board.wait_finished(abort);
    parts.queue.close();
    for (Clock::Duration waited{0}; abort.stop_requested() && parts.running_writers > 0 && waited < kDrainTime;
         waited += kDrainStep) {
        if (!environment.clock->sleep(kDrainStep, std::stop_token())) break;
    }
    if (abort.stop_requested()) parts.downstream.cancel();
    for (Step& step : steps) step.join();
}

void CopyUnit::State::close_snapshot(const target::CopyCheckpoint& checkpoint, RunParts& parts) {
    ManagedSession downstream(parts.downstream);
    checkpoint.drop_all_chunks(downstream.get());
    checkpoint.save_floor(downstream.get(), model::Location());
}

void CopyUnit::State::collect(const target::CopyCheckpoint& checkpoint, RunParts& parts) {
    ManagedSession upstream(parts.upstream);
    ManagedSession downstream(parts.downstream);
    checkpoint.drop_all_chunks(downstream.get());
    checkpoint.save_end(downstream.get(), place_of_all(upstream.get(), parts.abort.get_token()));
    model::Location highest = progress.copy().low;
    for (const target::TableCopyPoint& point : checkpoint.load_table_points(downstream.get())) {
        if (model::compare_positions(point.high.position, highest.position) > 0) highest.position = point.high.position;
        if (!point.high.gtid_set.is_empty()) highest.gtid_set.merge(point.high.gtid_set);
    }
    progress.with([&](Progress& p) { p.highest = highest; });
}

target::UnitOutcome CopyUnit::State::run(std::stop_token stop) {
    const model::Flavor flavor = environment.upstream()->version().flavor;
    const target::CopyCheckpoint checkpoint(options.meta_schema, options.task, options.source_id, flavor);
    int overtaken = 0;
    for (int listing = 1;;) {
        const auto parts = std::make_shared<RunParts>(options, environment);
        const std::stop_callback on_stop(stop, [&] {
            parts->abort.request_stop();
            parts->upstream.cancel();
        });
        current.set(parts);
        if (stop.stop_requested() || is_killed) return target::UnitOutcome::Stopped;
        retry(
            options.retry, *environment.clock, parts->abort.get_token(), [&] { plan(*parts, checkpoint); },
            [](const Error& error, Clock::Duration) {
                log::warn("copy: planning again", {{"error", error.what()}});
            });
        // What was begun has to be brought to its end.
        const bool is_late = listing > kMaxListings && !parts->has_begun;
        const bool has_work = !parts->board.is_finished();
        if (has_work && !is_late) work(*parts, checkpoint);
        if (stop.stop_requested() || is_killed) return target::UnitOutcome::Stopped;
        if (const auto error = parts->error.copy()) {
            if (parts->is_snapshot || !is_overtaken(*error) || ++overtaken > kMaxOvertaken) throw *error;
            log::warn("copy: a table was dropped or changed before it was read, all are listed again",
                      {{"error", error->what()}});
            continue;
        }
        if (parts->is_snapshot) {
            close_snapshot(checkpoint, *parts);
            current.set(nullptr);
            return target::UnitOutcome::Complete;
        }
        if (!has_work || is_late) {
            if (has_work) leave_to_replication();
            collect(checkpoint, *parts);
            current.set(nullptr);
            return target::UnitOutcome::Finished;
        }
        ++listing;
    }
}

CopyUnit::CopyUnit(CopyOptions options, CopyEnvironment environment)
    : state_(std::make_unique<State>(std::move(options), std::move(environment))) {}

CopyUnit::~CopyUnit() = default;

/// Whatever ends because of a stop ends in good order.
target::UnitOutcome CopyUnit::run(std::stop_token stop) {
    try {
        return state_->run(stop);
    } catch (const Error&) {
        if (!stop.stop_requested() && !state_->is_killed) throw;
        return target::UnitOutcome::Stopped;
    }
}

void CopyUnit::kill() noexcept {
    state_->is_killed = true;
    if (const auto parts = state_->current.copy()) {
        parts->abort.request_stop();
        parts->upstream.cancel();
        parts->downstream.cancel();
    }
}

target::UnitStatus CopyUnit::status() const {
    const Progress progress = state_->progress.copy();
    target::CopyStatus status;
    status.low = progress.low;
    status.noticed = state_->notices.list();
    status.tables_done = progress.tables_done_before;
    status.tables_total = progress.tables_done_before + progress.jobs.size();
    status.rows_done = status.rows_total = progress.rows_done_before;
    status.bytes_done = status.bytes_total = progress.bytes_done_before;
    const auto parts = state_->current.copy();
    std::map<const TableJob*, target::CopyPhase> active;
    for (const auto& table : parts ? parts->board.active() : std::vector<ActiveTable>())
        active.emplace(table.job.get(), table.phase);
    if (parts) status.chunks = parts->board.chunk_counts();
    status.tables_done += parts ? parts->board.done_count() : progress.jobs.size();
    for (const auto& job : progress.jobs) {
        const std::uint64_t rows = job->rows_done;
        const std::uint64_t bytes = job->bytes_done;
        const auto found = active.find(job.get());
        const bool is_active = found != active.end();
        // A table that is over has the size it turned out to have.
        const bool is_over = !is_active && rows > 0;
        const std::uint64_t rows_total = is_over ? rows : std::max(rows, job->rows_total);
        const std::uint64_t bytes_total = is_over ? bytes : std::max(bytes, job->bytes_total);
        status.rows_done += rows;
        status.bytes_done += bytes;
        status.rows_total += rows_total;
        status.bytes_total += bytes_total;
        if (is_active) status.tables.push_back({job->source, found->second, rows, rows_total, bytes, bytes_total});
    }
    keep_largest(status);
    const Clock::TimePoint now = state_->environment.clock->now();
    status.bytes_per_second = state_->rate.with([&](Rate& rate) {
        if (!rate.since) rate = {.since = now, .bytes_then = status.bytes_done};
        const std::chrono::duration<double> elapsed = now - *rate.since;
        if (elapsed < kRateWindow) return rate.per_second;
        const std::uint64_t grown = status.bytes_done > rate.bytes_then ? status.bytes_done - rate.bytes_then : 0;
        rate = {.since = now,
                .bytes_then = status.bytes_done,
                .per_second = static_cast<std::int64_t>(static_cast<double>(grown) / elapsed.count())};
        return rate.per_second;
    });
    return status;
}

model::Location CopyUnit::highest_point() const { return state_->progress.copy().highest; }

}  // namespace dm::copy
