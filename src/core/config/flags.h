#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/config/command_line.h"
#include "core/config/document.h"

namespace dm::config {

/// One option of a daemon.
struct Flag {
    enum class Kind : unsigned char { Value, Switch, List };
    std::string_view name;
    Kind kind = Kind::Value;
    std::string_view key;  ///< of the setting it overrides
    std::string_view help;
};

/// Which codes a daemon's command line and file fail with.
struct DaemonCodes {
    ErrorCode flags;
    ErrorCode arguments;
    ErrorCode toml;
    ErrorCode unknown_key;
};

/// A daemon's command line: its own options (`V`, `print-sample-config`, `h`, `config`) and a map of overridden
/// settings.
struct FlagValues {
    StartAction action = StartAction::Run;
    std::string config_file;
    Node settings;
};

/// Reads options as Go's flag package does: `-x v`, `--x v`, `-x=v`, `--x=v`; a switch alone or with `=true`/`=false`.
/// The first other word ends the options and is refused. Lists collect repeated flags.
[[nodiscard]] FlagValues parse_flags(const Arguments& arguments, std::span<const Flag> flags, const DaemonCodes& codes);

/// Lines of "-name: help" for the usage text.
[[nodiscard]] std::string flags_help(std::string_view program, std::span<const Flag> flags);

/// "host:port" without `http://` or `https://`.
[[nodiscard]] std::string without_scheme(std::string_view address);
/// The comma separated addresses, each with the scheme `http://` or `https://` in the place of any other.
[[nodiscard]] std::string with_scheme(std::string_view addresses, bool is_https);

/// The parts of "host:port" or "[ipv6]:port".
struct HostPort {
    std::string host;
    std::string port;
};
/// Throws Error{code} naming `key` if the address cannot be split or the port is not a number up to 65535.
[[nodiscard]] HostPort split_address(std::string_view key, std::string_view address, ErrorCode code);
/// Throws Error{code} if others could not connect to it: no host, no port, or a wildcard host.
void check_reachable(std::string_view key, std::string_view address, ErrorCode code);

/// Lower case; throws Error{LoggerInit} for an unknown level or format.
void check_log_settings(std::string& level, const std::string& format);

}  // namespace dm::config
