#include "unit/sync/run.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "core/sql/lexer.h"
#include "unit/sync/lag.h"
#include "unit/sync/upstream_view.h"

namespace dm::sync {
namespace {

constexpr std::size_t kReaderBytes = 4UL << 20U;
constexpr std::size_t kSequencerBytes = 8UL << 20U;
constexpr std::size_t kLaneBytes = 4UL << 20U;    // of all lanes together
constexpr std::size_t kBatchBytes = 16UL << 20U;  // of all lanes together
constexpr std::size_t kMaxBatchBytes = 4UL << 20U;
constexpr std::size_t kMaxQueued = 20000;
constexpr auto kStopPatience = std::chrono::milliseconds(1000);
constexpr auto kDrainPatience = std::chrono::milliseconds(5000);
constexpr auto kTick = std::chrono::milliseconds(100);

bool checks_foreign_keys(const config::SubTaskConfig& config) {
    const auto found = config.to.session.find("foreign_key_checks");
    return found != config.to.session.end() && found->second != "0" && !sql::equal_ignoring_case(found->second, "OFF");
}

/// `batch` counts statements, as in the documents of TiDB DM. Where a statement may hold many rows, a transaction that
/// has more to do takes up to five times as many: the target's work per row falls with the rows of a statement, and
/// more changes of one row meet in one batch. What waits is taken, nothing is waited for.
std::size_t batch_rows(const config::SyncConfig& config) {
    constexpr std::size_t kRowsPerStatement = 5;
    const auto batch = static_cast<std::size_t>(std::max(config.batch, 1));
    return batch > 1 && config.multiple_rows.value_or(true) ? batch * kRowsPerStatement : batch;
}

std::chrono::microseconds wall_time(const Clock& clock) {
    return std::chrono::duration_cast<std::chrono::microseconds>(clock.wall_now().time_since_epoch());
}

/// False if `is_over` came first.
bool wait_for_stop(const std::stop_token& stop, const std::stop_token& is_over) {
    std::mutex mutex;
    std::condition_variable_any requested;
    const std::stop_callback wake(stop, [&] {
        const std::lock_guard lock(mutex);
        requested.notify_all();
    });
    std::unique_lock lock(mutex);
    return requested.wait(lock, is_over, [&] { return stop.stop_requested(); });
}

}  // namespace

/// Queues and steps, in the order in which they may be destroyed: steps first.
struct Run::Pipeline {
    Pipeline(std::size_t lane_count, std::size_t lane_items, Recorder::Options recorder_options,
             target::SyncCheckpoint checkpoint, Run& run)
        : progress(lane_count, run.dependencies_.clock),
          recorder(std::move(recorder_options), std::move(checkpoint), progress, run.metrics_, run.dependencies_.clock,
                   run.links_, run.dependencies_.downstream) {
        for (std::size_t lane = 0; lane < lane_count; ++lane) {
            lanes.push_back(std::make_unique<LaneQueue>(lane_items, kLaneBytes / lane_count));
        }
    }

    /// A step has failed or everything is to end at once: whoever waits for another step must not wait for ever.
    void abort() noexcept {
        progress.abort();
        reader_queue.close();
        sequencer_queue.close();
        for (auto& lane : lanes) lane->close();
    }

