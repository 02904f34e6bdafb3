#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/step.h"
#include "core/config/source_config.h"
#include "core/config/subtask_config.h"
#include "core/meta/stage.h"
#include "unit/target/unit.h"

namespace dm::worker {

/// Units a subtask is made of, in the order they run.
enum class UnitKind : std::uint8_t { Copy, Sync };

/// Makes a unit ready to run, or returns early, with a unit that will find out, when stop is requested. Called on the
/// subtask's own thread; may connect; throws Error.
using UnitFactory =
    std::function<std::unique_ptr<target::Unit>(UnitKind, const config::SubTaskConfig&, std::stop_token)>;

/// Which units the task's mode asks for.
[[nodiscard]] std::vector<UnitKind> units_of(config::TaskMode mode);

/// An error that paused the subtask at some time. A plain value.
struct PastError {
    Clock::WallTime time;
    std::string text;
};

/// Whether and when a subtask that paused itself is tried again, and how it went so far. A plain value.
struct ResumePlan {
    int attempts = 0;                         ///< automatic ones since the last quiet time
    std::optional<Clock::WallTime> next_try;  ///< nothing: not planned
    std::string reason;                       ///< why it is tried again, or why not; empty: nothing failed
    std::deque<PastError> history;            ///< the last few errors, oldest first; stays when it runs again
};

enum class Detail : std::uint8_t { All, Local };

/// What a subtask says of itself. A plain value.
struct SubTaskReport {
    model::TaskName name;
    meta::Stage stage = meta::Stage::New;
    std::optional<UnitKind> unit;
    bool is_canceled = false;  ///< paused by the user
    std::vector<Error> errors;
    std::optional<target::UnitStatus> status;
    ResumePlan resume;
};

/// The wait before automatic attempt `step` + 1: the smallest wait times the factor for each step, at most the
/// greatest. With jitter, steps above 0 wait a part of that: half of it at `share` 0, all of it at 1. Pure.
[[nodiscard]] Clock::Duration resume_wait(const config::CheckerConfig& checker, int step, double share);

/// Whether a subtask that ended with this error is tried again without a human: the error is transient, or it is about
/// connecting. A server that refuses a login may have a password changed, an account locked for a while or a database
/// missing that is being restored; nothing is done by knocking again. Pure.
[[nodiscard]] bool resumes_by_itself(const Error& error) noexcept;

/// A task's part on this worker's source: runs its units one after another on a thread of its own, pauses itself on an
/// error and, if that may go away, resumes itself with back-off. Commands come from one thread, the owner's;
/// `report` may be called from any. Destruction stops gracefully and waits; after `kill` it does not drain.
class SubTask {
  public:
    struct Dependencies {
        Clock& clock;
        UnitFactory make_unit;
        config::CheckerConfig checker;
    };

    /// Starts paused until `resume`.
    SubTask(config::SubTaskConfig config, Dependencies dependencies);
    ~SubTask();
    SubTask(const SubTask&) = delete;
    SubTask& operator=(const SubTask&) = delete;

    /// Expected stage Running: runs, also after an error. Nothing happens if it is running or finished.
    void resume();
    /// Expected stage Paused: stops the unit and stays paused; an automatic resume is called off.
    void pause();
    /// The lease is lost: ends the unit without draining. The subtask cannot be used afterwards.
    void kill() noexcept;
    /// Ends the unit gracefully and waits for it. The subtask cannot be used afterwards, but still reports.
    void stop();

    /// What units noticed counts from the subtask's beginning, over pauses and errors, the copy's too when replication
    /// has begun.
    /// `Local`: nothing is asked of a server, so that it takes no time; a sync unit's status is left out.
    [[nodiscard]] SubTaskReport report(Detail detail = Detail::All) const;
    [[nodiscard]] const config::SubTaskConfig& config() const noexcept { return config_; }

  private:
    enum class Wish : std::uint8_t { Pause, Run };
    struct State {
        Wish wish = Wish::Pause;
        meta::Stage stage = meta::Stage::Paused;
        std::optional<UnitKind> kind;
        std::shared_ptr<target::Unit> unit;
        bool is_unit_over = false;             // its run has ended: what it knows of the source is old
        std::vector<target::Noticed> noticed;  // by the units before it
        bool is_canceled = false;
        bool is_killed = false;
        std::vector<Error> errors;
        ResumePlan resume;
        std::stop_source wake;       // ends the wait of the loop
        std::stop_source unit_stop;  // ends the running unit
    };

    void loop(std::stop_token stop);
    bool wait_for_work(std::stop_token stop);
    void run_units(std::stop_token stop);
    target::UnitOutcome run_unit(UnitKind kind, std::stop_token stop);
    void end_unit();
    void end_run(target::UnitOutcome outcome);
    void fail_run(const Error& error);
    std::optional<Clock::Duration> plan_resume(State& state, const Error& error);
    [[nodiscard]] std::string_view refusal_to_resume(const State& state, const Error& error) const;

    const config::SubTaskConfig config_;
    const Dependencies dependencies_;
    const std::vector<UnitKind> units_;
    std::size_t next_unit_ = 0;                       // of the loop's thread
    Clock::TimePoint run_began_{};                    // of the loop's thread
    std::mt19937_64 random_{std::random_device{}()};  // by the loop only

    Guarded<State> state_;
    Step loop_;
};

}  // namespace dm::worker
