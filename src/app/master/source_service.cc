#include "app/master/source_service.h"

#include <algorithm>

#include <dmmaster.pb.h>
#include <fmt/format.h>

#include "app/master/upstream_probe.h"
#include "app/master/worker_poll.h"
#include "base/fan_out.h"
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

std::string address_of(Scheduler& scheduler, const model::WorkerName& worker) {
    return scheduler.read([&](const ClusterTable& table) {
        const WorkerRow* row = table.worker(worker);
        return row == nullptr ? std::string() : row->info.addr;
    });
}

/// A source that was removed, and the worker that served it; nobody if `worker` is empty.
struct Removed {
    model::SourceId id;
    std::string worker;
    std::string address;
};

Removed remove(Scheduler& scheduler, const model::SourceId& id) {
    Removed removed{.id = id, .worker = {}, .address = {}};
    const auto worker = scheduler.remove_source(id);
    if (!worker) return removed;
    removed.worker = worker->str();
    removed.address = address_of(scheduler, *worker);
    return removed;
}

pb::CommonWorkerResponse wait_stopped(const MasterContext& context, const Removed& removed) {
    if (removed.worker.empty()) return element(true, kStoppedUnboundText, removed.id, "");
    const std::string wrong = wait_released(context, removed.address, removed.id);
    if (wrong.empty()) return element(true, "", removed.id, removed.worker);
    const Error missed(ErrorCode::MasterExpectMissed, "fail to get expected result: " + wrong);
    return element(false, missed.what(), removed.id, removed.worker);
}

/// Ends at the first that cannot be removed; the answer has those that were.
pb::OperateSourceResponse stop(const MasterContext& context, Scheduler& scheduler,
                               const pb::OperateSourceRequest& request) {
    pb::OperateSourceResponse response;
    response.set_result(true);
    std::vector<Removed> removed;
    for (const auto& id : named_sources(context, request)) {
        try {
            removed.push_back(remove(scheduler, id));
        } catch (const Error& error) {
            response.set_result(false);
            response.set_msg(error.what());
            break;
        }
    }
    std::vector<pb::CommonWorkerResponse> elements(removed.size());
    fan_out(removed.size(), [&](std::size_t i) { elements[i] = wait_stopped(context, removed[i]); });
    for (auto& one : elements) *response.add_sources() = std::move(one);
    return response;
}

pb::OperateSourceResponse show(const MasterContext& context, Scheduler& scheduler,
                               const pb::OperateSourceRequest& request) {
    const auto ids = named_sources(context, request);
    std::vector<pb::CommonWorkerResponse> elements;
    std::vector<std::string> addresses;
    scheduler.read([&](const ClusterTable& table) {
        for (const auto& id : ids) {
            ensure(table.source(id) != nullptr, ErrorCode::SchedulerSourceMissing,
                   fmt::format("source config with ID {} not exists", id.str()));
        }
        for (const auto& [id, row] : table.sources()) {
            if (!ids.empty() && std::ranges::find(ids, id) == ids.end()) continue;
            elements.push_back(element(true, row.worker ? "" : kUnboundText, id, row.worker ? row.worker->str() : ""));
            addresses.push_back(row.worker ? table.worker(*row.worker)->info.addr : "");
        }
    });
    fan_out(elements.size(), [&](std::size_t i) {
        if (!addresses[i].empty()) elements[i].set_msg(source_problem(context, addresses[i]));
    });
    pb::OperateSourceResponse response;
    for (auto& one : elements) *response.add_sources() = std::move(one);
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

/// Refuses while a task that ought to run is not in the sync unit.
void check_all_in_sync(const MasterContext& context, const model::SourceId& id, const std::string& address,
                       const std::vector<model::TaskName>& running) {
    const auto status = context.query_worker(address, {});
    for (const auto& subtask : status.subtaskstatus()) {
        if (std::ranges::find(running, model::TaskName(subtask.name())) == running.end()) continue;
        ensure(subtask.unit() == pb::Sync, ErrorCode::SchedulerTransferUnit,
               fmt::format("task {} on source {} is in unit {}; only tasks in the sync unit are moved while they run",
                           subtask.name(), id.str(), pb::UnitType_Name(subtask.unit())));
    }
}

/// Gives the source away when its worker has let go of it. A worker that cannot be asked or does not end in time is
/// not waited for: the fence in the target keeps it from writing. Expected stages are left alone, so that a pause by
/// hand stays one.
void hand_over(const MasterContext& context, Scheduler& scheduler, const model::SourceId& id,
               const model::WorkerName& worker) {
    const auto old = scheduler.release(id);
    if (old) {
        const std::string wrong = wait_released(context, address_of(scheduler, *old), id);
        if (!wrong.empty()) {
            log::warn("source is moved although its worker was not seen to let go of it",
                      {{"source", id.str()}, {"worker", old->str()}, {"reason", wrong}});
        }
    }
    try {
        scheduler.transfer(id, worker);
    } catch (const Error& error) {
        log::warn("source could not be moved and goes to any worker", {{"source", id.str()}, {"error", error.what()}});
        scheduler.settle();
        throw;
    }
}

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
        const SourceRow* row = table.source(id);
        // Another command may have removed it since.
        if (row == nullptr || !row->worker) return std::vector<model::TaskName>{};
        address = table.worker(*row->worker)->info.addr;
        return running_tasks(table, id);
    });
    if (!running.empty()) check_all_in_sync(context, id, address, running);
    hand_over(context, scheduler, id, worker);
    return response;
}

}  // namespace dm::master
