#include "app/master/scheduler_backend.h"

#include <algorithm>

#include "base/log.h"

namespace dm::master {
namespace {

void report(const Error& problem) {
    log::error("record in the cluster's store is left out", {{"error", problem.what()}});
}

void take_sources(const meta::ClusterState& state, ClusterTable& table) {
    for (const auto& [id, toml] : state.sources) {
        try {
            table.put_source(std::make_shared<const config::SourceConfig>(config::source_from_toml(toml)));
        } catch (const Error& problem) {
            report(problem.with_context("source " + id.str()));
        }
    }
}

void take_subtasks(const meta::ClusterState& state, ClusterTable& table) {
    for (const auto& [id, toml] : state.subtasks) {
        const auto stage = state.subtask_stages.find(id);
        try {
            table.put_subtask(std::make_shared<const config::SubTaskConfig>(config::subtask_from_toml(toml)),
                              stage == state.subtask_stages.end() ? meta::Stage::Stopped : stage->second.expect);
        } catch (const Error& problem) {
            report(problem.with_context("task " + id.task.str() + " on source " + id.source.str()));
        }
    }
}

void take_workers(const meta::ClusterState& state, ClusterTable& table) {
    for (const auto& [name, info] : state.workers) {
        table.put_worker(info);
        table.set_alive(name, state.alive.contains(name));
        if (const auto last = state.last_bounds.find(name); last != state.last_bounds.end()) {
            table.set_last_source(name, last->second.source);
        }
    }
}

/// May this stored bound stay? Of two bounds for one source the first counts.
bool is_sound(const meta::SourceBound& bound, const ClusterTable& table) {
    const WorkerRow* worker = table.worker(bound.worker);
    const SourceRow* source = table.source(bound.source);
    return worker != nullptr && worker->is_alive && source != nullptr && !source->worker;
}

template <typename T, typename F>
void in_pieces(const std::vector<T>& all, const F& write) {
    constexpr std::size_t kPiece = 100;
    for (std::size_t i = 0; i < all.size(); i += kPiece) {
        const auto from = all.begin() + static_cast<std::ptrdiff_t>(i);
        write(std::vector<T>(from, from + static_cast<std::ptrdiff_t>(std::min(kPiece, all.size() - i))));
    }
}

}  // namespace

meta::Revision SchedulerBackend::recover() {
    const meta::ClusterState state = store_.load_all();
    for (const auto& problem : state.problems) report(problem);
    ClusterTable table;
    take_sources(state, table);
    take_subtasks(state, table);
    take_workers(state, table);

    std::vector<model::WorkerName> dropped;
    std::vector<meta::SourceBound> kept;
    for (const auto& [name, bound] : state.bounds) {
        const meta::SourceBound checked{.source = bound.source, .worker = name};
        if (!is_sound(checked, table)) {
            dropped.push_back(name);
            continue;
        }
        table.bind(checked.source, name);
        kept.push_back(checked);
    }
    // In pieces: a transaction of the store takes a limited number of writes, and each bound stands for itself.
    in_pieces(dropped, [&](const auto& piece) { store_.delete_bounds(piece); });
    in_pieces(kept, [&](const auto& piece) { store_.put_bounds(piece); });
    table_.set(std::move(table));
    settle();
    return state.revision;
}

void SchedulerBackend::settle() {
    const auto free = table_.with([](const ClusterTable& table) {
        std::vector<model::WorkerName> names;
        for (const auto& [name, row] : table.workers()) {
            if (row.stage() == WorkerStage::Free) names.push_back(name);
        }
        return names;
    });
    // Those that find their last source first, so that no other takes it.
    for (const bool is_first : {true, false}) {
        for (const auto& name : free) {
            const auto wanted = table_.with([&](const ClusterTable& now) { return now.source_for(name); });
            const bool is_own =
                wanted && table_.with([&](const ClusterTable& now) { return now.worker(name)->last_source == wanted; });
            if (wanted && (is_own || !is_first)) bind(*wanted, name);
        }
    }
}

void SchedulerBackend::worker_alive(const model::WorkerName& name) {
    const auto row = table_.with([&](const ClusterTable& table) -> std::optional<WorkerRow> {
        const WorkerRow* found = table.worker(name);
        return found == nullptr ? std::nullopt : std::optional(*found);
    });
    if (!row) {
        log::warn("keepalive of a worker that is not registered", {{"worker", name.str()}});
        return;
    }
    if (row->source) {
        store_.put_bounds({{.source = *row->source, .worker = name}});
        return;
    }
    table_.with([&](ClusterTable& table) { table.set_alive(name, true); });
    log::info("worker is online", {{"worker", name.str()}});
    find_source_for(name);
}

void SchedulerBackend::worker_gone(const model::WorkerName& name) {
    const auto row = table_.with([&](const ClusterTable& table) -> std::optional<WorkerRow> {
        const WorkerRow* found = table.worker(name);
        return found == nullptr ? std::nullopt : std::optional(*found);
    });
    if (!row) return;
    log::info("worker is offline", {{"worker", name.str()}, {"source", row->source ? row->source->str() : ""}});
    if (row->source) store_.delete_bounds({name});
    table_.with([&](ClusterTable& table) {
        if (row->source) table.unbind(*row->source);
        table.set_alive(name, false);
    });
    if (row->source) find_worker_for(*row->source);
}

std::optional<model::WorkerName> SchedulerBackend::find_worker_for(const model::SourceId& id) {
    auto name = table_.with([&](const ClusterTable& table) { return table.worker_for(id); });
    if (name) bind(id, *name);
    return name;
}

std::optional<model::SourceId> SchedulerBackend::find_source_for(const model::WorkerName& name) {
    auto id = table_.with([&](const ClusterTable& table) { return table.source_for(name); });
    if (id) bind(*id, name);
    return id;
}

void SchedulerBackend::bind(const model::SourceId& id, const model::WorkerName& name) {
    store_.put_bounds({{.source = id, .worker = name}});
    table_.with([&](ClusterTable& table) { table.bind(id, name); });
    log::info("source is bound to worker", {{"source", id.str()}, {"worker", name.str()}});
}

}  // namespace dm::master
