#pragma once

#include <array>

#include "core/config/block_fields.h"
#include "core/config/source_config.h"
#include "core/config/subtask_config.h"

/// The keys of every block, once, in the order in which they are printed: `describe` tells a FieldReader or a
/// FieldWriter which key belongs to which field. Only the sources of this room include it.
namespace dm::config {

inline constexpr auto kTaskModes = std::to_array<Choice<TaskMode>>({{"all", TaskMode::All},
                                                                    {"full", TaskMode::Full},
                                                                    {"incremental", TaskMode::Incremental},
                                                                    {"dump", TaskMode::Dump},
                                                                    {"load", TaskMode::Load},
                                                                    {"load&sync", TaskMode::LoadAndSync}});
inline constexpr auto kShardModes = std::to_array<Choice<ShardMode>>(
    {{"", ShardMode::None}, {"pessimistic", ShardMode::Pessimistic}, {"optimistic", ShardMode::Optimistic}});
inline constexpr auto kCollationModes =
    std::to_array<Choice<CollationMode>>({{"loose", CollationMode::Loose}, {"strict", CollationMode::Strict}});
template <typename V, Is<PurgeConfig> C>
void describe(V& v, C& c) {
    v("interval", c.interval);
    v("expires", c.expires);
    v("remain-space", c.remain_space_gb);
}

template <typename V, Is<CheckerConfig> C>
void describe(V& v, C& c) {
    v("check-enable", c.is_enabled);
    v("backoff-rollback", c.backoff_rollback);
    v("backoff-max", c.backoff_max);
    v.deprecated("check-interval", c.check_interval, kNoEffect);
    v.deprecated("backoff-min", c.backoff_min, kNoEffect);
    v.deprecated("backoff-jitter", c.backoff_jitter, kNoEffect);
    v.deprecated("backoff-factor", c.backoff_factor, kNoEffect);
}

template <typename V, Is<SourceConfig> C>
void describe(V& v, C& c) {
    v("enable", c.enable);
    v("enable-gtid", c.enable_gtid);
    v.deprecated("auto-fix-gtid", c.auto_fix_gtid, kNoEffect);
    v("relay-dir", c.relay_dir);
    v.deprecated("meta-dir", c.meta_dir, kNoEffect);
    v("flavor", c.flavor);
    v.deprecated("charset", c.charset, kNoEffect);
    v("enable-relay", c.enable_relay);
    v("relay-binlog-name", c.relay_binlog_name);
    v("relay-binlog-gtid", c.relay_binlog_gtid);
    v("source-id", c.source_id);
    v("from", c.from);
    v("purge", c.purge);
    v("checker", c.checker);
    v("server-id", c.server_id);
    v.ignored("tracer", kNoEffect);
    v("case-sensitive", c.case_sensitive);
    v("filters", c.filters);
}

inline constexpr auto kValidatorModes = std::to_array<Choice<ValidatorMode>>(
    {{"none", ValidatorMode::None}, {"fast", ValidatorMode::Fast}, {"full", ValidatorMode::Full}});

template <typename V, Is<ValidatorConfig> C>
void describe(V& v, C& c) {
    v.choice("mode", c.mode, kValidatorModes, ChoiceRule{.code = ErrorCode::ConfigValidatorMode});
    v("worker-count", c.worker_count);
    v("validate-interval", c.validate_interval);
    v("check-interval", c.check_interval);
    v("row-error-delay", c.row_error_delay);
    v("meta-flush-interval", c.meta_flush_interval);
    v("batch-query-size", c.batch_query_size);
    v.byte_size("max-pending-row-size", c.max_pending_row_size);
    v("max-pending-row-count", c.max_pending_row_count);
}

template <typename V, Is<InstanceConfig> C>
void describe(V& v, C& c) {
    v("source-id", c.source_id);
    v("meta", c.meta);
    v("filter-rules", c.filter_rules);
    v("column-mapping-rules", c.column_mapping_rules);
    v("route-rules", c.route_rules);
    v("expression-filters", c.expression_filters);
    v.deprecated("black-white-list", c.black_white_list, "is now called `block-allow-list`");
    v("block-allow-list", c.block_allow_list);
    v("mydumper-config-name", c.mydumper_config_name);
    v("mydumper", c.mydumper);
    v("mydumper-thread", c.mydumper_thread);
    v("loader-config-name", c.loader_config_name);
    v("loader", c.loader);
    v("loader-thread", c.loader_thread);
    v("syncer-config-name", c.syncer_config_name);
    v("syncer", c.syncer);
    v("syncer-thread", c.syncer_thread);
    v("validator-config-name", c.validator_config_name);
}

template <typename V, Is<TaskConfig> C>
void describe(V& v, C& c) {
    v("name", c.name);
    v.choice("task-mode", c.task_mode, kTaskModes, ChoiceRule{.code = ErrorCode::ConfigTaskMode});
    v.deprecated("is-sharding", c.is_sharding, "is now said by `shard-mode`");
    v.choice("shard-mode", c.shard_mode, kShardModes, ChoiceRule{.code = ErrorCode::ConfigShardMode});
    v("strict-optimistic-shard-mode", c.strict_optimistic_shard_mode);
    v("ignore-checking-items", c.ignore_checking_items);
    v("meta-schema", c.meta_schema);
    v.deprecated("enable-heartbeat", c.enable_heartbeat, kNoEffect);
    v.deprecated("heartbeat-update-interval", c.heartbeat_update_interval, kNoEffect);
    v.deprecated("heartbeat-report-interval", c.heartbeat_report_interval, kNoEffect);
    v("timezone", c.timezone);
    v("case-sensitive", c.case_sensitive);
    v.extension("strict", c.strict, false);
    v.choice("collation_compatible", c.collation_compatible, kCollationModes,
             ChoiceRule{.code = ErrorCode::ConfigCollation});
    v("target-database", c.target_database);
    v("mysql-instances", c.instances);
    v("online-ddl", c.online_ddl);
    v("shadow-table-rules", c.shadow_table_rules);
    v("trash-table-rules", c.trash_table_rules);
    v.deprecated("online-ddl-scheme", c.online_ddl_scheme, "means `online-ddl: true`");
    v("routes", c.routes);
    v("filters", c.filters);
    v.elsewhere("column-mappings");
    v("expression-filter", c.expression_filters);
    v.former("black-white-list", c.block_allow_lists, "is now called `block-allow-list`");
    v("block-allow-list", c.block_allow_lists);
    v("mydumpers", c.mydumpers);
    v("loaders", c.loaders);
    v("syncers", c.syncers);
    v("validators", c.validators);
    v("clean-dump-file", c.clean_dump_file);
    v.deprecated("ansi-quotes", c.ansi_quotes, kNoEffect);
    v.deprecated("remove-meta", c.remove_meta, "has no effect, use `start-task --remove-meta`");
    v.group("experimental", [&](V& inner) { inner("async-checkpoint-flush", c.async_checkpoint_flush); });
}

template <typename V, Is<SubTaskConfig> C>
void describe(V& v, C& c) {
    v("name", c.name);
    v.choice("mode", c.mode, kTaskModes, ChoiceRule{.code = ErrorCode::ConfigTaskMode});
    v("source-id", c.source_id);
    v.choice("shard-mode", c.shard_mode, kShardModes, ChoiceRule{.code = ErrorCode::ConfigShardMode});
    v("strict-optimistic-shard-mode", c.strict_optimistic_shard_mode);
    v("online-ddl", c.online_ddl);
    v("shadow-table-rules", c.shadow_table_rules);
    v("trash-table-rules", c.trash_table_rules);
    v.choice("collation_compatible", c.collation_compatible, kCollationModes,
             ChoiceRule{.code = ErrorCode::ConfigCollation});
    v("ignore-checking-items", c.ignore_checking_items);
    v("meta-schema", c.meta_schema);
    v("timezone", c.timezone);
    v("case-sensitive", c.case_sensitive);
    v.extension("strict", c.strict, false);
    v("meta", c.meta);
    v("flavor", c.flavor);
    v("server-id", c.server_id);
    v("relay-dir", c.relay_dir);
    v("use-relay", c.use_relay);
    v("from", c.from);
    v("to", c.to);
    v("route-rules", c.route_rules);
    v("filter-rules", c.filter_rules);
    v("expression-filter", c.expression_filters);
    v("block-allow-list", c.block_allow);
    describe(v, c.dump);
    describe(v, c.load);
    describe(v, c.sync);
    v("validator", c.validator);
    v("clean-dump-file", c.clean_dump_file);
    v.group("experimental", [&](V& inner) { inner("async-checkpoint-flush", c.async_checkpoint_flush); });
}

/// Reads a whole text into `config`; the context keeps the problems found.
template <typename T>
void read_document(ReadContext& context, const Node& root, T& config) {
    FieldReader reader(context, root, {});
    describe(reader, config);
    reader.finish();
    context.raise_unknown();
}

template <typename T>
[[nodiscard]] Node document_of(const T& config, Redact redact) {
    FieldWriter writer(redact);
    describe(writer, config);
    return writer.take();
}

}  // namespace dm::config
