#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/worker/subtask.h"
#include "app/worker/upstream_asker.h"
#include "app/worker/worker_metrics.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/step.h"
#include "core/config/source_config.h"
#include "core/meta/cluster_store.h"

namespace dm::worker {

/// The source this worker is bound to: follows the source's keys in the cluster's memory and makes its subtasks obey
/// them. Keys decide, not commands: after a gap everything is read again. `store` and `clock` must outlive it.
/// Destruction stops. `reports` may be called from any thread.
class SourceWorker {
  public:
    struct Dependencies {
        const meta::ClusterStore& store;
        Clock& clock;
        UnitFactory make_unit;
        /// How to ask a source where it is while its subtasks are paused; may be absent.
        std::function<sql::SqlConnector(const config::DbConfig& source)> connect_source;
        WorkerMetrics* metrics = nullptr;  ///< may be absent
    };

    SourceWorker(config::SourceConfig source, Dependencies dependencies);
    ~SourceWorker();
    SourceWorker(const SourceWorker&) = delete;
    SourceWorker& operator=(const SourceWorker&) = delete;

    [[nodiscard]] const config::SourceConfig& source() const noexcept { return source_; }
    /// All subtasks sorted by task name, or only that of one task. They are asked at the same time: one that waits for
    /// its upstream does not make the others late. Where the source is now is asked for those that are paused, too.
    [[nodiscard]] std::vector<SubTaskReport> reports(Detail detail = Detail::All,
                                                     const std::optional<model::TaskName>& only = {}) const;
    [[nodiscard]] bool has_subtasks() const;
    /// Why no subtask of this source can run; nothing if they can.
    [[nodiscard]] const std::optional<Error>& problem() const noexcept { return problem_; }
    /// The lease is lost: no unit drains. Call `stop` afterwards.
    void kill() noexcept;
    /// Stops all subtasks, gracefully unless killed, and waits for them. May be called twice, by the owner.
    void stop();

  private:
    /// A subtask, or why its configuration cannot be run.
    struct Entry {
        meta::StoredConfig config;  ///< what it was made from
        std::shared_ptr<SubTask> subtask;
        std::optional<Error> refusal;
    };
    using Entries = std::map<model::TaskName, Entry>;

    [[nodiscard]] SubTaskReport report_of(const model::TaskName& task, const Entry& entry, Detail detail) const;
    void follow(std::stop_token stop);
    void reconcile(const meta::SourceState& state);
    void obey(const model::TaskName& task, meta::Stage expect, const std::optional<meta::StoredConfig>& config);
    void obey_change(const meta::Change<meta::SubTaskId, meta::SubTaskStage>& change);
    Entry make_entry(const model::TaskName& task, const meta::StoredConfig& stored);
    void drop(const model::TaskName& task);

    const config::SourceConfig source_;
    const std::optional<Error> problem_;
    const Dependencies dependencies_;
    const std::unique_ptr<UpstreamAsker> asker_;  ///< null if nobody said how to connect
    Guarded<Entries> entries_;
    Step follow_;
};

}  // namespace dm::worker
