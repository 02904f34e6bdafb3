#include "app/master/source_service.h"

#include <algorithm>

#include <dmmaster.pb.h>
#include <fmt/format.h>

#include "app/master/upstream_probe.h"
#include "app/master/worker_poll.h"
#include "base/log.h"
#include "core/config/missing_features.h"

namespace dm::master {
namespace {

constexpr std::string_view kUnboundText = "source is added but there is no free worker to bound";
constexpr std::string_view kStoppedUnboundText = "source is stopped and hasn't bound to worker before being stopped";

pb::CommonWorkerResponse element(bool result, std::string_view text, const model::SourceId& source,
                                 const std::string& worker) {
    pb::CommonWorkerResponse response;
    response.set_result(result);
    response.set_msg(std::string(text));
    response.set_source(source.str());
    response.set_worker(worker);
    return response;
}

std::vector<config::SourceConfig> parse_sources(const MasterContext& context, const pb::OperateSourceRequest& request) {
    std::vector<config::SourceConfig> sources;
    config::Warnings warnings;
    for (const auto& text : request.config()) {
        sources.push_back(config::parse_source_yaml(
            text, {.file_name = "source", .key = context.key ? &*context.key : nullptr, .warnings = &warnings}));
    }
    for (const auto& warning : warnings) log::warn(warning);
    return sources;
}

void sort_elements(pb::OperateSourceResponse& response) {
    std::ranges::stable_sort(*response.mutable_sources(), [](const auto& a, const auto& b) {
        return std::pair(!a.worker().empty(), a.source()) < std::pair(!b.worker().empty(), b.source());
    });
}

/// Removes again what a failed call has added. A failure of that is logged: the first one is what the user must see.
void roll_back(Scheduler& scheduler, const std::vector<model::SourceId>& added) {
    for (const auto& id : added) {
        try {
            scheduler.remove_source(id);
        } catch (const Error& error) {
            log::error("source of a failed command could not be removed again",
                       {{"source", id.str()}, {"error", error.what()}});
        }
    }
}

pb::OperateSourceResponse create(const MasterContext& context, Scheduler& scheduler,
                                 const pb::OperateSourceRequest& request) {
    auto sources = parse_sources(context, request);
    for (auto& source : sources) {
        config::refuse_missing_features(source);
        const bool is_known =
            scheduler.read([&](const ClusterTable& table) { return table.source(source.source_id) != nullptr; });
        ensure(!is_known, ErrorCode::SchedulerSourceExists,
               fmt::format("source config with ID {} already exists", source.source_id.str()));
        const auto session = context.connect(source.from, ErrorScope::Upstream);
        adjust_source(source, *session);
        config::verify(source);
    }
    const auto chosen =
        request.workername().empty() ? std::nullopt : std::optional(model::WorkerName(request.workername()));
    std::vector<model::SourceId> added;
    pb::OperateSourceResponse response;
    std::vector<model::SourceId> bound;
    try {
        for (const auto& source : sources) {
            const auto worker = scheduler.add_source(source, chosen);
            added.push_back(source.source_id);
            if (worker) {
                bound.push_back(source.source_id);
            } else {
                *response.add_sources() = element(true, kUnboundText, source.source_id, "");
            }
        }
    } catch (const Error&) {
        roll_back(scheduler, added);
        throw;
    }
    for (auto& answer : wait_for_all(context, scheduler, bound, {}, Awaited::SourceServed))
        *response.add_sources() = std::move(answer);
    response.set_result(true);
    return response;
}

std::vector<model::SourceId> named_sources(const MasterContext& context, const pb::OperateSourceRequest& request) {
    std::vector<model::SourceId> ids;
    for (const auto& source : parse_sources(context, request)) ids.push_back(source.source_id);
    for (const auto& id : request.sourceid()) ids.emplace_back(id);
    return ids;
}

pb::OperateSourceResponse stop(const MasterContext& context, Scheduler& scheduler,
                               const pb::OperateSourceRequest& request) {
    pb::OperateSourceResponse response;
    for (const auto& id : named_sources(context, request)) {
        const auto worker = scheduler.remove_source(id);
        *response.add_sources() = element(true, worker ? "" : kStoppedUnboundText, id, worker ? worker->str() : "");
    }
    response.set_result(true);
    return response;
}

pb::OperateSourceResponse show(const MasterContext& context, Scheduler& scheduler,
                               const pb::OperateSourceRequest& request) {
    pb::OperateSourceResponse response;
    const auto ids = named_sources(context, request);
    scheduler.read([&](const ClusterTable& table) {
        for (const auto& id : ids) {
            ensure(table.source(id) != nullptr, ErrorCode::SchedulerSourceMissing,
                   fmt::format("source config with ID {} not exists", id.str()));
        }
        for (const auto& [id, row] : table.sources()) {
            if (!ids.empty() && std::ranges::find(ids, id) == ids.end()) continue;
            *response.add_sources() =
                element(true, row.worker ? "" : kUnboundText, id, row.worker ? row.worker->str() : "");
        }
    });
    response.set_result(true);
    return response;
}

// ---- transfer

/// Tasks that are expected to run on the source.
std::vector<model::TaskName> running_tasks(const ClusterTable& table, const model::SourceId& id) {
    std::vector<model::TaskName> names;
    for (const auto& name : table.tasks_on(id)) {
        if (table.task(name)->at(id).expect == meta::Stage::Running) names.push_back(name);
    }
    return names;
}

void check_all_in_sync(const MasterContext& context, const model::SourceId& id, const std::string& address) {
    const auto status = context.query_worker(address, {});
    for (const auto& subtask : status.subtaskstatus()) {
        ensure(subtask.unit() == pb::Sync, ErrorCode::SchedulerTransferUnit,
               fmt::format("task {} on source {} is in unit {}; only tasks in the sync unit are moved while they run",
                           subtask.name(), id.str(), pb::UnitType_Name(subtask.unit())));
    }
}

void pause_all(const MasterContext& context, Scheduler& scheduler, const model::SourceId& id,
               const std::vector<model::TaskName>& tasks) {
    for (const auto& task : tasks) scheduler.set_stage(task, {id}, meta::Stage::Paused);
    for (const auto& task : tasks) {
        const auto answer = wait_for(context, scheduler, id, task, Awaited::TaskPaused);
        ensure(answer.result(), ErrorCode::SchedulerAutoPause,
               fmt::format("task {} on source {} could not be paused for the transfer: {}", task.str(), id.str(),
                           answer.msg()));
    }
}

/// Sets the paused tasks back to running, whatever became of the transfer.
class ResumeTasks {
  public:
    ResumeTasks(Scheduler& scheduler, const model::SourceId& id, const std::vector<model::TaskName>& tasks)
        : scheduler_(scheduler), id_(id), tasks_(tasks) {}
    ResumeTasks(const ResumeTasks&) = delete;
    ResumeTasks& operator=(const ResumeTasks&) = delete;
    ~ResumeTasks() {
        for (const auto& task : tasks_) {
            try {
                scheduler_.set_stage(task, {id_}, meta::Stage::Running);
            } catch (const Error& error) {
                log::error("task paused for a transfer could not be resumed",
                           {{"task", task.str()}, {"error", error.what()}});
            }
        }
    }

