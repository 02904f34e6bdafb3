#include <memory>
#include <optional>

#include "app/main/process.h"
#include "app/worker/endpoint_refresh.h"
#include "app/worker/registration.h"
#include "app/worker/unit_factory.h"
#include "app/worker/worker_server.h"
#include "base/log.h"
#include "core/config/worker_config.h"
#include "io/etcd/etcd_kv_store.h"
#include "io/etcd/etcd_member_list.h"
#include "io/rpc/address.h"

namespace dm {
namespace {

/// Asks the masters with one connection as long as their addresses stay the same.
class MasterList {
  public:
    std::vector<meta::Member> list(const std::vector<std::string>& endpoints) {
        if (!members_ || endpoints != endpoints_) {
            members_ = std::make_unique<etcd::EtcdMemberList>(etcd::EtcdOptions{.endpoints = endpoints});
            endpoints_ = endpoints;
        }
        return members_->list();
    }

  private:
    std::vector<std::string> endpoints_;
    std::unique_ptr<etcd::EtcdMemberList> members_;
};

int serve(const config::WorkerConfig& config) {
    log::configure({.level = config.log_level,
                    .file = config.log_file,
                    .json = config.log_format == "json",
                    .hides_values = config.redact_info_log});
    process::log_welcome("dm-worker", config::to_toml(config));
    process::refuse_tls(config.security);
    const std::vector<std::string> masters = rpc::split_addresses(config.join);
    ensure(!masters.empty(), ErrorCode::WorkerJoin, "`join` is missing: it takes the addresses of dm-masters");
    SystemClock clock;
    metrics::Registry metrics;
    std::optional<process::EndsOnSignal> while_starting("dm-worker");
    worker::register_worker(model::WorkerName(config.name), config.advertise_addr, masters, clock, {});
    // Masters forward etcd's interface on their own ports.
    etcd::EtcdKvStore store({.endpoints = masters});
    MasterList list;
    const worker::EndpointRefresh refresh(
        masters,
        {.list = [&](const std::vector<std::string>& endpoints) { return list.list(endpoints); },
         .changed = [&](const std::vector<std::string>& endpoints) { store.set_endpoints(endpoints); }},
        clock);
    worker::WorkerServer server(
        config, {.store = store,
                 .clock = clock,
                 .metrics = metrics,
                 .make_unit = worker::make_unit_factory({.worker = config.name, .clock = clock, .metrics = metrics}),
                 .connect_source = worker::source_connector});
    while_starting.reset();
    server.start();
    log::info("dm-worker ends", {{"signal", process::wait_for_signal()}});
    server.stop();
    return 0;
}

int run(int argc, char** argv) {
    config::Warnings warnings;
    const config::WorkerStart start =
        config::parse_worker_arguments(process::arguments(argc, argv), process::read_file, &warnings);
    return process::start(warnings, start.action, config::worker_sample_config(), config::worker_usage(),
                          [&] { return serve(start.config); });
}

}  // namespace
}  // namespace dm

int main(int argc, char** argv) {
    dm::process::block_signals();
    return dm::process::run([&] { return dm::run(argc, argv); });
}
