#include "app/master/scheduler_frontend.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/log.h"

namespace dm::master {
namespace {

const WorkerRow& worker_row(const ClusterTable& table, const model::WorkerName& name) {
    const WorkerRow* row = table.worker(name);
    ensure(row != nullptr, ErrorCode::SchedulerWorkerMissing,
           fmt::format("dm-worker with name {} not exists", name.str()));
    return *row;
}

const SourceRow& source_row(const ClusterTable& table, const model::SourceId& id) {
    const SourceRow* row = table.source(id);
    ensure(row != nullptr, ErrorCode::SchedulerSourceMissing,
           fmt::format("source config with ID {} not exists", id.str()));
    return *row;
}

template <typename Name>
std::string joined(const std::vector<Name>& names) {
    std::vector<std::string> texts;
    for (const auto& name : names) texts.push_back(name.str());
    return fmt::format("[{}]", fmt::join(texts, " "));
}

std::string where_to(const config::SubTaskConfig& subtask) {
    return fmt::format("{} with meta-schema `{}`", config::host_and_port(subtask.to.host, subtask.to.port),
                       subtask.meta_schema);
}

/// All subtasks of a task write to one place: what shows and exports a task knows one target of it.
void refuse_other_target(const ClusterTable::SubTasks& running, const config::SubTaskConfig& subtask) {
    for (const auto& [source, row] : running) {
        if (where_to(*row.config) == where_to(subtask)) continue;
        throw Error(ErrorCode::SchedulerSubTaskExists,
                    fmt::format("task {} runs on source {} into {}; this file says {}", subtask.name.str(),
                                source.str(), where_to(*row.config), where_to(subtask)))
            .with_workaround("Use the same target, another task name, or `stop-task` the whole task first.");
    }
}

/// The checks of add_subtasks; what has to be written.
std::vector<config::SubTaskConfig> missing_subtasks(const ClusterTable& table,
                                                    const std::vector<config::SubTaskConfig>& subtasks) {
    std::vector<config::SubTaskConfig> missing;
    std::vector<model::SourceId> existing;
    std::vector<model::SourceId> unbound;
    for (const auto& subtask : subtasks) {
        const SourceRow& source = source_row(table, subtask.source_id);
        const auto* task = table.task(subtask.name);
        if (task != nullptr && task->contains(subtask.source_id)) {
            existing.push_back(subtask.source_id);
            continue;
        }
        if (task != nullptr) refuse_other_target(*task, subtask);
        if (!source.worker) unbound.push_back(subtask.source_id);
        missing.push_back(subtask);
    }
    ensure(!missing.empty(), ErrorCode::SchedulerSubTaskExists,
           fmt::format("subtasks with name {} for sources {} already exist",
                       subtasks.empty() ? std::string() : subtasks.front().name.str(), joined(existing)));
    ensure(unbound.empty(), ErrorCode::SchedulerSourcesUnbound,
           fmt::format("sources {} have not bound", joined(unbound)));
    return missing;
}

}  // namespace

void SchedulerFrontend::add_worker(const meta::WorkerInfo& info) {
    const bool is_known = table_.with([&](const ClusterTable& table) {
        const WorkerRow* row = table.worker(info.name);
        ensure(
            row == nullptr || row->info.addr == info.addr, ErrorCode::SchedulerWorkerExists,
            fmt::format("dm-worker with name {} already exists with address {}; take that one offline first or choose "
                        "another name",
                        info.name.str(), row == nullptr ? "" : row->info.addr));
        return row != nullptr;
    });
    if (is_known) {
        log::warn("worker registers again", {{"worker", info.name.str()}, {"addr", info.addr}});
        return;
    }
    store_.put_worker(info);
    table_.with([&](ClusterTable& table) { table.put_worker(info); });
    log::info("worker is registered", {{"worker", info.name.str()}, {"addr", info.addr}});
}

void SchedulerFrontend::remove_worker(const model::WorkerName& name) {
    table_.with([&](const ClusterTable& table) {
        ensure(worker_row(table, name).stage() == WorkerStage::Offline, ErrorCode::SchedulerWorkerOnline,
               fmt::format("dm-worker with name {} is still online, must shut it down first", name.str()));
    });
    store_.delete_worker(name);
    table_.with([&](ClusterTable& table) { table.erase_worker(name); });
}

std::optional<model::WorkerName> SchedulerFrontend::add_source(const config::SourceConfig& source,
                                                               const std::optional<model::WorkerName>& worker) {
    const model::SourceId& id = source.source_id;
    table_.with([&](const ClusterTable& table) {
        ensure(table.source(id) == nullptr, ErrorCode::SchedulerSourceExists,
               fmt::format("source config with ID {} already exists", id.str()));
        ensure(!worker || worker_row(table, *worker).stage() == WorkerStage::Free, ErrorCode::SchedulerWorkerNotFree,
               fmt::format("dm-worker with name {} not free", worker ? worker->str() : ""));
    });
    store_.put_source(id, config::to_toml(source));
    table_.with([&](ClusterTable& table) { table.put_source(std::make_shared<const config::SourceConfig>(source)); });
    if (!worker) return backend_.find_worker_for(id);
    backend_.bind(id, *worker);
    return worker;
}

std::optional<model::WorkerName> SchedulerFrontend::remove_source(const model::SourceId& id) {
    auto worker = table_.with([&](const ClusterTable& table) {
        auto bound = source_row(table, id).worker;
        const auto tasks = table.tasks_on(id);
        ensure(tasks.empty(), ErrorCode::SchedulerSourceHasTasks,
               fmt::format("source with name {} need to operate with tasks {} exist", id.str(), joined(tasks)));
        return bound;
    });
    store_.delete_source(id, worker);
    table_.with([&](ClusterTable& table) { table.erase_source(id); });
    if (worker) backend_.find_source_for(*worker);
    return worker;
}

bool SchedulerFrontend::check_transfer(const model::SourceId& id, const model::WorkerName& worker) const {
    return table_.with([&](const ClusterTable& table) {
        const SourceRow& source = source_row(table, id);
        const WorkerStage stage = worker_row(table, worker).stage();
        if (source.worker == worker) return false;
        ensure(stage == WorkerStage::Free, ErrorCode::SchedulerWorkerTransition,
               fmt::format("invalid stage transformation for dm-worker {} from {} to bound", worker.str(),
                           worker_stage_name(stage)));
        return true;
    });
}

std::optional<model::WorkerName> SchedulerFrontend::release(const model::SourceId& id) {
    auto old = table_.with([&](const ClusterTable& table) { return source_row(table, id).worker; });
    if (!old) return std::nullopt;
    store_.delete_bounds({*old});
    table_.with([&](ClusterTable& table) { table.unbind(id); });
    return old;
}

void SchedulerFrontend::transfer(const model::SourceId& id, const model::WorkerName& worker) {
    if (!check_transfer(id, worker)) return;
    const auto old = table_.with([&](const ClusterTable& table) { return table.source(id)->worker; });
    if (old) {
        store_.replace_bound(*old, {.source = id, .worker = worker});
        table_.with([&](ClusterTable& table) {
            table.unbind(id);
            table.bind(id, worker);
        });
    } else {
        backend_.bind(id, worker);
    }
    backend_.settle();
}

std::vector<meta::SubTaskId> SchedulerFrontend::add_subtasks(const std::vector<config::SubTaskConfig>& subtasks,
                                                             meta::Stage expect) {
    const auto missing = table_.with([&](const ClusterTable& table) { return missing_subtasks(table, subtasks); });
    std::vector<meta::SubTaskRecord> records;
    std::vector<meta::SubTaskId> added;
    for (const auto& subtask : missing) {
        added.push_back({.source = subtask.source_id, .task = subtask.name});
        records.push_back(
            {.id = added.back(), .config = config::to_toml(subtask), .expect = expect, .validator = std::nullopt});
    }
    store_.put_subtasks(records);
    table_.with([&](ClusterTable& table) {
        for (const auto& subtask : missing) {
            table.put_subtask(std::make_shared<const config::SubTaskConfig>(subtask), expect);
        }
    });
    return added;
}

std::vector<model::SourceId> SchedulerFrontend::resolve(const model::TaskName& task,
                                                        const std::vector<model::SourceId>& sources) const {
    return table_.with([&](const ClusterTable& table) {
        const auto* subtasks = table.task(task);
        ensure(subtasks != nullptr, ErrorCode::SchedulerTaskMissing,
               fmt::format("task with name {} not exist", task.str()));
        std::vector<model::SourceId> found;
        for (const auto& id : sources) {
            ensure(subtasks->contains(id), ErrorCode::SchedulerSubTaskMissing,
                   fmt::format("subtask of task {} on source {} not exist", task.str(), id.str()));
            found.push_back(id);
        }
        if (!sources.empty()) return found;
        for (const auto& [id, row] : *subtasks) found.push_back(id);
        return found;
    });
}

void SchedulerFrontend::set_stage(const model::TaskName& task, const std::vector<model::SourceId>& sources,
                                  meta::Stage stage) {
    const auto ids = resolve(task, sources);
    std::vector<meta::SubTaskStage> stages;
    for (const auto& id : ids) stages.push_back({.expect = stage, .source = id, .task = task});
    store_.set_stages(stages);
    table_.with([&](ClusterTable& table) {
        for (const auto& id : ids) table.set_expect(task, id, stage);
    });
}

void SchedulerFrontend::remove_subtasks(const model::TaskName& task, const std::vector<model::SourceId>& sources) {
    const auto ids = resolve(task, sources);
    std::vector<meta::SubTaskId> subtasks;
    for (const auto& id : ids) subtasks.push_back({.source = id, .task = task});
    store_.delete_subtasks(subtasks);
    table_.with([&](ClusterTable& table) {
        for (const auto& id : ids) table.erase_subtask(task, id);
    });
}

}  // namespace dm::master