    ReaderQueue reader_queue{kMaxQueued, kReaderBytes};
    SequencerQueue sequencer_queue{kMaxQueued, kSequencerBytes};
    std::vector<std::unique_ptr<LaneQueue>> lanes;
    Progress progress;
    Recorder recorder;
    std::unique_ptr<TableCatalog> catalog;
    std::unique_ptr<StatementJournal> journal;
    std::unique_ptr<DdlHandler> ddl;
    std::unique_ptr<EventReader> reader;
    std::unique_ptr<PreparedReader> prepared;
    std::unique_ptr<Translator> translator;
    std::unique_ptr<Sequencer> sequencer;
    std::vector<std::unique_ptr<Applier>> appliers;
    std::optional<Step> reader_step;
    std::optional<Step> translator_step;
    std::optional<Step> sequencer_step;
    std::vector<Step> applier_steps;
    std::optional<Step> recorder_step;
    std::optional<Step> watch_step;
    std::optional<Step> poll_step;
};

Run::Run(const config::SubTaskConfig& config, const SyncUnit::Dependencies& dependencies, const Rules& rules,
         Notices& notices, SyncMetrics& metrics)
    : config_(config),
      dependencies_(dependencies),
      rules_(rules),
      notices_(notices),
      metrics_(metrics),
      upstream_(upstream_links_, dependencies.upstream),
      downstream_(links_, dependencies.downstream),
      polling_(polling_links_, dependencies.upstream) {}

Run::~Run() = default;

checkpoint::SafeMode Run::choose_safe_mode(const checkpoint::CheckpointContent& content, const StartPoint& start,
                                           Translator::Options& options) {
    const bool is_allowed = config_.sync.safe_mode_duration.count() > 0;
    const bool is_uncertain = start.is_fresh && start.needs_safe_mode && is_allowed;
    if (is_uncertain) options.safe_mode_time = config_.sync.safe_mode_duration;
    return checkpoint::SafeMode::begin({.start = start.location,
                                        .recorded_exit = content.safe_mode_exit,
                                        .upstream_now = upstream_location_.last(),
                                        .is_fresh = start.is_fresh && !is_uncertain,
                                        .is_forced = config_.sync.safe_mode,
                                        .is_allowed = is_allowed,
                                        .by_gtid = config_.sync.enable_gtid});
}

void Run::prepare(std::stop_token stop) {
    sql::SqlSession& upstream = upstream_.get();
    sql::SqlSession& downstream = downstream_.get();
    const auto flavor = upstream.version().flavor;
    const target::SyncCheckpoint checkpoint(config_.meta_schema, config_.name.str(), config_.source_id.str(), flavor);
    const target::CopyCheckpoint copy_checkpoint(config_.meta_schema, config_.name.str(), config_.source_id.str(),
                                                 flavor);
    checkpoint.prepare(downstream);
    const auto content = checkpoint.load(downstream);
    std::vector<target::TableCopyPoint> copies;
    std::optional<model::Location> floor;
    std::optional<model::Location> copy_end;
    if (config::copies_data(config_.mode)) {
        copies = copy_checkpoint.load_table_points(downstream);
        floor = copy_checkpoint.load_floor(downstream);
        copy_end = copy_checkpoint.load_end(downstream);
    }
    const bool by_gtid = config_.sync.enable_gtid;
    const StartPoint start =
        StartPointFinder(config_, upstream, dependencies_.open_source).find(content, copies, floor, stop);
    server_ = fetch_server_name(upstream);
    if (by_gtid && !start.is_fresh && !server_.empty() && content.server == server_) {
        ensure_same_history(upstream, start.location);
    }
    upstream_location_.set(fetch_upstream_location(upstream));
    history_.see(server_, upstream_location_.last().position);
    view_.clock_offset = fetch_clock_offset(upstream, dependencies_.clock).count();

    Translator::Options options{.start = start.location,
                                .by_gtid = by_gtid,
                                .safe_mode = {},
                                .safe_mode_time = {},
                                .run_until = start.run_until,
                                .server = server_};
    if (dependencies_.run_until) options.run_until = dependencies_.run_until;
    is_there_already_ = options.run_until && model::compare_locations(start.location, *options.run_until, by_gtid) !=
                                                 std::strong_ordering::less;
    options.safe_mode = choose_safe_mode(content, start, options);
    log::info("replication starts", {{"task", config_.name.str()},
                                     {"source", config_.source_id.str()},
                                     {"location", start.location.to_string()},
                                     {"safe_mode", options.safe_mode.is_on()}});
    if (by_gtid) mention_lost_end(upstream_location_.last(), start, notices_);

    // Foreign keys that are checked allow no other order than the upstream's.
    const std::size_t lanes =
        checks_foreign_keys(config_) ? 1 : static_cast<std::size_t>(std::max(config_.sync.worker_count, 1));
    auto pipeline =
        std::make_unique<Pipeline>(lanes, static_cast<std::size_t>(std::max(config_.sync.queue_size, 1)),
                                   Recorder::Options{.interval = config_.sync.checkpoint_flush_interval,
                                                     .start = start.location,
                                                     .by_gtid = by_gtid,
                                                     .start_server = start.is_fresh ? std::string() : content.server,
                                                     .server = by_gtid ? server_ : std::string()},
                                   checkpoint, *this);
    schema::TrackerOptions target_options = fetch_tracker_options(downstream);
    pipeline->catalog = std::make_unique<TableCatalog>(rules_, schema::Tracker(fetch_tracker_options(upstream)),
                                                       schema::Tracker(std::move(target_options)), pipeline->recorder,
                                                       upstream_, downstream_);
    pipeline->catalog->load(content, copies, copy_end, by_gtid);
    // A start that is not fresh is past the copy's floor, and the checkpoint knows what changed since.
    pipeline->catalog->learn_all_schemas(start.location, start.is_fresh && floor
                                                             ? copy_checkpoint.load_floor_charsets(downstream)
                                                             : target::SchemaCharsets{});
    pipeline->journal = std::make_unique<StatementJournal>(checkpoint, checkpoint.load_statement(downstream), by_gtid);
    const bool keeps_collations = config_.collation_compatible == config::CollationMode::Strict;
    pipeline->ddl = std::make_unique<DdlHandler>(
        DdlHandler::Options{.by_gtid = by_gtid,
                            .start = start.location,
                            .keeps_collations = keeps_collations,
                            .splits_alter = downstream.version().is_tidb,
                            .splits_rename = downstream.version().flavor == model::Flavor::MariaDb,
                            .follows_parents = checks_foreign_keys(config_) || logs_followers(upstream)},
        rules_, *pipeline->catalog, pipeline->recorder, notices_, dependencies_.clock, *pipeline->journal, upstream_,
        downstream_);
    binlog::StartPoint from{.position = start.location.position, .gtid_set = std::nullopt};
    if (by_gtid) from.gtid_set = start.location.gtid_set;
    pipeline->reader = std::make_unique<EventReader>(dependencies_.open_source, std::move(from), pipeline->reader_queue,
                                                     metrics_, dependencies_.clock);
    pipeline->prepared = std::make_unique<PreparedReader>(dependencies_.open_source, upstream_);
    pipeline->translator = std::make_unique<Translator>(
        std::move(options),
        TranslatorContext{rules_, upstream_, downstream_, *pipeline->catalog, *pipeline->ddl, *pipeline->reader,
                          *pipeline->prepared, pipeline->recorder, pipeline->progress, notices_, metrics_,
                          dependencies_.clock},
        pipeline->reader_queue, pipeline->sequencer_queue);
    const std::size_t batch = batch_rows(config_.sync);
    pipeline->sequencer =
        std::make_unique<Sequencer>(Sequencer::Options{.slice_rows = batch, .spread_rows = batch * 4},
                                    pipeline->sequencer_queue, pipeline->lanes, pipeline->progress, metrics_);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        pipeline->appliers.push_back(std::make_unique<Applier>(
            Applier::Options{.lane = lane,
                             .batch_rows = batch,
                             .batch_bytes = std::min(kMaxBatchBytes, kBatchBytes / lanes),
                             .merges_updates = config_.sync.compact.value_or(true),
                             .multiple_rows = config_.sync.multiple_rows.value_or(true),
                             .upserts = !config_.strict,
                             .keeps_order = checks_foreign_keys(config_)},
            ApplierContext{pipeline->progress, notices_, metrics_, dependencies_.clock, view_.bytes_to_target},
            *pipeline->lanes[lane], links_, dependencies_.downstream));
    }
    const std::lock_guard lock(mutex_);
    pipeline_ = std::move(pipeline);
}

