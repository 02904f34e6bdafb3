#include "app/master/scheduler.h"

#include "base/log.h"

namespace dm::master {

template <typename F>
auto Scheduler::in_turn(F&& change) {
    const std::lock_guard lock(turn_);
    if (is_stale_) recover_in_turn();
    try {
        return change();
    } catch (const Error& error) {
        // A refusal comes before any write; anything else may have left a write behind.
        is_stale_ = error.entry().error_class == ErrorClass::Ha || error.code() == ErrorCode::MasterNotLeader;
        throw;
    } catch (...) {
        is_stale_ = true;
        throw;
    }
}

meta::Revision Scheduler::recover_in_turn() {
    is_stale_ = true;
    seen_ = backend_.recover();
    is_stale_ = false;
    return seen_;
}

meta::Revision Scheduler::recover() {
    const std::lock_guard lock(turn_);
    return recover_in_turn();
}

void Scheduler::worker_alive(const model::WorkerName& name, meta::Revision at) {
    in_turn([&] {
        if (at > seen_) backend_.worker_alive(name);
    });
}

void Scheduler::worker_gone(const model::WorkerName& name, meta::Revision at) {
    in_turn([&] {
        if (at > seen_) backend_.worker_gone(name);
    });
}

void Scheduler::add_worker(const meta::WorkerInfo& info) {
    in_turn([&] { frontend_.add_worker(info); });
}

void Scheduler::remove_worker(const model::WorkerName& name) {
    in_turn([&] { frontend_.remove_worker(name); });
}

std::optional<model::WorkerName> Scheduler::add_source(const config::SourceConfig& source,
                                                       const std::optional<model::WorkerName>& worker) {
    return in_turn([&] { return frontend_.add_source(source, worker); });
}

std::optional<model::WorkerName> Scheduler::remove_source(const model::SourceId& id) {
    return in_turn([&] { return frontend_.remove_source(id); });
}

bool Scheduler::check_transfer(const model::SourceId& id, const model::WorkerName& worker) {
    return in_turn([&] { return frontend_.check_transfer(id, worker); });
}

std::optional<model::WorkerName> Scheduler::release(const model::SourceId& id) {
    return in_turn([&] { return frontend_.release(id); });
}

void Scheduler::settle() {
    in_turn([&] { backend_.settle(); });
}

void Scheduler::transfer(const model::SourceId& id, const model::WorkerName& worker) {
    in_turn([&] { frontend_.transfer(id, worker); });
}

std::vector<meta::SubTaskId> Scheduler::add_subtasks(const std::vector<config::SubTaskConfig>& subtasks,
                                                     meta::Stage expect) {
    return in_turn([&] { return frontend_.add_subtasks(subtasks, expect); });
}

void Scheduler::set_stage(const model::TaskName& task, const std::vector<model::SourceId>& sources, meta::Stage stage) {
    in_turn([&] { frontend_.set_stage(task, sources, stage); });
}

void Scheduler::remove_subtasks(const model::TaskName& task, const std::vector<model::SourceId>& sources) {
    in_turn([&] { frontend_.remove_subtasks(task, sources); });
}

}  // namespace dm::master
