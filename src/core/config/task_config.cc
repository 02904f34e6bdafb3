#include "core/config/task_config.h"

#include <utility>

#include <fmt/format.h>

#include "core/config/fields.h"
#include "core/config/task_check.h"

namespace dm::config {
namespace {

/// What an empty or zero value means.
void adjust(SyncConfig& sync) {
    const SyncConfig defaults;
    if (sync.queue_size == 0) sync.queue_size = defaults.queue_size;
    if (sync.checkpoint_flush_interval.count() == 0)
        sync.checkpoint_flush_interval = defaults.checkpoint_flush_interval;
    if (sync.safe_mode_duration == kTwiceTheInterval) sync.safe_mode_duration = 2 * sync.checkpoint_flush_interval;
}

void adjust(DumpConfig& dump) {
    if (dump.chunk_filesize.empty()) dump.chunk_filesize = DumpConfig{}.chunk_filesize;
}

void adjust(LoadConfig& load) {
    if (load.pool_size == 0) load.pool_size = LoadConfig{}.pool_size;
    if (load.dir.empty()) load.dir = LoadConfig{}.dir;
}

template <typename T>
void replace_zero(T& value, const T& fallback) {
    if (value == T{}) value = fallback;
}

void adjust(ValidatorConfig& validator) {
    const ValidatorConfig defaults;
    if (validator.worker_count <= 0) validator.worker_count = defaults.worker_count;
    replace_zero(validator.validate_interval, defaults.validate_interval);
    replace_zero(validator.check_interval, defaults.check_interval);
    replace_zero(validator.row_error_delay, defaults.row_error_delay);
    replace_zero(validator.meta_flush_interval, defaults.meta_flush_interval);
    replace_zero(validator.batch_query_size, defaults.batch_query_size);
    replace_zero(validator.max_pending_row_size, defaults.max_pending_row_size);
    replace_zero(validator.max_pending_row_count, defaults.max_pending_row_count);
}

template <typename T>
void adjust_all(std::map<std::string, T>& blocks) {
    for (auto& [name, block] : blocks) adjust(block);
}

void adjust(TaskConfig& task) {
    adjust_all(task.mydumpers);
    adjust_all(task.loaders);
    adjust_all(task.syncers);
    adjust_all(task.validators);
    for (auto& instance : task.instances) {
        if (instance.mydumper) adjust(*instance.mydumper);
        if (instance.loader) adjust(*instance.loader);
        if (instance.syncer) adjust(*instance.syncer);
        std::string former = std::exchange(instance.black_white_list, {});
        if (instance.block_allow_list.empty()) instance.block_allow_list = std::move(former);
    }
    if (task.is_sharding && task.shard_mode == ShardMode::None) task.shard_mode = ShardMode::Pessimistic;
    task.is_sharding = task.shard_mode != ShardMode::None;
    replace_zero(task.meta_schema, TaskConfig{}.meta_schema);
    task.enable_heartbeat = false;
    if (!task.online_ddl_scheme.empty()) task.online_ddl = true;
}

bool has_sharding_conflict(const Node& root, const ReadContext& context) {
    const Node* is_sharding = root.find("is-sharding");
    const Node* mode = root.find("shard-mode");
    if (is_sharding == nullptr || mode == nullptr) return false;
    const bool has_mode = !ScalarReader(context, *mode, "shard-mode").text().empty();
    return has_mode != ScalarReader(context, *is_sharding, "is-sharding").truth();
}

void warn_of_sharding_conflict(const Node& root, const ReadContext& context) {
    if (has_sharding_conflict(root, context)) {
        context.warn("`is-sharding` and `shard-mode` contradict each other: remove `is-sharding`, it is deprecated");
    }
}

void warn_of_unused_meta(const TaskConfig& task, const ReadContext& context) {
    if (task.task_mode == TaskMode::Incremental) return;
    for (std::size_t i = 0; i < task.instances.size(); ++i) {
        if (!task.instances[i].meta) continue;
        context.warn(
            fmt::format("{}: `mysql-instances[{}].meta` has no effect: only `task-mode: incremental` begins there",
                        context.origin.file_name, i));
    }
}

}  // namespace

std::string_view task_mode_name(TaskMode mode) noexcept { return kTaskModes.at(static_cast<std::size_t>(mode)).name; }

std::string_view shard_mode_name(ShardMode mode) noexcept {
    return kShardModes.at(static_cast<std::size_t>(mode)).name;
}

TaskConfig parse_task_yaml(std::string_view text, const ReadOptions& options) {
    ReadContext context;
    context.origin.file_name = options.file_name;
    context.key = options.key;
    context.warnings = options.warnings;
    const Node root = parse_yaml(text, context.origin);
    TaskConfig config;
    read_document(context, root, config);
    adjust(config);
    check_task(config, root, context);
    warn_of_sharding_conflict(root, context);
    warn_of_unused_meta(config, context);
    return config;
}

bool contradicts_on_sharding(std::string_view text, const ReadOptions& options) {
    ReadContext context;
    context.origin.file_name = options.file_name;
    return has_sharding_conflict(parse_yaml(text, context.origin), context);
}

std::string to_yaml(const TaskConfig& config, Redact redact) { return print_yaml(document_of(config, redact)); }

}  // namespace dm::config
