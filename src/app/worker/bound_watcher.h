#pragma once

#include <memory>
#include <optional>

#include "app/worker/source_worker.h"
#include "base/guarded.h"
#include "base/step.h"
#include "core/meta/cluster_store.h"

namespace dm::worker {

/// Follows this worker's bound key for as long as its lease lives, and runs the source it names. `store` and `clock`
/// must outlive it. `source_worker` may be called from any thread. Destruction stops.
class BoundWatcher {
  public:
    BoundWatcher(model::WorkerName worker, SourceWorker::Dependencies dependencies);
    ~BoundWatcher();
    BoundWatcher(const BoundWatcher&) = delete;
    BoundWatcher& operator=(const BoundWatcher&) = delete;

    /// A source that is bound to this worker but cannot be served. A plain value.
    struct Problem {
        model::SourceId source;
        Error error;
    };

    /// The source being served; null while there is none.
    [[nodiscard]] std::shared_ptr<SourceWorker> source_worker() const { return current_.copy(); }
    [[nodiscard]] std::optional<Problem> problem() const { return problem_.copy(); }
    /// The lease is lost: nothing drains. Call `stop` afterwards.
    void kill() noexcept;
    /// Stops the source, gracefully unless killed, and waits for it. May be called twice, by the owner.
    void stop();

  private:
    void follow(std::stop_token stop);
    void release();
    void serve(const model::SourceId& source, const std::optional<std::string>& config);
    void obey(const std::optional<model::SourceId>& source, const std::optional<std::string>& config);

    const model::WorkerName worker_;
    const SourceWorker::Dependencies dependencies_;
    Guarded<std::shared_ptr<SourceWorker>> current_;
    Guarded<std::optional<Problem>> problem_;
    std::string current_toml_;  ///< of follow's thread: what `current_` was made from
    Step follow_;
};

}  // namespace dm::worker
