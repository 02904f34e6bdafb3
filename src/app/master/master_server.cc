#include "app/master/master_server.h"

#include <dmworker.pb.h>
#include <grpcpp/impl/service_type.h>
#include <nlohmann/json.hpp>

#include "app/master/leadership.h"
#include "app/master/master_rpc.h"
#include "base/log.h"
#include "base/version.h"
#include "io/rpc/http_get.h"
#include "io/rpc/rpc_server.h"

namespace dm::master {
namespace {

constexpr std::size_t kMessageOverhead = 512U << 10U;

rpc::RpcServer::Options server_options(const config::MasterConfig& config, const std::string& etcd_target,
                                       metrics::Registry& registry) {
    rpc::RpcServer::Options options;
    options.on_call = rpc::count_calls(registry);
    options.listen = config.master_addr;
    options.listen_key = "master-addr";
    options.owner = ErrorClass::DmMaster;
    options.tls = {.ca = config.security.ssl_ca,
                   .cert = config.security.ssl_cert,
                   .key = config.security.ssl_key,
                   .allowed_names = config.security.cert_allowed_cn};
    options.max_receive_bytes =
        static_cast<int>(std::min<std::size_t>(config.max_request_bytes + kMessageOverhead, 1U << 30U));
    options.etcd_target = etcd_target;
    return options;
}

rpc::HttpResponse json_answer(int status, std::string body) {
    rpc::HttpResponse response;
    response.status = status;
    response.content_type = "application/json";
    response.body = std::move(body);
    return response;
}

/// What the original serves and this version does not: refused by name, in the form that its clients read errors in.
void refuse_missing_pages(rpc::HttpRouter& routes) {
    const auto refusal = [](std::string_view what) {
        const Error error(ErrorCode::ConfigFeatureMissing, std::string(what) + " is not available in this version");
        return std::string(error.with_workaround("Use dmctl, or the gRPC services it calls.").what());
    };
    routes.add("/apis/", [text = refusal("the JSON gateway `/apis/v1alpha1`")](const rpc::HttpRequest&) {
        constexpr int kUnimplemented = 12;
        return json_answer(
            501,
            nlohmann::json{{"code", kUnimplemented}, {"message", text}, {"details", nlohmann::json::array()}}.dump());
    });
    routes.add("/api/v1/", [text = refusal("the REST API `/api/v1`")](const rpc::HttpRequest&) {
        return json_answer(
            501, nlohmann::json{{"error_msg", text}, {"error_code", static_cast<int>(ErrorCode::ConfigFeatureMissing)}}
                     .dump());
    });
    for (const auto& [path, what] : {std::pair("/dashboard/", "the web interface"), {"/debug/", "`/debug/pprof`"}}) {
        routes.add(path, [text = refusal(what)](const rpc::HttpRequest&) {
            rpc::HttpResponse response;
            response.status = 501;
            response.body = text + "\n";
            return response;
        });
    }
}

/// A frozen process keeps its connections, so only an answer counts.
bool is_healthy(const std::string& url) try {
    constexpr int kOk = 200;
    return rpc::http_get(url, "/health", std::chrono::seconds(1)) == kOk;
} catch (const Error& error) {
    log::warn("a member has an address that cannot be read", {{"url", url}, {"error", error.what()}});
    return false;
}

}  // namespace

struct MasterServer::Impl {
    config::MasterConfig config;
    std::optional<config::SecretKey> key;
    Parts parts;
    MasterMetrics metrics;
    std::mutex scrape;
    std::stop_source stopping;
    PeerCalls peers;
    Leadership leadership;
    MasterContext context;
    std::unique_ptr<grpc::Service> service;
    rpc::RpcServer server;

    Impl(config::MasterConfig settings, std::optional<config::SecretKey> secret, Parts chosen)
        : config(std::move(settings)),
          key(std::move(secret)),
          parts(std::move(chosen)),
          metrics(parts.registry, parts.clock),
          peers({.timeout = config.rpc_timeout, .rate = config.rpc_rate_limit, .burst = config.rpc_rate_burst},
                parts.clock),
          leadership(parts.store, parts.clock, metrics,
                     {.self = {.id = config.name, .addr = config.advertise_addr}, .ttl = std::chrono::seconds(60)},
                     {.max_ops = config.max_txn_ops, .max_bytes = config.max_request_bytes / 2}),
          context{.config = config,
                  .key = key,
                  .clock = parts.clock,
                  .members = parts.members,
                  .peers = peers,
                  .connect = parts.connect,
                  .probe_position = parts.probe_position,
                  .open_binlog = parts.open_binlog,
                  .query_worker =
                      [this](const std::string& address, const pb::QueryStatusRequest& request) {
                          return peers.query_status(address, request);
                      },
                  .is_healthy = is_healthy,
                  .stop = stopping.get_token()},
          service(make_master_rpc(context, leadership)),
          server(server_options(config, parts.etcd_target, parts.registry), {service.get()}, router()) {}

    rpc::HttpRouter router() {
        rpc::HttpRouter routes;
        routes.add("/status", [](const rpc::HttpRequest&) {
            rpc::HttpResponse response;
            response.body = version_text();
            return response;
        });
        routes.add("/metrics", [this](const rpc::HttpRequest&) { return expose(); });
        routes.add("/health", [this](const rpc::HttpRequest&) { return health(); });
        // The probes of etcd: whether the process lives, whether it can serve.
        routes.add("/livez", [](const rpc::HttpRequest&) { return rpc::HttpResponse{.body = "ok"}; });
        routes.add("/readyz", [this](const rpc::HttpRequest&) {
            rpc::HttpResponse response = health();
            if (response.status == 200) response = rpc::HttpResponse{.body = "ok"};
            return response;
        });
        routes.add("/version", [](const rpc::HttpRequest&) {
            return json_answer(200, "{\"dm\":\"" + std::string(kReleaseVersion) + "\"}");
        });
        refuse_missing_pages(routes);
        return routes;
    }

    rpc::HttpResponse expose() {
        const auto scheduler = leadership.view().scheduler;
        const auto workers = scheduler ? scheduler->read([](const ClusterTable& table) { return table.workers(); })
                                       : ClusterTable::Workers{};
        const std::lock_guard lock(scrape);
        metrics.refresh();
        metrics.show_workers(workers);
        rpc::HttpResponse response;
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        response.body = parts.registry.expose();
        return response;
    }

    /// Healthy is a member whose store answers.
    rpc::HttpResponse health() {
        try {
            static_cast<void>(parts.store.get("health", false));
            return json_answer(200, "{\"health\":\"true\",\"reason\":\"\"}");
        } catch (const Error& error) {
            log::warn("the store does not answer", {{"error", error.what()}});
            return json_answer(503, "{\"health\":\"false\",\"reason\":\"the store does not answer\"}");
        }
    }
};

MasterServer::MasterServer(config::MasterConfig config, std::optional<config::SecretKey> key, Parts parts)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(key), std::move(parts))) {}

MasterServer::~MasterServer() { stop(); }

void MasterServer::start() {
    impl_->server.start();
    impl_->leadership.start();
}

void MasterServer::stop() {
    impl_->stopping.request_stop();
    impl_->server.stop();
    impl_->leadership.stop();
}

std::uint16_t MasterServer::port() const { return impl_->server.port(); }

}  // namespace dm::master
