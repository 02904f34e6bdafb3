#pragma once

#include <string>
#include <vector>

#include "app/master/master_context.h"
#include "app/master/scheduler.h"

namespace pb {
class CommonWorkerResponse;
}

namespace dm::master {

/// What an operator's command waits for.
enum class Awaited : std::uint8_t { TaskRunning, TaskResumed, TaskPaused, TaskGone, SourceServed };

/// Asks each source's worker up to 10 times, at most a second apart, until what is awaited is seen or an error shows.
/// A source that is not bound is waited for, 3 s from the start of the command: its worker may be about to come back.
/// Never throws: the outcomes are the per-source elements of an answer, in order. `task` is empty for SourceServed.
[[nodiscard]] std::vector<pb::CommonWorkerResponse> wait_for_all(const MasterContext& context, Scheduler& scheduler,
                                                                 const std::vector<model::SourceId>& sources,
                                                                 const model::TaskName& task, Awaited awaited);

/// What the worker at `address` finds wrong with its source, or why it cannot be asked; empty if nothing is. Asks once.
[[nodiscard]] std::string source_problem(const MasterContext& context, const std::string& address);

/// Asks the worker at `address` likewise until it has let go of the source that was taken from it. Returns what is
/// wrong otherwise: it still serves the source, or cannot be asked; empty if nothing is. Never throws.
[[nodiscard]] std::string wait_released(const MasterContext& context, const std::string& address,
                                        const model::SourceId& source);

/// "<id> relevant worker-client not found".
[[nodiscard]] std::string no_worker_text(const model::SourceId& source);

}  // namespace dm::master
