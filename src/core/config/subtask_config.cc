#include "core/config/subtask_config.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "core/config/dump_arguments.h"
#include "core/config/fields.h"
#include "core/config/gtid_text.h"
#include "core/config/task_check.h"
#include "core/rules/online_ddl_names.h"

namespace dm::config {
namespace {

bool is_remote_dir(std::string_view dir) {
    return dir.find("://") != std::string_view::npos && !dir.starts_with("file://") && !dir.starts_with("local://");
}

bool loads_files(TaskMode mode) { return mode != TaskMode::Incremental && mode != TaskMode::Dump; }

std::string url_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                              std::string_view("-_.~").find(c) != std::string_view::npos;
        out += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

/// What `full` and `all` add to the folder, so that tasks do not share it.
std::string dir_suffix(const SubTaskConfig& subtask) {
    if (subtask.mode != TaskMode::Full && subtask.mode != TaskMode::All) return {};
    if (subtask.load.dir.starts_with("s3://"))
        return fmt::format("/{}.{}", subtask.name.str(), subtask.source_id.str());
    return '.' + subtask.name.str();
}

void adjust_load_dirs(SubTaskConfig& subtask) {
    std::string& dir = subtask.load.dir;
    while (dir.size() > 1 && dir.ends_with('/') && !dir.ends_with("://")) dir.pop_back();
    const std::string suffix = dir_suffix(subtask);
    if (!dir.ends_with(suffix)) dir += suffix;
    if (!subtask.load.sorting_dir_physical.empty() || !loads_files(subtask.mode)) return;
    subtask.load.sorting_dir_physical =
        is_remote_dir(dir) ? "./sorting." + url_escaped(subtask.name.str()) : dir + ".sorting";
}

template <typename T>
std::vector<T> pick(const std::vector<std::string>& names, const std::map<std::string, T>& blocks) {
    std::vector<T> picked;
    for (const auto& name : names) {
        const auto found = blocks.find(name);
        if (found != blocks.end()) picked.push_back(found->second);
    }
    return picked;
}

SubTaskConfig make_subtask(const TaskConfig& task, const InstanceConfig& instance) {
    SubTaskConfig subtask;
    subtask.name = task.name;
    subtask.mode = task.task_mode;
    subtask.source_id = instance.source_id;
    subtask.shard_mode = task.shard_mode;
    subtask.strict_optimistic_shard_mode = task.strict_optimistic_shard_mode;
    subtask.online_ddl = task.online_ddl;
    subtask.shadow_table_rules = task.shadow_table_rules;
    subtask.trash_table_rules = task.trash_table_rules;
    if (subtask.shadow_table_rules.empty()) subtask.shadow_table_rules.emplace_back(rules::kDefaultShadowRule);
    if (subtask.trash_table_rules.empty()) subtask.trash_table_rules.emplace_back(rules::kDefaultTrashRule);
    subtask.collation_compatible = task.collation_compatible;
    subtask.ignore_checking_items = task.ignore_checking_items;
    subtask.meta_schema = task.meta_schema;
    subtask.timezone = task.timezone;
    subtask.case_sensitive = task.case_sensitive;
    subtask.strict = task.strict;
    subtask.meta = instance.meta;
    subtask.to = task.target_database;
    if (!task.timezone.empty()) subtask.to.session["time_zone"] = task.timezone;
    subtask.route_rules = pick(instance.route_rules, task.routes);
    subtask.filter_rules = pick(instance.filter_rules, task.filters);
    subtask.expression_filters = pick(instance.expression_filters, task.expression_filters);
    const auto list = task.block_allow_lists.find(instance.block_allow_list);
    if (list != task.block_allow_lists.end()) subtask.block_allow = list->second;
    subtask.dump = effective_dump(task, instance);
    apply_extra_args(subtask.dump);
    subtask.load = effective_load(task, instance);
    subtask.sync = effective_sync(task, instance);
    subtask.validator = effective_validator(task, instance);
    subtask.clean_dump_file = task.clean_dump_file;
    subtask.async_checkpoint_flush = task.async_checkpoint_flush;
    adjust_load_dirs(subtask);
    return subtask;
}

const SourceConfig& find_source(const InstanceConfig& instance, const std::vector<SourceConfig>& sources) {
    const auto found = std::ranges::find(sources, instance.source_id, &SourceConfig::source_id);
    ensure(found != sources.end(), ErrorCode::ConfigSourceUnknown,
           fmt::format("source '{}' is not known to the cluster", instance.source_id.str()));
    return *found;
}

bool is_switched_on(const DbConfig& database, std::string_view variable) {
    for (const auto& [key, value] : database.session) {
        std::string name = key;
        std::string text = value;
        for (std::string* word : {&name, &text}) {
            for (char& c : *word) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c + ('a' - 'A')) : c;
            std::erase_if(*word, [](char c) { return c == '\'' || c == '"' || c == ' '; });
        }
        if (name == variable) return text == "1" || text == "on" || text == "true";
    }
    return false;
}

void check_load(const SubTaskConfig& config) {
    const std::string& dir = config.load.dir;
    const bool is_import_into = config.load.import_mode == ImportMode::ImportInto;
    ensure(!is_import_into || config.shard_mode == ShardMode::None, ErrorCode::ConfigImportIntoSources,
           "`import-mode: import-into` does not go with a shard-mode");
    ensure(!is_import_into || is_remote_dir(dir), ErrorCode::ConfigImportIntoDir,
           fmt::format("`import-mode: import-into` needs shared storage as `dir`, not '{}'", dir));
}

void check_load_dir(const SubTaskConfig& config) {
    const std::string& dir = config.load.dir;
    const auto scheme_end = dir.find("://");
    if (scheme_end == std::string::npos) return;
    constexpr auto kSchemes =
        std::to_array<std::string_view>({"s3", "gcs", "gs", "azure", "azblob", "oss", "local", "file"});
    ensure(std::ranges::find(kSchemes, std::string_view(dir).substr(0, scheme_end)) != kSchemes.end() &&
               dir.size() > scheme_end + 3,
           ErrorCode::ConfigLoadDir, fmt::format("`dir` '{}' is not a folder or a known kind of storage", dir));
}

void check_foreign_keys(const SubTaskConfig& config) {
    if (!is_switched_on(config.to, "foreign_key_checks")) return;
    ensure(!config.sync.compact.value_or(false), ErrorCode::ConfigForeignKeyChecks,
           "`compact: true` does not go with foreign_key_checks=1");
    ensure(!config.sync.multiple_rows.value_or(false), ErrorCode::ConfigForeignKeyChecks,
           "`multiple-rows: true` does not go with foreign_key_checks=1");
}

}  // namespace