void Run::start_steps() {
    Pipeline& p = *pipeline_;
    const auto on_error = [this, &p](const Error& error) {
        state_.fail(error);
        p.abort();
    };
    // Before anything is applied, what a last run in good order said of its end must be gone.
    p.recorder.flush_alone(false);
    p.recorder_step.emplace(
        "sync-recorder", [&p](std::stop_token stop) { p.recorder.run(stop); }, on_error);
    for (std::size_t lane = 0; lane < p.appliers.size(); ++lane) {
        p.applier_steps.emplace_back(
            fmt::format("sync-apply-{}", lane), [&p, lane](std::stop_token stop) { p.appliers[lane]->run(stop); },
            on_error);
    }
    p.sequencer_step.emplace(
        "sync-sequence", [&p](std::stop_token stop) { p.sequencer->run(stop); }, on_error);
    p.translator_step.emplace(
        "sync-translate", [this, &p](std::stop_token stop) { state_.end(p.translator->run(stop)); }, on_error);
    p.reader_step.emplace(
        "sync-read", [&p](std::stop_token stop) { p.reader->run(stop); }, on_error);
    p.watch_step.emplace(
        "sync-watch", [this](std::stop_token stop) { watch(stop); }, on_error);
    p.poll_step.emplace(
        "sync-poll", [this](std::stop_token stop) { poll_upstream(stop); }, on_error);
}

