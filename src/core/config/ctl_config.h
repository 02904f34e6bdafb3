#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/config/command_line.h"
#include "core/config/db_config.h"
#include "core/config/read_options.h"

namespace dm::config {

/// Global options of dmctl. A plain value.
struct CtlConfig {
    std::string master_addr;  ///< comma separated host:port, no scheme
    std::chrono::nanoseconds rpc_timeout = std::chrono::minutes(10);
    SecurityConfig security;
    std::vector<std::string> sources;  ///< `--source`, in order
    bool operator==(const CtlConfig&) const = default;
};

struct CtlStart {
    StartAction action = StartAction::Run;
    CtlConfig config;
    Arguments command;  ///< the command and its own arguments; empty = interactive
};

/// Takes the global options, wherever they stand, out of the arguments; the rest is `command`. Everything after `--` is
/// command. Order of precedence: flag, the TOML file of `--config`, `environment_master_addr` ($DM_MASTER_ADDR),
/// default. An empty `master_addr` is left to the caller: some commands need none. Throws Error{CtlFlags}.
[[nodiscard]] CtlStart parse_ctl_arguments(const Arguments& arguments, const FileReader& read_file,
                                           const std::string& environment_master_addr);

}  // namespace dm::config
