#include "core/config/worker_config.h"

#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "core/config/daemon_file.h"

namespace dm::config {

/// The keys of the file, in the order in which they are printed.
template <typename V, Is<WorkerConfig> C>
void describe(V& v, C& c) {
    v("name", c.name);
    v("log-level", c.log_level);
    v("log-file", c.log_file);
    v("log-format", c.log_format);
    v("log-rotate", c.log_rotate);
    v("redact-info-log", c.redact_info_log);
    v("join", c.join);
    v("worker-addr", c.worker_addr);
    v("advertise-addr", c.advertise_addr);
    v("config-file", c.config_file);
    v("keepalive-ttl", c.keepalive_ttl);
    v("relay-keepalive-ttl", c.relay_keepalive_ttl);
    v("relay-dir", c.relay_dir);
    describe(v, c.security);
}

namespace {

constexpr DaemonCodes kCodes{.flags = ErrorCode::WorkerFlags,
                             .arguments = ErrorCode::WorkerArguments,
                             .toml = ErrorCode::WorkerConfigToml,
                             .unknown_key = ErrorCode::WorkerConfigUnknownKey};

constexpr Flag value_flag(std::string_view name, std::string_view help) {
    return {name, Flag::Kind::Value, name, help};
}

constexpr auto kFlags = std::to_array<Flag>({
    value_flag("name", "name of this worker; advertise-addr if not given"),
    value_flag("worker-addr", "address to listen on, host:port"),
    value_flag("advertise-addr", "address told to others; worker-addr if not given"),
    value_flag("join", "client addresses of dm-master"),
    value_flag("keepalive-ttl", "seconds after which a silent worker loses its source"),
    value_flag("relay-keepalive-ttl", "the same while it keeps a relay log"),
    {"redact-info-log", Flag::Kind::Switch, "redact-info-log", "hide the arguments of statements in the log"},
    {"L", Flag::Kind::Value, "log-level", "debug, info, warn, error or fatal"},
    value_flag("log-file", "path of the log; standard output if not given"),
    value_flag("log-format", "text or json"),
    value_flag("ssl-ca", "path of the CA certificates"),
    value_flag("ssl-cert", "path of the certificate"),
    value_flag("ssl-key", "path of the private key"),
    {"cert-allowed-cn", Flag::Kind::List, "cert-allowed-cn", "a common name that clients may have"},
});

}  // namespace

WorkerStart parse_worker_arguments(const Arguments& arguments, const FileReader& read_file, Warnings* warnings) {
    const FlagValues flags = parse_flags(arguments, kFlags, kCodes);
    WorkerStart start;
    start.action = flags.action;
    if (start.action != StartAction::Run) return start;
    WorkerConfig& config = start.config;
    read_daemon_settings(config, flags, read_file, kCodes, warnings);
    check_log_settings(config.log_level, config.log_format);
    config.worker_addr = without_scheme(config.worker_addr);
    config.advertise_addr = without_scheme(config.advertise_addr);
    (void)split_address("worker-addr", config.worker_addr, ErrorCode::WorkerAddrInvalid);
    check_reachable(config.advertise_addr.empty() ? "worker-addr" : "advertise-addr",
                    config.advertise_addr.empty() ? config.worker_addr : config.advertise_addr,
                    ErrorCode::WorkerAddrInvalid);
    if (config.advertise_addr.empty()) config.advertise_addr = config.worker_addr;
    if (config.name.empty()) {
        config.name = config.advertise_addr;
        if (warnings != nullptr)
            warnings->push_back(fmt::format("`name` is not set; this worker is called {}", config.name));
    }
    config.join = with_scheme(config.join, !config.security.ssl_ca.empty());
    ensure(config.keepalive_ttl.count() > 0 && config.relay_keepalive_ttl.count() > 0, ErrorCode::WorkerConfigToml,
           "`keepalive-ttl` and `relay-keepalive-ttl` take at least 1 second");
    return start;
}

std::string_view worker_sample_config() noexcept {
    return R"(# Settings of dm-worker. Every key may be left out but worker-addr and join; options on the command line win.

# Name of this worker, unique in the cluster.
name = "worker1"

# Address to listen on, and the one told to others.
worker-addr = "127.0.0.1:8262"
advertise-addr = "127.0.0.1:8262"

# Client addresses of dm-master.
join = "127.0.0.1:8261"

# Seconds after which a silent worker loses its source; the second while it keeps a relay log.
keepalive-ttl = 60
relay-keepalive-ttl = 1800

# Folder of the relay logs.
relay-dir = ""

# debug, info, warn, error or fatal; text or json; an empty path means standard output.
log-level = "info"
log-format = "text"
log-file = "dm-worker.log"

# Hide the arguments of statements in the log.
redact-info-log = false

# TLS for all connections between the parts of DM.
ssl-ca = ""
ssl-cert = ""
ssl-key = ""
cert-allowed-cn = []
)";
}

std::string worker_usage() { return flags_help("dm-worker", kFlags); }

std::string to_toml(const WorkerConfig& config) {
    return print_toml(without_empty_lists(document_of(config, Redact::Yes)));
}

}  // namespace dm::config
