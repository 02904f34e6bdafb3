#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/db_config.h"
#include "core/config/read_options.h"
#include "core/config/unit_config.h"
#include "core/model/names.h"
#include "core/rules/event_filter.h"
#include "core/rules/table_filter.h"
#include "core/rules/table_router.h"

namespace dm::config {

enum class TaskMode : std::uint8_t { All, Full, Incremental, Dump, Load, LoadAndSync };
enum class ShardMode : std::uint8_t { None, Pessimistic, Optimistic };
enum class CollationMode : std::uint8_t { Loose, Strict };

/// As in `task-mode`: "all", "load&sync", ...
[[nodiscard]] std::string_view task_mode_name(TaskMode mode) noexcept;
/// As in `shard-mode`: "", "pessimistic", "optimistic".
[[nodiscard]] std::string_view shard_mode_name(ShardMode mode) noexcept;
/// Existing data is copied in this mode.
[[nodiscard]] constexpr bool copies_data(TaskMode mode) noexcept { return mode != TaskMode::Incremental; }
/// Changes are replicated in this mode.
[[nodiscard]] constexpr bool replicates_changes(TaskMode mode) noexcept {
    return mode == TaskMode::All || mode == TaskMode::Incremental || mode == TaskMode::LoadAndSync;
}

/// `expression-filter.<name>`: rows of one upstream table that are dropped.
struct ExpressionFilterRule {
    std::string schema;
    std::string table;
    std::string insert_value_expr;
    std::string update_old_value_expr;
    std::string update_new_value_expr;
    std::string delete_value_expr;
    bool operator==(const ExpressionFilterRule&) const = default;
};

/// `mysql-instances[]`: what one source takes part with. Blocks hold the effective values only in SubTaskConfig.
struct InstanceConfig {
    model::SourceId source_id;
    std::optional<MetaConfig> meta;
    std::vector<std::string> filter_rules;
    std::vector<std::string> column_mapping_rules;
    std::vector<std::string> route_rules;
    std::vector<std::string> expression_filters;
    std::string black_white_list;  ///< deprecated, empty once parsed
    std::string block_allow_list;
    std::string mydumper_config_name;
    std::optional<DumpConfig> mydumper;
    int mydumper_thread = 0;
    std::string loader_config_name;
    std::optional<LoadConfig> loader;
    int loader_thread = 0;
    std::string syncer_config_name;
    std::optional<SyncConfig> syncer;
    int syncer_thread = 0;
    std::string validator_config_name;
    bool operator==(const InstanceConfig&) const = default;
};

/// What the user starts: the content of a task file. A plain value. Keys of the file with hyphens for underscores.
struct TaskConfig {
    model::TaskName name;
    TaskMode task_mode = TaskMode::All;
    bool is_sharding = false;  ///< deprecated; follows `shard_mode` once parsed
    ShardMode shard_mode = ShardMode::None;
    bool strict_optimistic_shard_mode = false;
    std::vector<std::string> ignore_checking_items;
    std::string meta_schema = "dm_meta";
    bool enable_heartbeat = false;  ///< deprecated, false once parsed
    int heartbeat_update_interval = 1;
    int heartbeat_report_interval = 10;
    std::string timezone;
    bool case_sensitive = false;
    bool strict = false;  ///< own extension: what would be passed over and counted is an error
    CollationMode collation_compatible = CollationMode::Loose;
    DbConfig target_database;
    std::vector<InstanceConfig> instances;  ///< `mysql-instances`
    bool online_ddl = true;
    std::vector<std::string> shadow_table_rules;
    std::vector<std::string> trash_table_rules;
    std::string online_ddl_scheme;  ///< deprecated
    std::map<std::string, rules::RouteRule> routes;
    std::map<std::string, rules::EventFilterRule> filters;
    std::map<std::string, ExpressionFilterRule> expression_filters;
    std::map<std::string, rules::BlockAllowRules> block_allow_lists;
    std::map<std::string, DumpConfig> mydumpers;
    std::map<std::string, LoadConfig> loaders;
    std::map<std::string, SyncConfig> syncers;
    std::map<std::string, ValidatorConfig> validators;
    bool clean_dump_file = true;
    bool ansi_quotes = false;             ///< deprecated
    bool remove_meta = false;             ///< deprecated; the caller hints at `start-task --remove-meta`
    bool async_checkpoint_flush = false;  ///< `experimental.async-checkpoint-flush`
    bool operator==(const TaskConfig&) const = default;
};

/// Reads a task file: keys, types, passwords, then the checks on the task as a whole, in the order of the original's;
/// those of single subtasks come with make_subtasks. Throws Error{ConfigYaml} with file, line and key, or the code of
/// the check that failed first.
[[nodiscard]] TaskConfig parse_task_yaml(std::string_view text, const ReadOptions& options = {});

/// Whether a task file gives both `is-sharding` and `shard-mode`, and they say different things: parse_task_yaml only
/// warns of it. Throws Error{ConfigYaml} where one of them cannot be read.
[[nodiscard]] bool contradicts_on_sharding(std::string_view text, const ReadOptions& options = {});

/// All keys in the order of the original's export. Reads back as an equal value (with Redact::No).
[[nodiscard]] std::string to_yaml(const TaskConfig& config, Redact redact);

}  // namespace dm::config