/// In good order the steps end from the first to the last, so that the queues drain; otherwise all at once.
void Run::stop_steps(bool in_good_order, const std::stop_token& stop) {
    Pipeline& p = *pipeline_;
    const auto end_step = [](std::optional<Step>& step, bool at_once) {
        if (!step) return;
        if (at_once) step->request_stop();
        step->join();
    };
    // A statement of the target may take hours, or wait for a lock: nobody who stops a task waits for it.
    const Step cutter(
        "sync-cut",
        [this, in_good_order, &stop](std::stop_token is_over) {
            // What was reached without being told to stop may drain as long as it takes.
            if (in_good_order && !wait_for_stop(stop, is_over)) return;
            cut_after(in_good_order ? kDrainPatience : kStopPatience, std::move(is_over));
        },
        [](const Error&) {});
    p.reader->cancel();
    end_step(p.reader_step, true);
    end_step(p.translator_step, !in_good_order);
    end_step(p.sequencer_step, !in_good_order);
    for (Step& step : p.applier_steps) {
        if (!in_good_order) step.request_stop();
    }
    for (Step& step : p.applier_steps) step.join();
    end_step(p.watch_step, true);
    // Where the upstream is at the end is still to be known, but one that hangs is not waited for.
    if (upstream_location_.fresh().is_zero()) polling_links_.cancel_all();
    end_step(p.poll_step, true);
    p.recorder.close();
    end_step(p.recorder_step, !in_good_order);
}

/// Real time, whatever the clock: it bounds how long we wait for others.
void Run::cut_after(std::chrono::milliseconds patience, std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    if (never.wait_for(lock, stop, patience, [] { return false; }) || stop.stop_requested()) return;
    log::warn("the target is still at work on a stop: its statements are ended", {{"task", config_.name.str()}});
    is_cut_ = true;
    pipeline_->abort();
    upstream_links_.cancel_all();
    polling_links_.cancel_all();
    links_.end_open(dependencies_.downstream);
}

