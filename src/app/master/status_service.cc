#include "app/master/status_service.h"

#include <algorithm>
#include <set>

#include <dmmaster.pb.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/master/worker_poll.h"
#include "base/fan_out.h"

namespace dm::master {
namespace {

/// One source to ask about.
struct Target {
    model::SourceId source;
    std::string worker;  ///< empty: nobody serves it
    std::string address;
    std::vector<model::TaskName> tasks;
};

Target target_of(const ClusterTable& table, const model::SourceId& id) {
    Target target{.source = id, .worker = {}, .address = {}, .tasks = {}};
    const SourceRow* row = table.source(id);
    if (row != nullptr && row->worker) {
        target.worker = row->worker->str();
        target.address = table.worker(*row->worker)->info.addr;
    } else {
        target.tasks = table.tasks_on(id);
    }
    return target;
}

/// Which sources the request is about, sorted; a text in `refusal` if it makes no sense.
std::vector<model::SourceId> wanted_sources(const ClusterTable& table, const pb::QueryStatusListRequest& request,
                                            std::string& refusal) {
    std::set<model::SourceId> ids;
    std::vector<std::string> unknown;
    for (const auto& name : request.sources()) {
        const model::SourceId id(name);
        if (table.source(id) == nullptr) unknown.push_back(name);
        ids.insert(id);
    }
    if (!unknown.empty()) {
        refusal = fmt::format("sources [{}] haven't been added", fmt::join(unknown, " "));
        return {};
    }
    if (!request.name().empty()) {
        const auto* subtasks = table.task(model::TaskName(request.name()));
        if (subtasks == nullptr) {
            refusal = fmt::format("task {} has no source or not exist", request.name());
            return {};
        }
        if (ids.empty()) {
            for (const auto& [id, row] : *subtasks) ids.insert(id);
        }
    } else if (ids.empty()) {
        for (const auto& [id, row] : table.sources()) ids.insert(id);
    }
    return {ids.begin(), ids.end()};
}

pb::QueryStatusResponse failed(const Target& target, const Error& error) {
    pb::QueryStatusResponse response;
    response.set_result(false);
    response.set_msg(error.what());
    response.mutable_sourcestatus()->set_source(target.source.str());
    response.mutable_sourcestatus()->set_worker(target.worker);
    return response;
}

/// The element of a source that nobody serves: the names of its tasks are all there is to say.
pb::QueryStatusResponse unbound(const Target& target) {
    auto response = failed(target, Error(ErrorCode::MasterWorkerClientMissing, no_worker_text(target.source)));
    response.mutable_sourcestatus()->set_worker("source not bound");
    for (const auto& task : target.tasks) response.add_subtaskstatus()->set_name(task.str());
    return response;
}

pb::QueryStatusResponse ask(const Target& target, const QueryWorker& query_worker, const std::string& task) {
    pb::QueryStatusRequest request;
    request.set_name(task);
    try {
        auto response = query_worker(target.address, request);
        response.mutable_sourcestatus()->set_worker(target.worker);
        if (response.sourcestatus().source().empty()) response.mutable_sourcestatus()->set_source(target.source.str());
        return response;
    } catch (const Error& error) {
        return failed(target, error);
    }
}

}  // namespace

pb::QueryStatusListResponse query_status(Scheduler& scheduler, const QueryWorker& query_worker,
                                         const pb::QueryStatusListRequest& request) {
    pb::QueryStatusListResponse response;
    std::string refusal;
    const auto targets = scheduler.read([&](const ClusterTable& table) {
        std::vector<Target> found;
        const bool is_about_all = request.name().empty() && request.sources().empty();
        for (const auto& id : wanted_sources(table, request, refusal)) {
            Target target = target_of(table, id);
            // Without a worker and without tasks there is nothing to say unless the source was asked for.
            if (is_about_all && target.worker.empty() && target.tasks.empty()) continue;
            if (!request.name().empty()) target.tasks = {model::TaskName(request.name())};
            found.push_back(std::move(target));
        }
        return found;
    });
    response.set_result(refusal.empty());
    response.set_msg(refusal);
    std::vector<pb::QueryStatusResponse> elements(targets.size());
    fan_out(targets.size(), [&](std::size_t i) {
        elements[i] = targets[i].worker.empty() ? unbound(targets[i]) : ask(targets[i], query_worker, request.name());
    });
    for (auto& element : elements) *response.add_sources() = std::move(element);
    return response;
}

}  // namespace dm::master
