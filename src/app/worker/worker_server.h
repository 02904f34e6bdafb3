#pragma once

#include <memory>
#include <string>

#include "app/worker/bound_watcher.h"
#include "app/worker/lease_keeper.h"
#include "app/worker/worker_metrics.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "core/config/worker_config.h"
#include "core/meta/kv_store.h"
#include "io/rpc/rpc_server.h"

namespace dm::worker {

/// A dm-worker process: serves its port, keeps its lease, runs the source it is bound to. Owned by main, which
/// registers first. What the dependencies refer to must outlive it.
class WorkerServer {
  public:
    struct Dependencies {
        meta::KvStore& store;
        Clock& clock;
        metrics::Registry& metrics;
        UnitFactory make_unit;
        std::function<sql::SqlConnector(const config::DbConfig& source)> connect_source;
    };

    WorkerServer(config::WorkerConfig config, Dependencies dependencies);
    ~WorkerServer();
    WorkerServer(const WorkerServer&) = delete;
    WorkerServer& operator=(const WorkerServer&) = delete;

    /// Opens the port, then asks for the lease. Throws Error{WorkerServe} if the port cannot be used.
    void start();
    /// Stops the source gracefully, closes the port and gives the lease back last, so that nobody takes over too early.
    void stop();

  private:
    void begin_term();
    void lose_term();
    [[nodiscard]] std::shared_ptr<SourceWorker> source_worker() const;
    [[nodiscard]] std::optional<BoundWatcher::Problem> source_problem() const;

    const config::WorkerConfig config_;
    const Dependencies dependencies_;
    const meta::ClusterStore cluster_;
    WorkerMetrics metrics_;

    Guarded<std::shared_ptr<BoundWatcher>> bound_;
    std::unique_ptr<grpc::Service> service_;
    std::unique_ptr<rpc::RpcServer> port_;
    std::unique_ptr<LeaseKeeper> lease_;
};

}  // namespace dm::worker