std::shared_ptr<const rules::OnlineDdlNames> online_ddl_names(const SubTaskConfig& config) {
    if (!config.online_ddl) return nullptr;
    return std::make_shared<const rules::OnlineDdlNames>(config.shadow_table_rules, config.trash_table_rules);
}

void verify(const SubTaskConfig& config) {
    ensure(!config.name.is_empty(), ErrorCode::ConfigTaskNameEmpty, "the task has no name");
    const std::string& id = config.source_id.str();
    ensure(!id.empty(), ErrorCode::ConfigSourceIdEmpty, "`source-id` is missing");
    ensure(id.size() <= 32, ErrorCode::ConfigSourceIdLong, fmt::format("`source-id` '{}' is longer than 32 bytes", id));
    ensure(!config.strict_optimistic_shard_mode || config.shard_mode == ShardMode::Optimistic,
           ErrorCode::ConfigStrictOptimistic,
           "`strict-optimistic-shard-mode: true` goes with `shard-mode: optimistic` only");
    check_load(config);
    const rules::OnlineDdlNames online_ddl(config.shadow_table_rules, config.trash_table_rules);
    check_load_dir(config);
    check_foreign_keys(config);
    const rules::TableFilter tables(config.block_allow, config.case_sensitive);
    const rules::TableRouter router(config.route_rules, config.case_sensitive);
    const rules::EventFilter events(config.filter_rules, config.case_sensitive);
    (void)config.dump.chunk_bytes();
    if (config.meta && config.mode == TaskMode::Incremental)
        check_gtid_text(config.flavor, config.meta->binlog_gtid, "meta.binlog-gtid");
}

std::vector<SubTaskConfig> make_subtasks(const TaskConfig& task, const std::vector<SourceConfig>& sources) {
    std::vector<SubTaskConfig> subtasks;
    for (const auto& instance : task.instances) {
        try {
            const SourceConfig& source = find_source(instance, sources);
            subtasks.push_back(make_subtask(task, instance));
            SubTaskConfig effective = subtasks.back();
            apply_source(effective, source);
            verify(effective);
        } catch (const Error& error) {
            throw error.with_context("source " + instance.source_id.str());
        }
    }
    for (const auto& subtask : subtasks) {
        ensure(subtask.load.import_mode == subtasks.front().load.import_mode, ErrorCode::ConfigImportMode,
               "all instances of a task need the same `import-mode`");
    }
    return subtasks;
}

void apply_source(SubTaskConfig& subtask, const SourceConfig& source) {
    subtask.from = source.from;
    subtask.flavor = source.flavor;
    subtask.server_id = source.server_id;
    subtask.relay_dir = source.relay_dir;
    subtask.sync.enable_gtid = source.enable_gtid;
    subtask.case_sensitive = subtask.case_sensitive || source.case_sensitive;
    const std::vector<rules::EventFilterRule> own_rules = subtask.filter_rules;
    for (const auto& rule : source.filters) {
        const bool is_known = std::ranges::any_of(own_rules, [&](const rules::EventFilterRule& own) {
            return own.schema_pattern == rule.schema_pattern && own.table_pattern == rule.table_pattern;
        });
        if (!is_known) subtask.filter_rules.push_back(rule);
    }
}

std::string to_toml(const SubTaskConfig& config, Redact redact) { return print_toml(document_of(config, redact)); }

SubTaskConfig subtask_from_toml(std::string_view text) {
    ReadContext context;
    context.origin = {.file_name = "stored subtask", .syntax = ErrorCode::ConfigToml};
    context.is_strict = false;
    SubTaskConfig config;
    read_document(context, parse_toml(text, context.origin), config);
    context.raise_any();
    return config;
}

}  // namespace dm::config
