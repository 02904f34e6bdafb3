#include "app/master/cluster_table.h"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

namespace dm::master {
namespace {

template <typename Map, typename Key>
auto* find_row(Map& map, const Key& key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
}

}  // namespace

std::string_view worker_stage_name(WorkerStage stage) noexcept {
    switch (stage) {
        case WorkerStage::Offline:
            return "offline";
        case WorkerStage::Free:
            return "free";
        case WorkerStage::Bound:
            return "bound";
    }
    return "offline";
}

WorkerStage WorkerRow::stage() const noexcept {
    if (!is_alive) return WorkerStage::Offline;
    return source ? WorkerStage::Bound : WorkerStage::Free;
}

const WorkerRow* ClusterTable::worker(const model::WorkerName& name) const { return find_row(workers_, name); }
const SourceRow* ClusterTable::source(const model::SourceId& id) const { return find_row(sources_, id); }
const ClusterTable::SubTasks* ClusterTable::task(const model::TaskName& name) const { return find_row(tasks_, name); }

std::vector<model::TaskName> ClusterTable::tasks_on(const model::SourceId& id) const {
    std::vector<model::TaskName> names;
    for (const auto& [name, subtasks] : tasks_) {
        if (subtasks.contains(id)) names.push_back(name);
    }
    return names;
}

std::vector<model::SourceId> ClusterTable::unbound_sources() const {
    std::vector<model::SourceId> ids;
    for (const auto& [id, row] : sources_) {
        if (!row.worker) ids.push_back(id);
    }
    return ids;
}

std::optional<model::WorkerName> ClusterTable::worker_for(const model::SourceId& id) const {
    std::optional<model::WorkerName> uncommitted;
    std::optional<model::WorkerName> any;
    for (const auto& [name, row] : workers_) {
        if (row.stage() != WorkerStage::Free) continue;
        if (row.last_source == id) return name;
        if (!any) any = name;
        const SourceRow* last = row.last_source ? source(*row.last_source) : nullptr;
        const bool is_awaited = last != nullptr && !last->worker;
        if (!uncommitted && !is_awaited) uncommitted = name;
    }
    return uncommitted ? uncommitted : any;
}

std::optional<model::SourceId> ClusterTable::source_for(const model::WorkerName& name) const {
    const WorkerRow* row = worker(name);
    if (row == nullptr || row->stage() != WorkerStage::Free) return std::nullopt;
    if (row->last_source) {
        const SourceRow* last = source(*row->last_source);
        if (last != nullptr && !last->worker) return row->last_source;
    }
    const auto unbound = std::ranges::find_if(sources_, [](const auto& item) { return !item.second.worker; });
    return unbound == sources_.end() ? std::nullopt : std::optional(unbound->first);
}

void ClusterTable::put_worker(meta::WorkerInfo info) {
    const model::WorkerName name = info.name;
    workers_[name].info = std::move(info);
}

void ClusterTable::erase_worker(const model::WorkerName& name) {
    assert(!workers_.at(name).source);
    workers_.erase(name);
}

void ClusterTable::set_alive(const model::WorkerName& name, bool is_alive) {
    WorkerRow& row = workers_.at(name);
    assert(is_alive || !row.source);
    row.is_alive = is_alive;
}

void ClusterTable::set_last_source(const model::WorkerName& name, const model::SourceId& id) {
    workers_.at(name).last_source = id;
}

void ClusterTable::put_source(std::shared_ptr<const config::SourceConfig> config) {
    const model::SourceId id = config->source_id;
    sources_[id].config = std::move(config);
}

void ClusterTable::erase_source(const model::SourceId& id) {
    const auto freed = unbind(id);
    if (freed) workers_.at(*freed).last_source.reset();
    sources_.erase(id);
}

void ClusterTable::bind(const model::SourceId& id, const model::WorkerName& name) {
    WorkerRow& worker = workers_.at(name);
    SourceRow& source = sources_.at(id);
    assert(worker.is_alive && (!worker.source || worker.source == id) && (!source.worker || source.worker == name));
    worker.source = id;
    worker.last_source = id;
    source.worker = name;
}

std::optional<model::WorkerName> ClusterTable::unbind(const model::SourceId& id) {
    auto freed = std::exchange(sources_.at(id).worker, std::nullopt);
    if (freed) workers_.at(*freed).source.reset();
    return freed;
}

void ClusterTable::put_subtask(std::shared_ptr<const config::SubTaskConfig> config, meta::Stage expect) {
    auto& row = tasks_[config->name][config->source_id];
    row = {.config = std::move(config), .expect = expect};
}

void ClusterTable::set_expect(const model::TaskName& task, const model::SourceId& id, meta::Stage expect) {
    tasks_.at(task).at(id).expect = expect;
}

void ClusterTable::erase_subtask(const model::TaskName& task, const model::SourceId& id) {
    const auto found = tasks_.find(task);
    if (found == tasks_.end()) return;
    found->second.erase(id);
    if (found->second.empty()) tasks_.erase(found);
}

std::string ClusterTable::broken_rule() const {
    for (const auto& [name, row] : workers_) {
        if (!row.source) continue;
        if (!row.is_alive) return fmt::format("worker {} is bound but not alive", name.str());
        const SourceRow* bound = source(*row.source);
        if (bound == nullptr)
            return fmt::format("worker {} is bound to unknown source {}", name.str(), row.source->str());
        if (bound->worker != name)
            return fmt::format("source {} does not know its worker {}", row.source->str(), name.str());
    }
    for (const auto& [id, row] : sources_) {
        if (!row.worker) continue;
        const WorkerRow* bound = worker(*row.worker);
        if (bound == nullptr || bound->source != id) {
            return fmt::format("worker {} does not know its source {}", row.worker->str(), id.str());
        }
    }
    for (const auto& [name, subtasks] : tasks_) {
        if (subtasks.empty()) return fmt::format("task {} has no subtask", name.str());
    }
    return {};
}

}  // namespace dm::master
