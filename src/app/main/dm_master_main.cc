#include <optional>
#include <unistd.h>

#include <fmt/format.h>

#include "app/main/process.h"
#include "app/master/connect_database.h"
#include "app/master/master_server.h"
#include "app/master/position_probe.h"
#include "base/log.h"
#include "base/retry.h"
#include "core/config/master_config.h"
#include "io/etcd/etcd_child.h"
#include "io/etcd/etcd_join.h"
#include "io/etcd/etcd_kv_store.h"
#include "io/etcd/etcd_member_list.h"
#include "io/rpc/address.h"

namespace dm {
namespace {

std::string host_name() {
    std::string name(256, '\0');
    ensure(gethostname(name.data(), name.size() - 1) == 0, ErrorCode::MasterHostname,
           "the machine's name cannot be read; give the member's name with `name`");
    name.resize(name.find('\0'));
    return name;
}

std::optional<config::SecretKey> secret_key(const config::MasterConfig& config) {
    if (config.secret_key_path.empty()) return std::nullopt;
    try {
        return config::SecretKey::from_hex(process::read_file(config.secret_key_path));
    } catch (const Error& error) {
        throw Error(ErrorCode::ConfigSecretKey, "the file of `secret-key-path` holds no key").with_cause(error);
    }
}

etcd::EtcdChildOptions etcd_options(const config::MasterConfig& config, Clock& clock) {
    etcd::EtcdChildOptions options;
    options.name = config.name;
    options.data_dir = config.data_dir;
    options.peer_urls = config.peer_urls;
    options.advertise_peer_urls = config.advertise_peer_urls;
    options.advertise_client_urls = "http://" + config.advertise_addr;
    options.initial_cluster = config.initial_cluster;
    options.initial_cluster_state = config.initial_cluster_state;
    options.max_txn_ops = static_cast<unsigned>(config.max_txn_ops);
    options.max_request_bytes = config.max_request_bytes;
    options.auto_compaction_mode = config.auto_compaction_mode;
    options.auto_compaction_retention = config.auto_compaction_retention;
    options.quota_backend_bytes = static_cast<std::uint64_t>(config.quota_backend_bytes);

    std::optional<etcd::EtcdMemberList> group;
    if (!config.join.empty()) group.emplace(etcd::EtcdOptions{.endpoints = rpc::split_addresses(config.join)});
    // A group takes no new member for some seconds after the last one came.
    retry(
        {.max_attempts = 20, .initial_wait = std::chrono::seconds(1), .max_wait = std::chrono::seconds(1)}, clock, {},
        [&] {
            etcd::prepare_cluster(options,
                                  {.join = config.join,
                                   .advertise_addr = config.advertise_addr,
                                   .initial_cluster = config.initial_cluster},
                                  group ? &*group : nullptr);
        },
        [](const Error& error, Clock::Duration) {
            log::warn("joining the group failed and is tried again", {{"error", error.what()}});
        });
    return options;
}

int serve(const config::MasterConfig& config) {
    log::configure({.level = config.log_level, .file = config.log_file, .json = config.log_format == "json"});
    process::log_welcome("dm-master", config::to_toml(config));
    process::refuse_tls(config.security);
    ensure(config.v1_sources_path.empty(), ErrorCode::ConfigFeatureMissing,
           "taking over a cluster of DM 1.0 (`v1-sources-path`) is not part of this version; upgrade it to 2.0 first");
    // Files of running clusters set it: everything else works without.
    if (config.openapi) log::warn("the REST API and the web pages (`openapi`) are not part of this version");
    const auto key = secret_key(config);
    SystemClock clock;
    metrics::Registry registry;
    std::optional<process::EndsOnSignal> while_starting("dm-master");
    etcd::EtcdChild etcd(etcd_options(config, clock));
    etcd.start();
    const etcd::EtcdOptions own{.endpoints = {etcd.client_target()},
                                .why_unreachable = [&etcd] { return etcd.why_down(); }};
    etcd::EtcdKvStore store(own);
    etcd::EtcdMemberList members(own);
    master::MasterServer server(config, key,
                                {.store = store,
                                 .members = members,
                                 .clock = clock,
                                 .registry = registry,
                                 .connect = master::mysql_connector(),
                                 .probe_position = master::mysql_position_probe(),
                                 .open_binlog = master::mysql_binlog_opener(),
                                 .etcd_target = etcd.client_target()});
    while_starting.reset();
    server.start();
    log::info("dm-master ends", {{"signal", process::wait_for_signal()}});
    server.stop();
    etcd.stop();
    return 0;
}

int run(int argc, char** argv) {
    config::Warnings warnings;
    const config::MasterStart start =
        config::parse_master_arguments(process::arguments(argc, argv), process::read_file, host_name(), &warnings);
    return process::start(warnings, start.action, config::master_sample_config(), config::master_usage(),
                          [&] { return serve(start.config); });
}

}  // namespace
}  // namespace dm

int main(int argc, char** argv) {
    dm::process::block_signals();
    return dm::process::run([&] { return dm::run(argc, argv); });
}
