#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/db_config.h"
#include "core/config/read_options.h"
#include "core/model/names.h"
#include "core/rules/event_filter.h"

namespace dm::config {

/// `purge`: when relay files are removed.
struct PurgeConfig {
    std::chrono::seconds interval{3600};  ///< 0 or less switches background purge off
    std::chrono::hours expires{0};        ///< age from which a file is removed; 0 = by space only
    std::int64_t remain_space_gb = 15;    ///< purge when less is free; 0 = never for space
    bool operator==(const PurgeConfig&) const = default;
};

/// `checker`: automatic resume of tasks that paused themselves.
struct CheckerConfig {
    bool is_enabled = true;
    std::chrono::nanoseconds backoff_rollback = std::chrono::minutes(5);
    std::chrono::nanoseconds backoff_max = std::chrono::minutes(5);
    // The file may name these, with no effect.
    std::chrono::nanoseconds check_interval = std::chrono::seconds(5);
    std::chrono::nanoseconds backoff_min = std::chrono::seconds(1);
    bool backoff_jitter = true;
    double backoff_factor = 2;
    bool operator==(const CheckerConfig&) const = default;
};

/// One upstream: the content of a source file. A plain value.
struct SourceConfig {
    bool enable = true;
    bool enable_gtid = false;
    bool auto_fix_gtid = false;  ///< deprecated, false once parsed
    std::string relay_dir = "relay-dir";
    std::string meta_dir;  ///< deprecated, no effect
    std::string flavor;    ///< "mysql", "mariadb", or empty until the server was asked
    std::string charset;   ///< deprecated, no effect
    bool enable_relay = false;
    std::string relay_binlog_name;
    std::string relay_binlog_gtid;
    model::SourceId source_id;
    DbConfig from;
    PurgeConfig purge;
    CheckerConfig checker;
    std::uint32_t server_id = 0;  ///< 0 until one was chosen
    bool case_sensitive = false;
    std::vector<rules::EventFilterRule> filters;
    bool operator==(const SourceConfig&) const = default;
};

/// Reads a source file: keys, types, password, then `verify`.
/// Throws Error{ConfigYaml} with file and line, or what `verify` throws.
[[nodiscard]] SourceConfig parse_source_yaml(std::string_view text, const ReadOptions& options = {});
/// All keys in the order of the original's export.
[[nodiscard]] std::string to_yaml(const SourceConfig& config, Redact redact);

/// The form kept in etcd under `/dm-master/v2/upstream/config/`. Never redacted by default: the worker needs the
/// password.
[[nodiscard]] std::string to_toml(const SourceConfig& config, Redact redact = Redact::No);
/// Throws Error{ConfigToml}. Keys it does not know are ignored: a newer version may have written them.
[[nodiscard]] SourceConfig source_from_toml(std::string_view text);

/// The checks on the fields of a source: WorkerSourceIdEmpty, WorkerSourceIdLong, WorkerRelayBinlogName,
/// GtidSetInvalid, FlavorUnsupported, ConfigBackoff, ConfigFilterInvalid.
void verify(const SourceConfig& config);

}  // namespace dm::config
