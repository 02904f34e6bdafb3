#include "app/worker/worker_server.h"

#include <utility>

#include <grpcpp/impl/codegen/service_type.h>

#include "app/worker/worker_service.h"
#include "base/log.h"
#include "base/version.h"

namespace dm::worker {

WorkerServer::WorkerServer(config::WorkerConfig config, Dependencies dependencies)
    : config_(std::move(config)),
      dependencies_(std::move(dependencies)),
      cluster_(dependencies_.store, dependencies_.clock),
      metrics_(dependencies_.metrics, dependencies_.clock, config_.name) {}

WorkerServer::~WorkerServer() { stop(); }

void WorkerServer::start() {
    service_ = make_worker_service({.name = config_.name,
                                    .source_worker = [this] { return source_worker(); },
                                    .source_problem = [this] { return source_problem(); },
                                    .config_toml = [this] { return config::to_toml(config_); }});
    rpc::HttpRouter router;
    router.add("/status", [](const rpc::HttpRequest&) { return rpc::HttpResponse{.body = version_text()}; });
    router.add("/metrics", [this](const rpc::HttpRequest&) {
        const auto source = source_worker();
        metrics_.refresh(source ? source->source().source_id.str() : std::string(),
                         source ? source->reports(Detail::Local) : std::vector<SubTaskReport>());
        return rpc::HttpResponse{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                                 .body = dependencies_.metrics.expose()};
    });
    port_ = std::make_unique<rpc::RpcServer>(
        rpc::RpcServer::Options{.listen = config_.worker_addr, .on_call = rpc::count_calls(dependencies_.metrics)},
        std::vector<grpc::Service*>{service_.get()}, std::move(router));
    port_->start();
    log::info("worker serves", {{"worker", config_.name}, {"address", config_.worker_addr}});
    lease_ = std::make_unique<LeaseKeeper>(
        dependencies_.store, dependencies_.clock,
        LeaseKeeper::Options{.worker = model::WorkerName(config_.name), .ttl = config_.keepalive_ttl},
        LeaseKeeper::Events{.began = [this] { begin_term(); }, .lost = [this] { lose_term(); }});
}

void WorkerServer::stop() {
    if (const auto bound = bound_.copy()) {
        bound_.set(nullptr);
        bound->stop();
    }
    if (port_) port_->stop();
    lease_.reset();
    // A term that began while the lease was given back.
    lose_term();
}

void WorkerServer::begin_term() {
    bound_.set(std::make_shared<BoundWatcher>(
        model::WorkerName(config_.name),
        SourceWorker::Dependencies{.store = cluster_,
                                   .clock = dependencies_.clock,
                                   .make_unit = metrics_.counted(dependencies_.make_unit),
                                   .connect_source = dependencies_.connect_source,
                                   .metrics = &metrics_}));
}

void WorkerServer::lose_term() {
    const auto bound = bound_.copy();
    if (!bound) return;
    bound->kill();
    bound_.set(nullptr);
    bound->stop();
}

std::shared_ptr<SourceWorker> WorkerServer::source_worker() const {
    const auto bound = bound_.copy();
    return bound ? bound->source_worker() : nullptr;
}

std::optional<BoundWatcher::Problem> WorkerServer::source_problem() const {
    const auto bound = bound_.copy();
    return bound ? bound->problem() : std::nullopt;
}

}  // namespace dm::worker
