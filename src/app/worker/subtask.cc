#include "app/worker/subtask.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"

namespace dm::worker {
namespace {

using meta::Stage;
using target::UnitOutcome;

constexpr auto kUntilWoken = std::chrono::hours(24);
constexpr std::size_t kRemembered = 5;
constexpr std::string_view kPausedByHand = "paused by pause-task: only resume-task starts it again";

std::string_view unit_name(UnitKind kind) { return kind == UnitKind::Copy ? "copy" : "sync"; }

/// What a unit noticed until now.
struct NoticedByUnit {
    std::vector<target::Noticed> list;
    /// A copy that is continued meets again what it passed over: the same thing first and as often.
    bool may_repeat = false;
};

void add(std::vector<target::Noticed>& sum, const NoticedByUnit& more) {
    for (const target::Noticed& noticed : more.list) {
        const auto found = std::ranges::find(sum, noticed.kind, &target::Noticed::kind);
        if (found == sum.end()) {
            sum.push_back(noticed);
        } else if (more.may_repeat && found->where == noticed.where) {
            found->count = std::max(found->count, noticed.count);
        } else {
            found->count += noticed.count;
        }
    }
}

NoticedByUnit noticed_in(const target::UnitStatus& status) {
    if (const auto* copy = std::get_if<target::CopyStatus>(&status)) return {.list = copy->noticed, .may_repeat = true};
    return {.list = std::get<target::SyncStatus>(status).noticed};
}

}  // namespace

std::vector<UnitKind> units_of(config::TaskMode mode) {
    // Full ends with sync too: up to the point where the copy is consistent.
    if (mode == config::TaskMode::All || mode == config::TaskMode::Full) return {UnitKind::Copy, UnitKind::Sync};
    if (mode == config::TaskMode::Incremental) return {UnitKind::Sync};
    throw Error(ErrorCode::ConfigFeatureMissing, "task-mode " + std::string(task_mode_name(mode)) +
                                                     " is not part of this version; use full, all or incremental");
}

Clock::Duration resume_wait(const config::CheckerConfig& checker, int step, double share) {
    std::chrono::duration<double, std::nano> wait = checker.backoff_min * std::pow(checker.backoff_factor, step);
    if (checker.backoff_jitter && step > 0) wait *= 0.5 + share / 2;
    // Whatever overflows is longer than the greatest wait.
    return std::min<Clock::Duration>(checker.backoff_max,
                                     Clock::Duration(static_cast<std::int64_t>(std::min(wait.count(), 1e15))));
}

bool resumes_by_itself(const Error& error) noexcept {
    return error.retry_class() == RetryClass::Resume || error.code() == ErrorCode::DbDriver ||
           error.code() == ErrorCode::DbBadConnection;
}

SubTask::SubTask(config::SubTaskConfig config, Dependencies dependencies)
    : config_(std::move(config)),
      dependencies_(std::move(dependencies)),
      units_(units_of(config_.mode)),
      loop_(
          "subtask", [this](std::stop_token stop) { loop(std::move(stop)); },
          [this](const Error& error) { fail_run(error); }) {}

SubTask::~SubTask() { stop(); }

void SubTask::stop() {
    loop_.request_stop();
    loop_.join();
}

void SubTask::resume() {
    state_.with([](State& state) {
        if (state.wish == Wish::Run && state.stage != Stage::Paused) return;
        if (state.stage == Stage::Finished) return;
        state.wish = Wish::Run;
        state.is_canceled = false;
        state.resume.attempts = 0;
        state.resume.next_try.reset();
        state.resume.reason.clear();
        if (state.stage == Stage::Paused) state.stage = Stage::Resuming;
        state.wake.request_stop();
    });
}

void SubTask::pause() {
    state_.with([](State& state) {
        state.wish = Wish::Pause;
        state.resume.next_try.reset();
        if (state.stage == Stage::Finished) return;
        if (!state.resume.reason.empty()) state.resume.reason = kPausedByHand;
        state.is_canceled = true;
        if (state.stage == Stage::Running) state.stage = Stage::Pausing;
        if (state.stage == Stage::Resuming) state.stage = Stage::Paused;
        state.wake.request_stop();
        state.unit_stop.request_stop();
    });
}

void SubTask::kill() noexcept {
    const std::shared_ptr<target::Unit> unit = state_.with([](State& state) {
        state.is_killed = true;
        state.unit_stop.request_stop();
        return state.unit;
    });
    if (unit) unit->kill();
    loop_.request_stop();
}

SubTaskReport SubTask::report(Detail detail) const {
    SubTaskReport report;
    std::vector<target::Noticed> noticed;
    bool is_over = false;
    const std::shared_ptr<target::Unit> unit = state_.with([&](const State& state) {
        is_over = state.is_unit_over;
        noticed = state.noticed;
        report.stage = state.stage;
        report.unit = state.kind;
        report.is_canceled = state.is_canceled;
        report.errors = state.errors;
        report.resume = state.resume;
        return state.unit;
    });
    report.name = config_.name;
    const bool asks_server = report.unit == UnitKind::Sync;
    if (unit && (detail == Detail::All || !asks_server)) report.status = unit->status();
    // While a unit is being made the one before is still there.
    if (report.status && std::holds_alternative<target::SyncStatus>(*report.status) != asks_server)
        report.status.reset();
    if (!report.status) return report;
    // Between two runs nobody looks at the source; who is paused or finished is compared with where it was, or is
    // asked.
    const bool is_at_rest = report.stage == Stage::Paused || report.stage == Stage::Finished;
    auto* const sync = std::get_if<target::SyncStatus>(&*report.status);
    if (sync != nullptr && is_over && !is_at_rest) sync->learn_upstream({});
    add(noticed, noticed_in(*report.status));
    std::visit([&](auto& status) { status.noticed = std::move(noticed); }, *report.status);
    return report;
}

void SubTask::loop(std::stop_token stop) {
    while (wait_for_work(stop)) {
        try {
            run_units(stop);
        } catch (...) {
            fail_run(current_error(ErrorCode::SyncPanic));
        }
    }
}

/// Waits until the subtask should run: by command, or because the time of an automatic resume has come.
bool SubTask::wait_for_work(std::stop_token stop) {
    while (!stop.stop_requested()) {
        const Clock::WallTime now = dependencies_.clock.wall_now();
        Clock::Duration wait = kUntilWoken;
        std::stop_source wake;
        const bool is_due = state_.with([&](State& state) {
            state.wake = wake;
            if (state.is_killed || state.wish == Wish::Pause || state.stage == Stage::Finished) return false;
            if (state.stage != Stage::Paused) return true;
            if (state.resume.next_try)
                wait = std::max<Clock::Duration>(*state.resume.next_try - now, Clock::Duration(0));
            return state.resume.next_try && *state.resume.next_try <= now;
        });
        if (is_due) return true;
        const std::stop_callback also_on_stop(stop, [&] { wake.request_stop(); });
        dependencies_.clock.sleep(wait, wake.get_token());
    }
    return false;
}

void SubTask::run_units(std::stop_token stop) {
    run_began_ = dependencies_.clock.now();
    UnitOutcome outcome = UnitOutcome::Finished;
    while (next_unit_ < units_.size()) {
        outcome = run_unit(units_[next_unit_], stop);
        if (outcome == UnitOutcome::Stopped) break;
        if (outcome == UnitOutcome::Complete) {
            next_unit_ = units_.size();
            outcome = UnitOutcome::Finished;
            break;
        }
        next_unit_ = outcome == UnitOutcome::Recopy ? 0 : next_unit_ + 1;
    }
    end_run(outcome);
}

UnitOutcome SubTask::run_unit(UnitKind kind, std::stop_token stop) {
    std::stop_source unit_stop;
    const bool may_run = state_.with([&](State& state) {
        if (state.wish == Wish::Pause || state.is_killed) return false;
        state.stage = Stage::Running;
        state.kind = kind;
        state.errors.clear();
        state.resume.next_try.reset();
        state.resume.reason.clear();
        state.unit_stop = unit_stop;
        return true;
    });
    if (!may_run) return UnitOutcome::Stopped;
    const std::stop_callback also_on_stop(stop, [&] { unit_stop.request_stop(); });
    log::info("unit starts",
              {{"task", config_.name.str()}, {"source", config_.source_id.str()}, {"unit", unit_name(kind)}});
    const std::shared_ptr<target::Unit> unit = dependencies_.make_unit(kind, config_, unit_stop.get_token());
    // Only this thread replaces the unit, and the one before has ended: its status asks nobody.
    const auto previous = state_.with([](const State& state) { return state.unit; });
    const NoticedByUnit noticed = previous ? noticed_in(previous->status()) : NoticedByUnit{};
    const bool is_killed = state_.with([&](State& state) {
        add(state.noticed, noticed);
        state.unit = unit;
        state.is_unit_over = false;
        return state.is_killed;
    });
    if (is_killed) return UnitOutcome::Stopped;
    try {
        const UnitOutcome outcome = unit->run(unit_stop.get_token());
        end_unit();
        return outcome;
    } catch (...) {
        end_unit();
        throw;
    }
}

void SubTask::end_unit() {
    state_.with([](State& state) { state.is_unit_over = true; });
}

void SubTask::end_run(UnitOutcome outcome) {
    const Stage stage = state_.with([&](State& state) {
        state.stage = outcome == UnitOutcome::Finished ? Stage::Finished : Stage::Paused;
        // Resumed again while it was pausing: go on.
        if (state.stage == Stage::Paused && state.wish == Wish::Run) state.stage = Stage::Resuming;
        return state.stage;
    });
    log::info("subtask at rest", {{"task", config_.name.str()}, {"finished", stage == Stage::Finished}});
}

void SubTask::fail_run(const Error& error) {
    const Clock::WallTime now = dependencies_.clock.wall_now();
    const auto wait = state_.with([&](State& state) {
        state.stage = Stage::Paused;
        state.errors = {error};
        state.resume.history.push_back({.time = now, .text = error.what()});
        if (state.resume.history.size() > kRemembered) state.resume.history.pop_front();
        const auto planned = plan_resume(state, error);
        if (planned) state.resume.next_try = now + std::chrono::duration_cast<Clock::WallTime::duration>(*planned);
        return planned;
    });
    log::error("subtask paused by an error",
               {{"task", config_.name.str()},
                {"source", config_.source_id.str()},
                {"error", error.what()},
                {"raised", error.raised_at()},
                {"resumes", wait ? fmt::format("in {:.1f} s", std::chrono::duration<double>(*wait).count())
                                 : std::string("by hand only")}});
}

/// Why there is no automatic attempt after this error; empty if there is one.
std::string_view SubTask::refusal_to_resume(const State& state, const Error& error) const {
    if (state.wish == Wish::Pause) return kPausedByHand;
    if (!dependencies_.checker.is_enabled) return "`checker.check-enable` of the source is false: use resume-task";
    if (!resumes_by_itself(error))
        return "the error does not go away by itself: remove its cause, then use resume-task";
    return {};
}

/// The wait before the next automatic attempt; nothing if there is none.
std::optional<Clock::Duration> SubTask::plan_resume(State& state, const Error& error) {
    const config::CheckerConfig& checker = dependencies_.checker;
    state.resume.next_try.reset();
    state.resume.reason = refusal_to_resume(state, error);
    if (!state.resume.reason.empty()) return std::nullopt;
    // After a long quiet run the back-off starts anew.
    if (dependencies_.clock.now() - run_began_ > checker.backoff_rollback) state.resume.attempts = 0;
    const double share = std::uniform_real_distribution<double>(0, 1)(random_);
    const Clock::Duration wait = resume_wait(checker, state.resume.attempts, share);
    ++state.resume.attempts;
    state.resume.reason = fmt::format("the error may go away by itself: automatic attempt {}", state.resume.attempts);
    return wait;
}

}  // namespace dm::worker
