#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/source_config.h"
#include "core/config/task_config.h"
#include "core/rules/online_ddl_names.h"

namespace dm::config {

/// A task's part on one source with every name resolved: all that a worker needs, besides what it takes from the source
/// when the subtask is created (`apply_source`). A plain value.
struct SubTaskConfig {
    model::TaskName name;
    TaskMode mode = TaskMode::All;
    model::SourceId source_id;
    ShardMode shard_mode = ShardMode::None;
    bool strict_optimistic_shard_mode = false;
    bool online_ddl = true;
    std::vector<std::string> shadow_table_rules;  ///< never empty: the default where the task gives none
    std::vector<std::string> trash_table_rules;
    CollationMode collation_compatible = CollationMode::Loose;
    std::vector<std::string> ignore_checking_items;
    std::string meta_schema = "dm_meta";
    std::string timezone;  ///< empty = the downstream's
    bool case_sensitive = false;
    bool strict = false;             ///< what is passed over ends the subtask
    std::optional<MetaConfig> meta;  ///< only mode incremental looks at it

    // From the source, by apply_source; zero before.
    DbConfig from;
    std::string flavor;
    std::uint32_t server_id = 0;
    std::string relay_dir;
    bool use_relay = false;  ///< set by the worker while it has a relay

    DbConfig to;
    std::vector<rules::RouteRule> route_rules;
    std::vector<rules::EventFilterRule> filter_rules;
    std::vector<ExpressionFilterRule> expression_filters;
    rules::BlockAllowRules block_allow;  ///< nothing set = everything but system schemas

    DumpConfig dump;
    LoadConfig load;  ///< `dir` with its suffix
    SyncConfig sync;
    ValidatorConfig validator;

    bool clean_dump_file = true;
    bool async_checkpoint_flush = false;
    bool operator==(const SubTaskConfig&) const = default;
};

/// One subtask per instance, in the order of the file, verified together with its source but without the source's
/// settings (that is for `apply_source`, when it runs). `sources` are those the cluster knows.
/// Throws Error{ConfigSourceUnknown} and the other checks that need a subtask; messages name the source.
[[nodiscard]] std::vector<SubTaskConfig> make_subtasks(const TaskConfig& task,
                                                       const std::vector<SourceConfig>& sources);

/// The task that `subtasks` (at least one, all of the same task) came from, with rule names made anew ("route-01",
/// equal contents share one) and instances sorted by source: what `config task` shows.
[[nodiscard]] TaskConfig task_from_subtasks(const std::vector<SubTaskConfig>& subtasks);

/// Copies what belongs to the source: connection, flavor, server id, `enable-gtid`, relay folder; case sensitivity of
/// either counts; the source's event filters are added unless the task has one with the same patterns. Repeating it
/// changes nothing.
void apply_source(SubTaskConfig& subtask, const SourceConfig& source);

/// What `online-ddl` and its rules make of names; null if it is off.
[[nodiscard]] std::shared_ptr<const rules::OnlineDdlNames> online_ddl_names(const SubTaskConfig& config);

/// The checks of one subtask. Throws the code of the first that fails.
void verify(const SubTaskConfig& config);

/// The form kept in etcd under `/dm-master/upstream/subtask/`, passwords plain.
[[nodiscard]] std::string to_toml(const SubTaskConfig& config, Redact redact = Redact::No);
/// Throws Error{ConfigToml}. Keys it does not know are ignored: a newer version may have written them.
[[nodiscard]] SubTaskConfig subtask_from_toml(std::string_view text);

}  // namespace dm::config
