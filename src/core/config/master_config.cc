#include "core/config/master_config.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "core/config/daemon_file.h"

namespace dm::config {

/// The keys of the file, in the order in which they are printed.
template <typename V, Is<MasterConfig> C>
void describe(V& v, C& c) {
    v("log-level", c.log_level);
    v("log-file", c.log_file);
    v("log-format", c.log_format);
    v("log-rotate", c.log_rotate);
    v.duration("rpc-timeout", c.rpc_timeout, ErrorCode::MasterRpcTimeout, MasterConfig{}.rpc_timeout);
    v("rpc-rate-limit", c.rpc_rate_limit);
    v("rpc-rate-burst", c.rpc_rate_burst);
    v("master-addr", c.master_addr);
    v("advertise-addr", c.advertise_addr);
    v("config-file", c.config_file);
    v("name", c.name);
    v("data-dir", c.data_dir);
    v("peer-urls", c.peer_urls);
    v("advertise-peer-urls", c.advertise_peer_urls);
    v("initial-cluster", c.initial_cluster);
    v("initial-cluster-state", c.initial_cluster_state);
    v("join", c.join);
    v("max-txn-ops", c.max_txn_ops);
    v("max-request-bytes", c.max_request_bytes);
    v("auto-compaction-mode", c.auto_compaction_mode);
    v("auto-compaction-retention", c.auto_compaction_retention);
    v("quota-backend-bytes", c.quota_backend_bytes);
    v("openapi", c.openapi);
    v("v1-sources-path", c.v1_sources_path);
    describe(v, c.security);
    v("secret-key-path", c.secret_key_path);
    v.group("experimental", [&](V& inner) {
        bool openapi = false;
        inner.deprecated("openapi", openapi, "is now the key `openapi` at the top");
        if constexpr (V::kIsReader) c.openapi = c.openapi || openapi;
    });
}

namespace {

constexpr DaemonCodes kCodes{.flags = ErrorCode::MasterFlags,
                             .arguments = ErrorCode::MasterArguments,
                             .toml = ErrorCode::MasterConfigToml,
                             .unknown_key = ErrorCode::MasterConfigUnknownKey};

constexpr std::string_view kDefaultPeerUrls = "http://127.0.0.1:8291";
constexpr std::int64_t kMinQuotaBytes = 524288000;

constexpr Flag value_flag(std::string_view name, std::string_view help) {
    return {name, Flag::Kind::Value, name, help};
}

constexpr auto kFlags = std::to_array<Flag>({
    value_flag("name", "name of this member; dm-master-<hostname> if not given"),
    value_flag("master-addr", "address to listen on for clients, host:port"),
    value_flag("advertise-addr", "address told to others; master-addr if not given"),
    value_flag("peer-urls", "URLs to listen on for other members"),
    value_flag("advertise-peer-urls", "URLs told to other members; peer-urls if not given"),
    value_flag("initial-cluster", "members of a new cluster: name=url,..."),
    value_flag("join", "client addresses of the cluster to join"),
    value_flag("data-dir", "folder of the cluster's data; default.<name> if not given"),
    {"L", Flag::Kind::Value, "log-level", "debug, info, warn, error or fatal"},
    value_flag("log-file", "path of the log; standard output if not given"),
    value_flag("log-format", "text or json"),
    value_flag("max-txn-ops", "operations in one transaction of etcd"),
    value_flag("max-request-bytes", "size of one request to etcd"),
    value_flag("auto-compaction-mode", "periodic or revision"),
    value_flag("auto-compaction-retention", "how much history etcd keeps"),
    value_flag("quota-backend-bytes", "size limit of the cluster's data"),
    {"openapi", Flag::Kind::Switch, "openapi", "serve the REST API and the web pages"},
    value_flag("v1-sources-path", "folder of source files of DM 1.0 to take over"),
    value_flag("ssl-ca", "path of the CA certificates"),
    value_flag("ssl-cert", "path of the certificate"),
    value_flag("ssl-key", "path of the private key"),
    {"cert-allowed-cn", Flag::Kind::List, "cert-allowed-cn", "a common name that clients may have"},
    value_flag("secret-key-path", "file with the key that passwords are encrypted with"),
});

void adjust_addresses(MasterConfig& config) {
    config.master_addr = without_scheme(config.master_addr);
    config.advertise_addr = without_scheme(config.advertise_addr);
    (void)split_address("master-addr", config.master_addr, ErrorCode::MasterAddrInvalid);
    if (config.advertise_addr.empty()) {
        check_reachable("master-addr", config.master_addr, ErrorCode::MasterAddrInvalid);
        config.advertise_addr = config.master_addr;
    } else {
        check_reachable("advertise-addr", config.advertise_addr, ErrorCode::MasterAdvertiseAddr);
    }
}

void check_urls(std::string_view key, std::string_view urls) {
    while (!urls.empty()) {
        const auto comma = urls.find(',');
        const std::string_view url = urls.substr(0, comma);
        urls = comma == std::string_view::npos ? std::string_view() : urls.substr(comma + 1);
        const HostPort parts = split_address(key, without_scheme(url), ErrorCode::MasterUrlsInvalid);
        ensure(!parts.host.empty() && !parts.port.empty(), ErrorCode::MasterUrlsInvalid,
               fmt::format("`{}`: '{}' needs host and port", key, url));
    }
}

std::string default_initial_cluster(const MasterConfig& config) {
    std::string out = config.name + '=' + config.advertise_peer_urls;
    for (auto comma = out.find(','); comma != std::string::npos;
         comma = out.find(',', comma + config.name.size() + 2)) {
        out.insert(comma + 1, config.name + '=');
    }
    return out;
}

/// Gives the URL of each `name=url` the right scheme; other items stay as they are.
std::string initial_cluster_with_scheme(std::string_view items, bool is_https) {
    std::string out;
    while (!items.empty()) {
        const auto comma = items.find(',');
        const std::string_view item = items.substr(0, comma);
        items = comma == std::string_view::npos ? std::string_view() : items.substr(comma + 1);
        const auto equals = item.find('=');
        if (!out.empty()) out += ',';
        out += equals == std::string_view::npos
                   ? std::string(item)
                   : fmt::format("{}={}", item.substr(0, equals), with_scheme(item.substr(equals + 1), is_https));
    }
    return out;
}

void adjust_cluster(MasterConfig& config) {
    const bool is_https = !config.security.ssl_ca.empty();
    if (config.peer_urls.empty()) config.peer_urls = kDefaultPeerUrls;
    config.peer_urls = with_scheme(config.peer_urls, is_https);
    config.advertise_peer_urls =
        with_scheme(config.advertise_peer_urls.empty() ? config.peer_urls : config.advertise_peer_urls, is_https);
    check_urls("peer-urls", config.peer_urls);
    check_urls("advertise-peer-urls", config.advertise_peer_urls);
    config.initial_cluster = config.initial_cluster.empty()
                                 ? default_initial_cluster(config)
                                 : initial_cluster_with_scheme(config.initial_cluster, is_https);
    if (config.initial_cluster_state.empty()) config.initial_cluster_state = "new";
    config.join = with_scheme(config.join, is_https);
}

void adjust_limits(MasterConfig& config, const ReadContext& context) {
    const MasterConfig defaults;
    ensure(config.rpc_timeout.count() > 0, ErrorCode::MasterRpcTimeout, "`rpc-timeout` is zero");
    if (config.rpc_rate_limit <= 0) {
        context.warn(fmt::format("`rpc-rate-limit` is {}; {} is used", config.rpc_rate_limit, defaults.rpc_rate_limit));
        config.rpc_rate_limit = defaults.rpc_rate_limit;
    }
    if (config.rpc_rate_burst <= 0) {
        context.warn(fmt::format("`rpc-rate-burst` is {}; {} is used", config.rpc_rate_burst, defaults.rpc_rate_burst));
        config.rpc_rate_burst = defaults.rpc_rate_burst;
    }
    if (config.quota_backend_bytes < kMinQuotaBytes) {
        context.warn(
            fmt::format("`quota-backend-bytes` is {}; {} is used", config.quota_backend_bytes, kMinQuotaBytes));
        config.quota_backend_bytes = kMinQuotaBytes;
    }
    ensure(config.auto_compaction_mode == "periodic" || config.auto_compaction_mode == "revision",
           ErrorCode::MasterEtcdConfig,
           fmt::format("`auto-compaction-mode` is '{}'; it takes periodic or revision", config.auto_compaction_mode));
}

}  // namespace

MasterStart parse_master_arguments(const Arguments& arguments, const FileReader& read_file, std::string_view hostname,
                                   Warnings* warnings) {
    const FlagValues flags = parse_flags(arguments, kFlags, kCodes);
    MasterStart start;
    start.action = flags.action;
    if (start.action != StartAction::Run) return start;
    MasterConfig& config = start.config;
    read_daemon_settings(config, flags, read_file, kCodes, warnings);
    ReadContext context;
    context.warnings = warnings;
    check_log_settings(config.log_level, config.log_format);
    adjust_addresses(config);
    ensure(!config.name.empty() || !hostname.empty(), ErrorCode::MasterHostname, "the host has no name; set `name`");
    if (config.name.empty()) config.name = fmt::format("dm-master-{}", hostname);
    if (config.data_dir.empty()) config.data_dir = "default." + config.name;
    adjust_cluster(config);
    adjust_limits(config, context);
    return start;
}

std::string_view master_sample_config() noexcept {
    return R"(# Settings of dm-master. Every key may be left out but master-addr; options on the command line win.

# Name of this member, unique in the cluster.
name = "master1"

# Address for dmctl, dm-worker and other clients, and the one told to them.
master-addr = "127.0.0.1:8261"
advertise-addr = "127.0.0.1:8261"

# Address for the other members, and the one told to them.
peer-urls = "http://127.0.0.1:8291"
advertise-peer-urls = "http://127.0.0.1:8291"

# Members of a new cluster. To join an existing one, give client addresses of its members as join instead.
initial-cluster = "master1=http://127.0.0.1:8291"
join = ""

# Folder of the cluster's data.
data-dir = "default.master1"

# debug, info, warn, error or fatal; text or json; an empty path means standard output.
log-level = "info"
log-format = "text"
log-file = "dm-master.log"

# Limits of calls to workers.
rpc-timeout = "30s"
rpc-rate-limit = 10.0
rpc-rate-burst = 40

# Serve the REST API and the web pages.
openapi = false

# TLS for all connections between the parts of DM.
ssl-ca = ""
ssl-cert = ""
ssl-key = ""
cert-allowed-cn = []

# File with 64 hexadecimal digits: the key that passwords are encrypted with.
secret-key-path = ""
)";
}

std::string master_usage() { return flags_help("dm-master", kFlags); }

std::string to_toml(const MasterConfig& config) {
    return print_toml(without_empty_lists(document_of(config, Redact::Yes)));
}

}  // namespace dm::config
