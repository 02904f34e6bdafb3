#include "app/master/worker_poll.h"

#include <algorithm>

#include <dmworker.pb.h>
#include <fmt/format.h>

#include "base/fan_out.h"

namespace dm::master {
namespace {

constexpr int kPolls = 10;
/// A source whose worker has just come back is bound again within this time of the command; else it has no worker.
constexpr auto kRebindTime = std::chrono::seconds(3);

struct Verdict {
    bool is_done = false;
    bool is_ok = false;
    std::string text;  ///< the reason of a failure, or of waiting on
};

/// The errors of a result as one text; empty if there are none.
std::string errors_text(const pb::ProcessResult& result) {
    std::string text;
    for (const auto& error : result.errors()) text += (text.empty() ? "" : ", ") + error.ShortDebugString();
    return text;
}

Verdict worker_error(const std::string& errors) {
    const Error error(ErrorCode::MasterWorkerError, "some error occurs in dm-worker: " + errors);
    return {.is_done = true,
            .is_ok = false,
            .text = error.with_workaround("Please execute `query-status` to check status.").what()};
}

const pb::SubTaskStatus* find_subtask(const pb::QueryStatusResponse& status, const model::TaskName& task) {
    for (const auto& subtask : status.subtaskstatus()) {
        if (subtask.name() == task.str()) return &subtask;
    }
    return nullptr;
}

Verdict judge_source(const pb::QueryStatusResponse& status, const model::SourceId& source) {
    const auto& state = status.sourcestatus();
    if (const std::string errors = errors_text(state.result()); !errors.empty()) {
        Verdict verdict = worker_error(errors);
        verdict.is_ok = true;  // the source is there all the same; the text tells what is wrong with it
        return verdict;
    }
    const bool is_served = status.result() && state.source() == source.str();
    return {.is_done = is_served, .is_ok = is_served, .text = is_served ? std::string() : status.msg()};
}

/// `attempt` counts from 0: the first answers after a resume may still show the old error.
Verdict judge_task(const pb::QueryStatusResponse& status, const model::TaskName& task, Awaited awaited, int attempt) {
    const pb::SubTaskStatus* subtask = find_subtask(status, task);
    const bool is_missing = subtask == nullptr || subtask->status_case() == pb::SubTaskStatus::kMsg;
    if (awaited == Awaited::TaskGone) {
        return {.is_done = is_missing, .is_ok = is_missing, .text = is_missing ? "" : "the subtask is still there"};
    }
    if (!status.result()) return {.is_done = false, .is_ok = false, .text = status.msg()};
    if (const std::string errors = errors_text(status.sourcestatus().result()); is_missing && !errors.empty())
        return worker_error(errors);
    if (is_missing) return {.is_done = false, .is_ok = false, .text = "the subtask has not started"};
    const auto stage = subtask->stage();
    const bool is_ok = awaited == Awaited::TaskPaused ? stage == pb::Paused || stage == pb::Stopped
                                                      : stage == pb::Running || stage == pb::Finished;
    if (is_ok) return {.is_done = true, .is_ok = true, .text = {}};
    const std::string errors = errors_text(subtask->result());
    const bool may_be_old = awaited == Awaited::TaskResumed && attempt < 3;
    if (!errors.empty() && !may_be_old) return worker_error(errors);
    return {.is_done = false, .is_ok = false, .text = fmt::format("the subtask is {}", pb::Stage_Name(stage))};
}

struct Bound {
    std::string worker;
    std::string address;
};

std::optional<Bound> bound_worker(Scheduler& scheduler, const model::SourceId& source) {
    return scheduler.read([&](const ClusterTable& table) -> std::optional<Bound> {
        const SourceRow* row = table.source(source);
        if (row == nullptr || !row->worker) return std::nullopt;
        return Bound{.worker = row->worker->str(), .address = table.worker(*row->worker)->info.addr};
    });
}

pb::CommonWorkerResponse answer(bool result, std::string text, const model::SourceId& source,
                                const std::string& worker) {
    pb::CommonWorkerResponse response;
    response.set_result(result);
    response.set_msg(std::move(text));
    response.set_source(source.str());
    response.set_worker(worker);
    return response;
}

/// A source without a worker is given up at `rebound_by`.
pb::CommonWorkerResponse poll(const MasterContext& context, Scheduler& scheduler, const model::SourceId& source,
                              const model::TaskName& task, Awaited awaited, Clock::TimePoint rebound_by) {
    pb::QueryStatusRequest request;
    request.set_name(task.str());
    std::string last;
    std::string worker;
    Clock::Duration pause = std::chrono::milliseconds(100);
    for (int attempt = 0; attempt < kPolls; ++attempt) {
        if (const auto bound = bound_worker(scheduler, source)) {
            worker = bound->worker;
            try {
                const auto status = context.query_worker(bound->address, request);
                const Verdict verdict = awaited == Awaited::SourceServed ? judge_source(status, source)
                                                                         : judge_task(status, task, awaited, attempt);
                if (verdict.is_done) return answer(verdict.is_ok, verdict.text, source, worker);
                last = verdict.text;
            } catch (const Error& error) {
                last = error.what();
            }
        } else if (awaited == Awaited::TaskGone) {
            return answer(true, "", source, worker);
        } else if (context.clock.now() >= rebound_by) {
            return answer(false, no_worker_text(source), source, worker);
        }
        if (!context.clock.sleep(pause, context.stop)) break;
        pause = std::min<Clock::Duration>(pause * 2, std::chrono::seconds(1));
    }
    const Error missed(ErrorCode::MasterExpectMissed, "fail to get expected result: " + last);
    return answer(false, missed.what(), source, worker);
}

}  // namespace

std::string source_problem(const MasterContext& context, const std::string& address) {
    try {
        const std::string errors = errors_text(context.query_worker(address, {}).sourcestatus().result());
        return errors.empty() ? std::string() : worker_error(errors).text;
    } catch (const Error& error) {
        return error.what();
    }
}

std::string wait_released(const MasterContext& context, const std::string& address, const model::SourceId& source) {
    Clock::Duration pause = std::chrono::milliseconds(100);
    for (int attempt = 0; attempt < kPolls; ++attempt) {
        try {
            if (context.query_worker(address, {}).sourcestatus().source() != source.str()) return {};
        } catch (const Error& error) {
            return error.what();
        }
        if (!context.clock.sleep(pause, context.stop)) break;
        pause = std::min<Clock::Duration>(pause * 2, std::chrono::seconds(1));
    }
    return fmt::format("the worker still stops the subtasks of source {}", source.str());
}

std::string no_worker_text(const model::SourceId& source) { return source.str() + " relevant worker-client not found"; }

std::vector<pb::CommonWorkerResponse> wait_for_all(const MasterContext& context, Scheduler& scheduler,
                                                   const std::vector<model::SourceId>& sources,
                                                   const model::TaskName& task, Awaited awaited) {
    std::vector<pb::CommonWorkerResponse> answers(sources.size());
    const auto rebound_by = context.clock.now() + kRebindTime;
    fan_out(sources.size(),
            [&](std::size_t i) { answers[i] = poll(context, scheduler, sources[i], task, awaited, rebound_by); });
    return answers;
}

}  // namespace dm::master