  private:
    Scheduler& scheduler_;
    const model::SourceId& id_;
    const std::vector<model::TaskName>& tasks_;
};

}  // namespace

pb::OperateSourceResponse operate_source(const MasterContext& context, Scheduler& scheduler,
                                         const pb::OperateSourceRequest& request) {
    pb::OperateSourceResponse response;
    switch (request.op()) {
        case pb::StartSource:
            response = create(context, scheduler, request);
            break;
        case pb::StopSource:
            response = stop(context, scheduler, request);
            break;
        case pb::ShowSource:
            response = show(context, scheduler, request);
            break;
        case pb::UpdateSource:
            // The original's own words: it does not have this command either.
            response.set_msg("Update worker config is not supported by dm-ha now");
            return response;
        default:
            throw Error(ErrorCode::MasterInvalidOp,
                        fmt::format("invalid op {} on source", static_cast<int>(request.op())));
    }
    sort_elements(response);
    return response;
}

pb::TransferSourceResponse transfer_source(const MasterContext& context, Scheduler& scheduler,
                                           const pb::TransferSourceRequest& request) {
    const model::SourceId id(request.source());
    const model::WorkerName worker(request.worker());
    pb::TransferSourceResponse response;
    response.set_result(true);
    if (!scheduler.check_transfer(id, worker)) return response;
    std::string address;
    const auto running = scheduler.read([&](const ClusterTable& table) {
        const auto& old = table.source(id)->worker;
        if (!old) return std::vector<model::TaskName>{};
        address = table.worker(*old)->info.addr;
        return running_tasks(table, id);
    });
    if (running.empty()) {
        scheduler.transfer(id, worker);
        return response;
    }
    check_all_in_sync(context, id, address);
    const ResumeTasks resume(scheduler, id, running);
    pause_all(context, scheduler, id, running);
    scheduler.transfer(id, worker);
    return response;
}

}  // namespace dm::master
