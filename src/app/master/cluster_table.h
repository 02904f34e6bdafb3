#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/source_config.h"
#include "core/config/subtask_config.h"
#include "core/meta/records.h"
#include "core/model/names.h"

namespace dm::master {

/// What a registered worker is doing. A bound worker is always alive.
enum class WorkerStage : std::uint8_t { Offline, Free, Bound };

/// As list-member prints it: "offline", "free", "bound".
[[nodiscard]] std::string_view worker_stage_name(WorkerStage stage) noexcept;

struct WorkerRow {
    meta::WorkerInfo info;
    bool is_alive = false;
    std::optional<model::SourceId> source;       ///< what it is bound to
    std::optional<model::SourceId> last_source;  ///< what it was bound to most recently

    [[nodiscard]] WorkerStage stage() const noexcept;
};

struct SourceRow {
    std::shared_ptr<const config::SourceConfig> config;
    std::optional<model::WorkerName> worker;  ///< the worker bound to it
};

struct SubTaskRow {
    std::shared_ptr<const config::SubTaskConfig> config;
    meta::Stage expect = meta::Stage::Running;
};

/// The leader's memory of the cluster: a copy of what the store holds, with the rules of who may be bound to whom.
/// A plain value without synchronisation. Mutators keep both sides of a binding equal: one worker per source, one
/// source per worker, only live workers are bound. They expect that names exist; the frontend has checked.
class ClusterTable {
  public:
    using Workers = std::map<model::WorkerName, WorkerRow>;
    using Sources = std::map<model::SourceId, SourceRow>;
    using SubTasks = std::map<model::SourceId, SubTaskRow>;
    using Tasks = std::map<model::TaskName, SubTasks>;

    [[nodiscard]] const Workers& workers() const noexcept { return workers_; }
    [[nodiscard]] const Sources& sources() const noexcept { return sources_; }
    [[nodiscard]] const Tasks& tasks() const noexcept { return tasks_; }
    /// Null if there is none.
    [[nodiscard]] const WorkerRow* worker(const model::WorkerName& name) const;
    [[nodiscard]] const SourceRow* source(const model::SourceId& id) const;
    [[nodiscard]] const SubTasks* task(const model::TaskName& name) const;
    /// Tasks that have a subtask on the source, sorted.
    [[nodiscard]] std::vector<model::TaskName> tasks_on(const model::SourceId& id) const;
    [[nodiscard]] std::vector<model::SourceId> unbound_sources() const;

    /// Who should serve this source: a free worker whose last source it was, else a free one without a last source that
    /// still waits for a worker, else any free one; by name among equals. Nothing if no worker is free.
    [[nodiscard]] std::optional<model::WorkerName> worker_for(const model::SourceId& id) const;
    /// What this free worker should serve: its last source if that is unbound, else the first unbound source.
    [[nodiscard]] std::optional<model::SourceId> source_for(const model::WorkerName& name) const;

    void put_worker(meta::WorkerInfo info);
    void erase_worker(const model::WorkerName& name);
    void set_alive(const model::WorkerName& name, bool is_alive);
    void set_last_source(const model::WorkerName& name, const model::SourceId& id);
    void put_source(std::shared_ptr<const config::SourceConfig> config);
    void erase_source(const model::SourceId& id);
    void bind(const model::SourceId& id, const model::WorkerName& name);
    /// The worker that is free now; nothing if the source was not bound.
    std::optional<model::WorkerName> unbind(const model::SourceId& id);
    void put_subtask(std::shared_ptr<const config::SubTaskConfig> config, meta::Stage expect);
    void set_expect(const model::TaskName& task, const model::SourceId& id, meta::Stage expect);
    void erase_subtask(const model::TaskName& task, const model::SourceId& id);

    /// What is wrong with the table, for tests and assertions; empty if nothing is.
    [[nodiscard]] std::string broken_rule() const;

  private:
    Workers workers_;
    Sources sources_;
    Tasks tasks_;
};

}  // namespace dm::master
