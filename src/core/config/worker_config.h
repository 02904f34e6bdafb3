#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/config/command_line.h"
#include "core/config/db_config.h"
#include "core/config/read_options.h"

namespace dm::config {

/// Settings of dm-worker: defaults, overridden by the TOML file, overridden by flags. A plain value.
struct WorkerConfig {
    std::string config_file;
    std::string name;            ///< `advertise_addr` once adjusted
    std::string worker_addr;     ///< host:port, no scheme
    std::string advertise_addr;  ///< host:port, no scheme; `worker_addr` once adjusted
    std::string join;            ///< master client addresses with scheme, comma separated
    std::chrono::seconds keepalive_ttl{60};
    std::chrono::seconds relay_keepalive_ttl{1800};
    std::string relay_dir;  ///< wins over the source's, with the worker's name below it
    std::string log_level = "info";
    std::string log_file;
    std::string log_format = "text";
    std::string log_rotate;  ///< accepted, never read
    bool redact_info_log = false;
    SecurityConfig security;
    bool operator==(const WorkerConfig&) const = default;
};

struct WorkerStart {
    StartAction action = StartAction::Run;
    WorkerConfig config;  ///< adjusted and checked if the action is Run
};

/// Reads flags and the file that `-config` names. Throws Error{WorkerFlags, WorkerArguments, WorkerConfigUnknownKey,
/// WorkerConfigToml, WorkerAddrInvalid, LoggerInit}.
[[nodiscard]] WorkerStart parse_worker_arguments(const Arguments& arguments, const FileReader& read_file,
                                                 Warnings* warnings = nullptr);

[[nodiscard]] std::string_view worker_sample_config() noexcept;
[[nodiscard]] std::string worker_usage();
/// What `config worker` shows: the effective settings; holds no secret.
[[nodiscard]] std::string to_toml(const WorkerConfig& config);

}  // namespace dm::config
