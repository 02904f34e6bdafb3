#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/config/command_line.h"
#include "core/config/db_config.h"
#include "core/config/read_options.h"

namespace dm::config {

/// Settings of dm-master: defaults, overridden by the TOML file, overridden by flags. A plain value.
struct MasterConfig {
    std::string config_file;
    std::string name;            ///< `dm-master-<hostname>` once adjusted
    std::string master_addr;     ///< host:port, no scheme
    std::string advertise_addr;  ///< host:port, no scheme; `master_addr` once adjusted
    std::string peer_urls;
    std::string advertise_peer_urls;
    std::string initial_cluster;
    std::string initial_cluster_state;
    std::string join;  ///< client addresses with scheme, comma separated
    std::string data_dir;
    std::string log_level = "info";
    std::string log_file;
    std::string log_format = "text";
    std::string log_rotate;  ///< accepted, never read
    std::chrono::nanoseconds rpc_timeout = std::chrono::seconds(30);
    double rpc_rate_limit = 10;
    int rpc_rate_burst = 40;
    std::uint64_t max_txn_ops = 2048;
    std::uint64_t max_request_bytes = 1572864;
    std::string auto_compaction_mode = "periodic";
    std::string auto_compaction_retention = "1h";
    std::int64_t quota_backend_bytes = 2147483648;
    bool openapi = false;
    std::string v1_sources_path;
    SecurityConfig security;
    std::string secret_key_path;  ///< the caller reads the file and calls SecretKey::from_hex
    bool operator==(const MasterConfig&) const = default;
};

struct MasterStart {
    StartAction action = StartAction::Run;
    MasterConfig config;  ///< adjusted and checked if the action is Run
};

/// Reads flags and the file that `-config` names. Throws Error{MasterFlags, MasterArguments, MasterConfigUnknownKey,
/// MasterConfigToml, MasterRpcTimeout, MasterAddrInvalid, MasterAdvertiseAddr, MasterUrlsInvalid, LoggerInit}.
[[nodiscard]] MasterStart parse_master_arguments(const Arguments& arguments, const FileReader& read_file,
                                                 std::string_view hostname, Warnings* warnings = nullptr);

/// What `-print-sample-config` prints.
[[nodiscard]] std::string_view master_sample_config() noexcept;
/// What `-h` prints.
[[nodiscard]] std::string master_usage();
/// What `config master` shows: the effective settings; holds no secret.
[[nodiscard]] std::string to_toml(const MasterConfig& config);

}  // namespace dm::config