target::UnitOutcome Run::run(std::stop_token stop) {
    try {
        retry_over({&upstream_, &downstream_}, "start of replication", kStartPolicy, dependencies_.clock, stop, [&] {
            try {
                prepare(stop);
            } catch (const Error& error) {
                // Sessions stay cut then.
                if (is_killed_) throw error.with_retry(RetryClass::Never);
                throw;
            }
        });
    } catch (const Error&) {
        if (is_killed_ || stop.stop_requested()) return target::UnitOutcome::Stopped;
        throw;
    }
    Pipeline& p = *pipeline_;
    if (is_killed_ || stop.stop_requested()) return target::UnitOutcome::Stopped;
    if (is_there_already_) return target::UnitOutcome::Finished;
    start_steps();
    state_.wait(stop);
    if (!state_.failure() && !state_.stream_end() && !is_killed_) {
        p.translator->request_stop();
        // Only needed if the translator waits for the next event; a full queue needs no waking.
        if (p.reader_queue.size() == 0)
            (void)p.reader_queue.push({.kind = ReaderItem::Kind::Wake, .events = nullptr}, 0, {});
        state_.wait_for(kStopPatience);
    }
    const auto how = state_.stream_end();
    const bool has_failed = state_.failure().has_value();
    const bool in_good_order = !has_failed && how && *how != StreamEnd::Cut && !is_killed_;
    stop_steps(in_good_order, stop);
    if (is_killed_) return target::UnitOutcome::Stopped;
    // Statements that we ended ourselves are no failures, nor is what would have been tried again.
    const auto failure = state_.failure();
    const bool is_passing = failure && stop.stop_requested() && failure->retry_class() == RetryClass::Resume;
    if (failure && (has_failed || !(is_cut_ || is_passing))) {
        try {
            p.recorder.flush_alone(false);
        } catch (const Error& error) {
            log::warn("the checkpoint could not be written at the end of a failed run", {{"error", error.what()}});
        }
        throw *failure;
    }
    if (is_cut_ || is_passing) {
        p.recorder.flush_alone(false);
        return target::UnitOutcome::Stopped;
    }
    const bool is_recopy = how == StreamEnd::Recopy;
    if (is_recopy) {
        // If the table is gone before it is copied again, nothing may be left that says it is there.
        for (const auto& table : p.translator->void_copies()) p.recorder.remove_point(table);
    }
    p.recorder.flush_alone(in_good_order && !p.translator->may_repeat());
    if (is_recopy) {
        const target::CopyCheckpoint copy(config_.meta_schema, config_.name.str(), config_.source_id.str(),
                                          upstream_.get().version().flavor);
        // From here on nobody may take the copy for complete; the run after it starts before the statement again.
        for (const auto& table : p.translator->void_copies()) {
            log::info("the structure changed while the table was copied: it is copied again",
                      {{"table", table.quoted()}});
            copy.drop_table(downstream_.get(), table);
        }
    }
    return finish(how.value_or(StreamEnd::Cut));
}

target::UnitOutcome Run::finish(StreamEnd how) {
    if (how == StreamEnd::Reached) return target::UnitOutcome::Finished;
    return how == StreamEnd::Recopy ? target::UnitOutcome::Recopy : target::UnitOutcome::Stopped;
}

void Run::kill() noexcept {
    is_killed_ = true;
    links_.cancel_all();
    upstream_links_.cancel_all();
    polling_links_.cancel_all();
    const std::lock_guard lock(mutex_);
    if (!pipeline_) return;
    pipeline_->reader->cancel();
    pipeline_->abort();
    state_.end(StreamEnd::Cut);
}

void Run::measure() {
    const auto snapshot = pipeline_->progress.snapshot();
    const std::chrono::microseconds offset(view_.clock_offset);
    std::chrono::microseconds waiting_for(0);
    if (snapshot.oldest_pending)
        waiting_for = lag_of(*snapshot.oldest_pending, wall_time(dependencies_.clock) + offset);
    std::vector<std::chrono::microseconds> lags = pipeline_->progress.take_lags();
    // What was counted by our clock is said by the upstream's.
    for (auto& lag : lags) lag = std::max(std::chrono::microseconds(0), lag + offset);
    if (!lags.empty() || waiting_for > std::chrono::microseconds(view_.lag_us))
        view_.lag_us = std::max(waiting_for, lags.empty() ? waiting_for : lags.back()).count();
    view_.seconds_behind = std::chrono::floor<std::chrono::seconds>(waiting_for).count();
    metrics_.lag_measured(waiting_for, lags);
    std::vector<std::size_t> waiting;
    for (const auto& lane : pipeline_->lanes) waiting.push_back(lane->size());
    metrics_.queues_measured(pipeline_->sequencer_queue.size(), waiting);
}

