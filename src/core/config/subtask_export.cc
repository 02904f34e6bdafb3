#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "core/config/subtask_config.h"
#include "core/rules/online_ddl_names.h"

namespace dm::config {
namespace {

/// The name of `block` in `blocks`: that of an equal one, or a new one of prefix and counter.
template <typename T>
std::string name_of(std::string_view prefix, const T& block, std::map<std::string, T>& blocks) {
    for (const auto& [name, known] : blocks) {
        if (known == block) return name;
    }
    std::string name = fmt::format("{}-{:02}", prefix, blocks.size() + 1);
    blocks.emplace(name, block);
    return name;
}

template <typename T>
std::vector<std::string> names_of(std::string_view prefix, const std::vector<T>& rules,
                                  std::map<std::string, T>& blocks) {
    std::vector<std::string> names;
    for (const auto& rule : rules) {
        std::string name = name_of(prefix, rule, blocks);
        if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    }
    return names;
}

/// `dir` without what make_subtasks added to it.
LoadConfig as_written(const SubTaskConfig& subtask) {
    LoadConfig load = subtask.load;
    if (subtask.mode != TaskMode::Full && subtask.mode != TaskMode::All) return load;
    const bool is_s3 = load.dir.starts_with("s3://");
    const std::string suffix =
        is_s3 ? fmt::format("/{}.{}", subtask.name.str(), subtask.source_id.str()) : '.' + subtask.name.str();
    if (load.dir.size() > suffix.size() && load.dir.ends_with(suffix)) load.dir.resize(load.dir.size() - suffix.size());
    return load;
}

InstanceConfig instance_of(const SubTaskConfig& subtask, TaskConfig& task) {
    InstanceConfig instance;
    instance.source_id = subtask.source_id;
    instance.meta = subtask.meta;
    instance.filter_rules = names_of("filter", subtask.filter_rules, task.filters);
    instance.route_rules = names_of("route", subtask.route_rules, task.routes);
    instance.expression_filters = names_of("expr-filter", subtask.expression_filters, task.expression_filters);
    if (subtask.block_allow != rules::BlockAllowRules{}) {
        instance.block_allow_list = name_of("balist", subtask.block_allow, task.block_allow_lists);
    }
    instance.mydumper_config_name = name_of("dump", subtask.dump, task.mydumpers);
    instance.loader_config_name = name_of("load", as_written(subtask), task.loaders);
    SyncConfig sync = subtask.sync;
    sync.enable_gtid = false;
    instance.syncer_config_name = name_of("sync", sync, task.syncers);
    instance.validator_config_name = name_of("validator", subtask.validator, task.validators);
    return instance;
}

std::vector<std::string> without_default(const std::vector<std::string>& rules, std::string_view fallback) {
    return rules.size() == 1 && rules.front() == fallback ? std::vector<std::string>() : rules;
}

}  // namespace

TaskConfig task_from_subtasks(const std::vector<SubTaskConfig>& subtasks) {
    ensure(!subtasks.empty(), ErrorCode::WorkerSubTaskConfigMissing, "the task has no subtask");
    const SubTaskConfig& first = subtasks.front();
    TaskConfig task;
    task.name = first.name;
    task.task_mode = first.mode;
    task.shard_mode = first.shard_mode;
    task.is_sharding = first.shard_mode != ShardMode::None;
    task.strict_optimistic_shard_mode = first.strict_optimistic_shard_mode;
    task.ignore_checking_items = first.ignore_checking_items;
    task.meta_schema = first.meta_schema;
    task.timezone = first.timezone;
    task.case_sensitive = first.case_sensitive;
    task.strict = first.strict;
    task.collation_compatible = first.collation_compatible;
    task.target_database = first.to;
    const auto zone = task.target_database.session.find("time_zone");
    if (zone != task.target_database.session.end() && zone->second == task.timezone)
        task.target_database.session.erase(zone);
    task.online_ddl = first.online_ddl;
    task.shadow_table_rules = without_default(first.shadow_table_rules, rules::kDefaultShadowRule);
    task.trash_table_rules = without_default(first.trash_table_rules, rules::kDefaultTrashRule);
    task.clean_dump_file = first.clean_dump_file;
    task.async_checkpoint_flush = first.async_checkpoint_flush;

    std::vector<const SubTaskConfig*> sorted;
    for (const auto& subtask : subtasks) sorted.push_back(&subtask);
    std::ranges::sort(sorted, {}, [](const SubTaskConfig* subtask) { return subtask->source_id; });
    for (const auto* subtask : sorted) task.instances.push_back(instance_of(*subtask, task));
    return task;
}

}  // namespace dm::config
