#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/worker/bound_watcher.h"

namespace grpc {
class Service;
}

namespace dm::worker {

/// What the service answers from. Called on pool threads.
struct WorkerView {
    std::string name;
    std::function<std::shared_ptr<SourceWorker>()> source_worker;
    /// Of a source that is bound but not served.
    std::function<std::optional<BoundWatcher::Problem>()> source_problem;
    std::function<std::string()> config_toml;
};

/// pb.Worker: status and configuration; operations of engines that are not there are refused by name.
[[nodiscard]] std::unique_ptr<grpc::Service> make_worker_service(WorkerView view);

}  // namespace dm::worker
