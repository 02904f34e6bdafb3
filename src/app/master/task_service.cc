#include "app/master/task_service.h"

#include <algorithm>

#include <dmmaster.pb.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/master/task_check.h"
#include "app/master/worker_poll.h"
#include "base/log.h"

namespace dm::master {
namespace {

constexpr std::int64_t kShownFindings = 10;

/// Elements for named sources that the task file does not have; empty if all are there.
std::vector<pb::CommonWorkerResponse> strangers(const CheckedTask& checked, const pb::StartTaskRequest& request) {
    std::vector<pb::CommonWorkerResponse> elements;
    for (const auto& name : request.sources()) {
        if (std::ranges::find(checked.subtasks, model::SourceId(name), &config::SubTaskConfig::source_id) !=
            checked.subtasks.end()) {
            continue;
        }
        const Error error(ErrorCode::SchedulerSourceNotInTask,
                          fmt::format("source {} is not in the task file of {}", name, checked.task.name.str()));
        auto& element = elements.emplace_back();
        element.set_msg(error.what());
        element.set_source(name);
    }
    return elements;
}

void keep_named(CheckedTask& checked, const pb::StartTaskRequest& request) {
    if (request.sources().empty()) return;
    for (auto* subtasks : {&checked.subtasks, &checked.effective}) {
        std::erase_if(*subtasks, [&](const auto& subtask) {
            return std::ranges::find(request.sources(), subtask.source_id.str()) == request.sources().end();
        });
    }
}

void refuse_existing_task(Scheduler& scheduler, const model::TaskName& task) {
    const bool is_there = scheduler.read([&](const ClusterTable& table) { return table.task(task) != nullptr; });
    ensure(!is_there, ErrorCode::SchedulerSubTaskExists,
           fmt::format("task {} exists: its meta data can be removed only after `stop-task`", task.str()));
}

/// What runs already is not begun anew.
void refuse_existing(Scheduler& scheduler, const CheckedTask& checked) {
    scheduler.read([&](const ClusterTable& table) {
        const auto* subtasks = table.task(checked.task.name);
        for (const auto& subtask : checked.subtasks) {
            ensure(subtasks == nullptr || !subtasks->contains(subtask.source_id), ErrorCode::SchedulerSubTaskExists,
                   fmt::format("task {} exists on source {}: `--start-time` needs `stop-task` first",
                               checked.task.name.str(), subtask.source_id.str()));
        }
    });
}

void forget(const MasterContext& context, Scheduler& scheduler, const CheckedTask& checked,
            const pb::StartTaskRequest& request) {
    if (request.removemeta()) {
        scheduler.store().delete_task_leftovers(checked.task.name);
        drop_downstream_meta(context, checked.task);
    }
    if (!request.starttime().empty()) forget_progress(context, checked);
}

/// The subtasks of a start that failed. A failure of this is logged: the first one is what the user must see.
void take_back(Scheduler& scheduler, const model::TaskName& task, const std::vector<model::SourceId>& added) {
    try {
        scheduler.remove_subtasks(task, added);
    } catch (const Error& error) {
        log::error("task of a failed start could not be removed again",
                   {{"task", task.str()}, {"error", error.what()}});
    }
}

/// Stores the subtasks and has them run. Progress is forgotten last: only when the start is known to be possible and
/// the subtasks are stored, paused; otherwise the next start would begin at a wrong place.
std::vector<model::SourceId> store_and_run(const MasterContext& context, Scheduler& scheduler,
                                           const CheckedTask& checked, const pb::StartTaskRequest& request) {
    const model::TaskName& task = checked.task.name;
    const bool is_anew = request.removemeta() || !request.starttime().empty();
    if (request.removemeta()) refuse_existing_task(scheduler, task);
    if (!request.starttime().empty()) refuse_existing(scheduler, checked);
    std::vector<model::SourceId> added;
    for (const auto& id :
         scheduler.add_subtasks(checked.subtasks, is_anew ? meta::Stage::Paused : meta::Stage::Running)) {
        added.push_back(id.source);
    }
    if (!is_anew) return added;
    try {
        forget(context, scheduler, checked, request);
    } catch (const Error&) {
        take_back(scheduler, task, added);
        throw;
    }
    scheduler.set_stage(task, added, meta::Stage::Running);
    return added;
}

std::vector<model::SourceId> ids_of(const google::protobuf::RepeatedPtrField<std::string>& names) {
    return {names.begin(), names.end()};
}

Awaited awaited_by(pb::TaskOp op) {
    switch (op) {
        case pb::Pause:
            return Awaited::TaskPaused;
        case pb::Resume:
            return Awaited::TaskResumed;
        case pb::Delete:
            return Awaited::TaskGone;
        default:
            throw Error(ErrorCode::MasterInvalidOp,
                        fmt::format("invalid op {} on task; use Pause, Resume or Delete", static_cast<int>(op)));
    }
}

/// The sources that the command is about, sorted; empty if there is no such task. Throws if it is not on one of those
/// named: an operator's slip must not be passed over.
std::vector<model::SourceId> addressed_sources(Scheduler& scheduler, const model::TaskName& task,
                                               const std::vector<model::SourceId>& named) {
    return scheduler.read([&](const ClusterTable& table) {
        std::vector<model::SourceId> ids;
        const auto* subtasks = table.task(task);
        if (subtasks == nullptr) return ids;
        for (const auto& id : named) {
            ensure(subtasks->contains(id), ErrorCode::SchedulerSubTaskMissing,
                   fmt::format("subtask of task {} on source {} not exist", task.str(), id.str()));
        }
        for (const auto& [id, row] : *subtasks) {
            if (named.empty() || std::ranges::find(named, id) != named.end()) ids.push_back(id);
        }
        return ids;
    });
}

}  // namespace

pb::StartTaskResponse start_task(const MasterContext& context, Scheduler& scheduler,
                                 const pb::StartTaskRequest& request) {
    pb::StartTaskResponse response;
    CheckedTask checked = read_task(context, scheduler, request.task());
    if (!request.starttime().empty()) begin_at_time(context, checked, request.starttime());
    const CheckOutcome outcome = pre_check(context, checked, kShownFindings, kShownFindings);
    response.set_checkresult(outcome.text);
    if (!outcome.is_passed) return response;
    for (auto& element : strangers(checked, request)) *response.add_sources() = std::move(element);
    if (response.sources_size() > 0) return response;
    keep_named(checked, request);
    begin_now_without_meta(context, checked);

    const auto latch = scheduler.latch(checked.task.name);
    std::vector<model::SourceId> added;
    try {
        added = store_and_run(context, scheduler, checked, request);
    } catch (const Error& error) {
        response.set_msg(error.what());
        return response;
    }
    for (auto& element : wait_for_all(context, scheduler, added, checked.task.name, Awaited::TaskRunning)) {
        *response.add_sources() = std::move(element);
    }
    response.set_result(true);
    if (checked.task.remove_meta) {
        response.set_msg(
            "`remove-meta` in task config is deprecated, please use `start-task ... --remove-meta` instead");
    }
    return response;
}

pb::OperateTaskResponse operate_task(const MasterContext& context, Scheduler& scheduler,
                                     const pb::OperateTaskRequest& request) {
    pb::OperateTaskResponse response;
    response.set_op(request.op());
    const Awaited awaited = awaited_by(request.op());
    const model::TaskName task(request.name());
    const auto ids = addressed_sources(scheduler, task, ids_of(request.sources()));
    if (ids.empty()) {
        response.set_msg(
            fmt::format("task {} has no source or not exist, please check the task name and status", request.name()));
        return response;
    }
    const auto latch = scheduler.latch(task);
    switch (awaited) {
        case Awaited::TaskPaused:
            scheduler.set_stage(task, ids, meta::Stage::Paused);
            break;
        case Awaited::TaskGone:
            scheduler.remove_subtasks(task, ids);
            break;
        default:
            scheduler.set_stage(task, ids, meta::Stage::Running);
            break;
    }
    for (auto& element : wait_for_all(context, scheduler, ids, task, awaited))
        *response.add_sources() = std::move(element);
    response.set_result(true);
    return response;
}

pb::UpdateTaskResponse update_task(const MasterContext& context, Scheduler& scheduler,
                                   const pb::UpdateTaskRequest& request) {
    pb::UpdateTaskResponse response;
    const CheckedTask checked = read_task(context, scheduler, request.task());
    const CheckOutcome outcome = pre_check(context, checked, kShownFindings, kShownFindings);
    response.set_result(outcome.is_passed);
    response.set_checkresult(outcome.text);
    return response;
}

pb::CheckTaskResponse check_task(const MasterContext& context, Scheduler& scheduler,
                                 const pb::CheckTaskRequest& request) {
    pb::CheckTaskResponse response;
    CheckedTask checked = read_task(context, scheduler, request.task());
    if (!request.starttime().empty()) begin_at_time(context, checked, request.starttime());
    const CheckOutcome outcome = pre_check(context, checked, request.errcnt(), request.warncnt());
    response.set_result(outcome.is_passed);
    response.set_msg(outcome.text);
    return response;
}

}  // namespace dm::master