/// Ticks the recorder and measures lag and speed.
void Run::watch(std::stop_token stop) {
    struct Sample {
        Clock::TimePoint at;
        std::uint64_t rows;
    };
    std::deque<Sample> samples = {{dependencies_.clock.now(), 0}};
    const Sample first = samples.front();
    constexpr std::size_t kRecent = 50;
    const auto rate = [](const Sample& from, const Sample& to) {
        const double seconds = std::chrono::duration<double>(to.at - from.at).count();
        return seconds <= 0 ? std::uint64_t{0}
                            : static_cast<std::uint64_t>(static_cast<double>(to.rows - from.rows) / seconds);
    };
    while (dependencies_.clock.sleep(kTick, stop)) {
        pipeline_->recorder.tick();
        measure();
        samples.push_back({dependencies_.clock.now(), pipeline_->progress.snapshot().rows});
        if (samples.size() > kRecent) samples.pop_front();
        view_.recent_rows_per_second = rate(samples.front(), samples.back());
        view_.average_rows_per_second = rate(first, samples.back());
    }
}

/// How long what is not applied yet takes at the speed of late; the figure stays as it is while nothing moves.
void Run::measure_remaining(const model::Location& upstream) {
    const auto watermark = pipeline_->progress.snapshot().watermark;
    const model::Location reached = watermark ? watermark->location : pipeline_->recorder.flushed();
    // Behind the last transaction there may be events that belong to none.
    const bool has_all = config_.sync.enable_gtid && reached.gtid_set == upstream.gtid_set;
    const std::uint64_t left = has_all ? 0 : fetch_bytes_between(polling_.get(), reached.position, upstream.position);
    const std::uint64_t read = pipeline_->reader->bytes_read();
    const auto now = dependencies_.clock.now();
    const auto before = std::exchange(estimated_at_, now);
    const double elapsed = std::chrono::duration<double>(now - before.value_or(now)).count();
    const double moved = static_cast<double>(read - std::exchange(bytes_when_estimated_, read));
    if (left == 0) {
        metrics_.remaining_measured(0);
    } else if (moved > 0 && before) {
        metrics_.remaining_measured(static_cast<double>(left) * elapsed / moved);
    }
}

/// Keeps the upstream's location and clock at hand and answers those who want to know it now. A server whose binlog has
/// begun anew sends nothing more to those who read it, and no error: here it is seen.
void Run::poll_upstream(std::stop_token stop) {
    upstream_location_.run(std::move(stop), [this] {
        try {
            const std::string server = fetch_server_name(polling_.get());
            auto location = fetch_upstream_location(polling_.get());
            if (server != server_) pipeline_->recorder.forget_server();
            history_.see(server, location.position);
            metrics_.master_seen(location);
            measure_remaining(location);
            view_.clock_offset = fetch_clock_offset(polling_.get(), dependencies_.clock).count();
            return location;
        } catch (const Error& error) {
            if (error.code() == ErrorCode::SyncBinlogPurged) {
                state_.fail(error);
                pipeline_->abort();
            }
            polling_.drop();
            throw;
        }
    });
}

void Run::fill(target::SyncStatus& status) const {
    model::Location upstream = upstream_location_.fresh();
    const std::lock_guard lock(mutex_);
    status.bytes_to_target = view_.bytes_to_target;
    status.seconds_behind = view_.seconds_behind;
    status.lag_seconds = std::chrono::duration<double>(std::chrono::microseconds(view_.lag_us)).count();
    status.recent_rows_per_second = view_.recent_rows_per_second;
    status.total_rows_per_second = view_.average_rows_per_second;
    status.by_gtid = config_.sync.enable_gtid;
    if (pipeline_) {
        status.flushed = pipeline_->recorder.flushed();
        status.total_rows = pipeline_->progress.snapshot().rows;
        status.bytes_from_source = pipeline_->reader->bytes_read();
        status.binlog_type = pipeline_->reader->kind();
    }
    status.learn_upstream(std::move(upstream));
}

}  // namespace dm::sync
