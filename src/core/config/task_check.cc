#include "core/config/task_check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unicode/timezone.h>
#include <unicode/unistr.h>

#include "base/error.h"
#include "core/config/checking_items.h"
#include "core/config/expression_check.h"
#include "core/rules/nearest_name.h"

namespace dm::config {
namespace {

constexpr auto kCheckingItems = std::to_array<std::string_view>({"all",
                                                                 "dump_privilege",
                                                                 "replication_privilege",
                                                                 "version",
                                                                 "server_id",
                                                                 "binlog_enable",
                                                                 "binlog_format",
                                                                 "binlog_row_image",
                                                                 "table_schema",
                                                                 "schema_of_shard_tables",
                                                                 "auto_increment_ID",
                                                                 "online_ddl",
                                                                 "binlog_db",
                                                                 "meta_position",
                                                                 "conn_number",
                                                                 "target_privilege",
                                                                 "empty_region",
                                                                 "region_distribution",
                                                                 "downstream_version",
                                                                 "free_space",
                                                                 "downstream_mutex_features",
                                                                 "downstream_table_empty",
                                                                 "primary_key"});

bool is_absent(const Node& root, std::string_view key) {
    const Node* node = root.find(key);
    return node == nullptr || node->is_null() || (node->is_scalar() && node->text.empty());
}

void check_expression_filter(const std::string& name, const ExpressionFilterRule& rule) {
    const auto fail = [&](ErrorCode code, std::string_view text) {
        throw Error(code, fmt::format("expression-filter `{}`: {}", name, text));
    };
    if (rule.schema.empty()) fail(ErrorCode::ConfigExprFilterEmpty, "`schema` is empty");
    if (rule.table.empty()) fail(ErrorCode::ConfigExprFilterEmpty, "`table` is empty");
    for (const auto& [key, text] : {std::pair("insert-value-expr", &rule.insert_value_expr),
                                    std::pair("update-old-value-expr", &rule.update_old_value_expr),
                                    std::pair("update-new-value-expr", &rule.update_new_value_expr),
                                    std::pair("delete-value-expr", &rule.delete_value_expr)}) {
        const auto problem = text->empty() ? std::nullopt : expression_problem(*text);
        if (problem) fail(ErrorCode::ConfigExprFilterGrammar, fmt::format("`{}`: {}", key, *problem));
    }
    const int kinds = (rule.insert_value_expr.empty() ? 0 : 1) + (rule.delete_value_expr.empty() ? 0 : 1) +
                      (rule.update_old_value_expr.empty() && rule.update_new_value_expr.empty() ? 0 : 1);
    if (kinds > 1)
        fail(ErrorCode::ConfigExprFilterMany, "one item speaks of one kind of row change: insert, update or delete");
    if (kinds == 0) fail(ErrorCode::ConfigExprFilterEmpty, "it has no expression");
}

/// The name is part of the names of tables in the target, of which MySQL takes 64 characters.
void check_name(std::string_view name) {
    constexpr std::ptrdiff_t kLongest = 64 - std::ssize("_syncer_checkpoint") + 1;
    const auto characters =
        std::ranges::count_if(name, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
    ensure(characters <= kLongest, ErrorCode::ConfigTaskNameMissing,
           fmt::format("`name` has {} characters; at most {} are allowed, since it becomes part of table names in the "
                       "target",
                       characters, kLongest));
}

void check_whole(const TaskConfig& task, const Node& root, const ReadContext& context) {
    ensure(!task.name.is_empty(), ErrorCode::ConfigTaskNameMissing, "`name` is missing");
    check_name(task.name.str());
    context.raise(ErrorCode::ConfigTaskMode);
    ensure(!is_absent(root, "task-mode"), ErrorCode::ConfigTaskMode, "`task-mode` is missing");
    context.raise(ErrorCode::ConfigShardMode);
    ensure(!task.strict_optimistic_shard_mode || task.shard_mode == ShardMode::Optimistic,
           ErrorCode::ConfigStrictOptimistic,
           "`strict-optimistic-shard-mode: true` goes with `shard-mode: optimistic` only");
    const Node* mappings = root.find("column-mappings");
    ensure(
        mappings == nullptr || mappings->is_null() || (mappings->kind == Node::Kind::Map && mappings->fields.empty()),
        ErrorCode::ConfigColumnMappingRemoved, "`column-mappings` is no longer supported");
    context.raise(ErrorCode::ConfigCollation);
    for (const auto& item : task.ignore_checking_items) {
        if (std::ranges::find(kCheckingItems, item) != kCheckingItems.end()) continue;
        const auto nearest = rules::nearest_name(item, kCheckingItems);
        throw Error(
            ErrorCode::ConfigCheckItem,
            fmt::format("`ignore-checking-items` holds '{}'{}; it takes {}", item,
                        nearest ? fmt::format(", did you mean '{}'?", *nearest) : "", fmt::join(kCheckingItems, ", ")));
    }
    ensure(task.online_ddl_scheme.empty() || task.online_ddl_scheme == "gh-ost" || task.online_ddl_scheme == "pt",
           ErrorCode::ConfigOnlineScheme, fmt::format("`online-ddl-scheme` is '{}'", task.online_ddl_scheme));
    ensure(!is_absent(root, "target-database"), ErrorCode::ConfigTargetMissing, "`target-database` is missing");
    ensure(!task.instances.empty(), ErrorCode::ConfigInstanceEmpty, "`mysql-instances` has no entry");
    for (const auto& [name, rule] : task.expression_filters) check_expression_filter(name, rule);
    const Node* validators = root.find("validators");
    for (const auto& [name, validator] : task.validators) {
        ensure(validators == nullptr || validators->find(name) == nullptr || !validators->find(name)->is_null(),
               ErrorCode::ConfigValidatorMode, fmt::format("validators `{}` has no content", name));
    }
    context.raise(ErrorCode::ConfigValidatorMode);
}

/// Names that an instance refers to, by the block they stand in; what is left over at the end is unused.
struct References {
    std::set<std::string> routes;
    std::set<std::string> filters;
    std::set<std::string> expression_filters;
    std::set<std::string> mydumpers;
    std::set<std::string> loaders;
    std::set<std::string> syncers;
    std::set<std::string> validators;
};

/// One instance being checked: what its messages begin with.
class InstanceCheck {
  public:
    InstanceCheck(const TaskConfig& task, std::size_t index, References& used)
        : task_(task), instance_(task.instances[index]), index_(index), used_(used) {}

    void run(const Node& root, const ReadContext& context, std::set<std::string>& seen) {
        const Node* list = root.find("mysql-instances");
        require(!list->items[index_].is_null(), ErrorCode::ConfigInstancesMissing, "the entry is empty");
        require(!instance_.source_id.is_empty(), ErrorCode::ConfigSourceIdEmpty, "`source-id` is missing");
        require(!instance_.meta || !instance_.meta->binlog_name.empty() || !instance_.meta->binlog_gtid.empty(),
                ErrorCode::ConfigMetaIncomplete, "`meta` needs binlog-name or binlog-gtid");
        require(instance_.mydumper_config_name.empty() || !instance_.mydumper, ErrorCode::ConfigDumpTwice,
                "both `mydumper-config-name` and `mydumper` are given");
        require(instance_.loader_config_name.empty() || !instance_.loader, ErrorCode::ConfigLoadTwice,
                "both `loader-config-name` and `loader` are given");
        require(instance_.syncer_config_name.empty() || !instance_.syncer, ErrorCode::ConfigSyncTwice,
                "both `syncer-config-name` and `syncer` are given");
        require(seen.insert(instance_.source_id.str()).second, ErrorCode::ConfigSourceDuplicate,
                fmt::format("source '{}' has an entry already", instance_.source_id.str()));
        resolve_rules();
        resolve_blocks();
        check_sync(context);
        resolve(instance_.validator_config_name, task_.validators, used_.validators, ErrorCode::ConfigValidatorMissing,
                "validator-config-name");
        for (const auto& name : instance_.expression_filters) {
            resolve(name, task_.expression_filters, used_.expression_filters, ErrorCode::ConfigExprFilterMissing,
                    "expression-filters");
        }
        require(instance_.column_mapping_rules.empty(), ErrorCode::ConfigColumnMappingRemoved,
                "`column-mapping-rules` is no longer supported");
    }

  private:
    void require(bool condition, ErrorCode code, std::string_view text) const {
        if (!condition)
            throw Error(code,
                        fmt::format("mysql-instances, entry {} ({}): {}", index_, instance_.source_id.str(), text));
    }

    template <typename T>
    void resolve(const std::string& name, const std::map<std::string, T>& blocks, std::set<std::string>& used,
                 ErrorCode code, std::string_view key) const {
        if (name.empty()) return;
        if (!blocks.contains(name)) {
            std::vector<std::string_view> known;
            for (const auto& [each, block] : blocks) known.emplace_back(each);
            const auto nearest = rules::nearest_name(name, known);
            require(false, code,
                    fmt::format("`{}` names '{}', which is not defined{}", key, name,
                                nearest ? fmt::format("; did you mean '{}'?", *nearest) : ""));
        }
        used.insert(name);
    }

    void resolve_rules() const {
        for (const auto& name : instance_.route_rules) {
            resolve(name, task_.routes, used_.routes, ErrorCode::ConfigRouteMissing, "route-rules");
        }
        for (const auto& name : instance_.filter_rules) {
            resolve(name, task_.filters, used_.filters, ErrorCode::ConfigFilterMissing, "filter-rules");
        }
        std::set<std::string> unneeded;
        resolve(instance_.block_allow_list, task_.block_allow_lists, unneeded, ErrorCode::ConfigBlockAllowMissing,
                "block-allow-list");
    }

    void resolve_blocks() const {
        resolve(instance_.mydumper_config_name, task_.mydumpers, used_.mydumpers, ErrorCode::ConfigDumpMissing,
                "mydumper-config-name");
        const bool dumps =
            task_.task_mode == TaskMode::All || task_.task_mode == TaskMode::Full || task_.task_mode == TaskMode::Dump;
        require(!dumps || !effective_dump(task_, instance_).mydumper_path.empty(), ErrorCode::ConfigMydumperPath,
                "`mydumper-path` is empty");
        resolve(instance_.loader_config_name, task_.loaders, used_.loaders, ErrorCode::ConfigLoadMissing,
                "loader-config-name");
        const bool is_import_into = effective_load(task_, instance_).import_mode == ImportMode::ImportInto;
        require(!is_import_into || (task_.instances.size() == 1 && task_.shard_mode == ShardMode::None),
                ErrorCode::ConfigImportIntoSources, "`import-mode: import-into` takes one source and no shard-mode");
        resolve(instance_.syncer_config_name, task_.syncers, used_.syncers, ErrorCode::ConfigSyncMissing,
                "syncer-config-name");
    }

    void check_sync(const ReadContext& context) const {
        context.raise(ErrorCode::ConfigSafeModeDuration, fmt::format("mysql-instances[{}].", index_));
        if (!instance_.syncer_config_name.empty()) {
            context.raise(ErrorCode::ConfigSafeModeDuration, fmt::format("syncers.{}.", instance_.syncer_config_name));
        }
        const SyncConfig sync = effective_sync(task_, instance_);
        require(!sync.safe_mode || sync.safe_mode_duration.count() != 0, ErrorCode::ConfigSafeModeZero,
                "`safe-mode: true` needs a `safe-mode-duration` above zero");
    }

    const TaskConfig& task_;
    const InstanceConfig& instance_;
    std::size_t index_;
    References& used_;
};

void check_duplicates(const TaskConfig& task) {
    std::vector<std::string> found;
    for (const auto& instance : task.instances) {
        const auto look = [&](std::string_view key, const std::vector<std::string>& names) {
            std::set<std::string_view> seen;
            for (const auto& name : names) {
                if (!seen.insert(name).second)
                    found.push_back(fmt::format("{}: {} names '{}' twice", instance.source_id.str(), key, name));
            }
        };
        look("route-rules", instance.route_rules);
        look("filter-rules", instance.filter_rules);
        look("column-mapping-rules", instance.column_mapping_rules);
        look("expression-filters", instance.expression_filters);
    }
    ensure(found.empty(), ErrorCode::ConfigInstanceDuplicate, fmt::format("{}", fmt::join(found, "; ")));
}

void check_unused(const TaskConfig& task, const References& used) {
    std::vector<std::string> unused;
    const auto look = [&](std::string_view key, const auto& blocks, const std::set<std::string>& names) {
        for (const auto& [name, block] : blocks) {
            if (!names.contains(name)) unused.push_back(fmt::format("{}.{}", key, name));
        }
    };
    look("routes", task.routes, used.routes);
    look("filters", task.filters, used.filters);
    look("expression-filter", task.expression_filters, used.expression_filters);
    look("mydumpers", task.mydumpers, used.mydumpers);
    look("loaders", task.loaders, used.loaders);
    look("syncers", task.syncers, used.syncers);
    look("validators", task.validators, used.validators);
    std::ranges::sort(unused);
    ensure(unused.empty(), ErrorCode::ConfigUnused, fmt::format("no instance uses {}", fmt::join(unused, ", ")));
}

/// `+hh:mm` from -12:59 to +14:00.
bool is_offset(std::string_view text) {
    const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
    if (text.size() != 6 || text[3] != ':' || !digit(1) || !digit(2) || !digit(4) || !digit(5)) return false;
    const int hours = (text[1] - '0') * 10 + text[2] - '0';
    const int minutes = (text[4] - '0') * 10 + text[5] - '0';
    if (minutes > 59) return false;
    return text[0] == '-' ? hours <= 12 : hours < 14 || (hours == 14 && minutes == 0);
}

/// Whether the time-zone database knows the name.
bool is_known_zone(std::string_view text) {
    const auto name =
        icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
    const std::unique_ptr<icu::TimeZone> zone(icu::TimeZone::createTimeZone(name));
    return *zone != icu::TimeZone::getUnknown();
}

/// An IANA name; SYSTEM and Local, which depend on the machine, are not.
bool is_zone_name(std::string_view text) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (text.empty() || !is_letter(text[0]) || text.back() == '/' || text.find("//") != std::string_view::npos)
        return false;
    std::string lower(text);
    for (char& c : lower) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c + ('a' - 'A')) : c;
    if (lower == "system" || lower == "local") return false;
    const bool has_shape = std::ranges::all_of(text, [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-' || c == '+';
    });
    return has_shape && is_known_zone(text);
}

template <typename T>
T named_or_default(const std::string& name, const std::optional<T>& own, const std::map<std::string, T>& blocks) {
    if (own) return *own;
    const auto found = blocks.find(name);
    return found == blocks.end() ? T{} : found->second;
}

}  // namespace

std::span<const std::string_view> checking_items() noexcept { return kCheckingItems; }

DumpConfig effective_dump(const TaskConfig& task, const InstanceConfig& instance) {
    DumpConfig dump = named_or_default(instance.mydumper_config_name, instance.mydumper, task.mydumpers);
    if (instance.mydumper_thread != 0) dump.threads = instance.mydumper_thread;
    return dump;
}

LoadConfig effective_load(const TaskConfig& task, const InstanceConfig& instance) {
    LoadConfig load = named_or_default(instance.loader_config_name, instance.loader, task.loaders);
    if (instance.loader_thread != 0) load.pool_size = instance.loader_thread;
    return load;
}

SyncConfig effective_sync(const TaskConfig& task, const InstanceConfig& instance) {
    SyncConfig sync = named_or_default(instance.syncer_config_name, instance.syncer, task.syncers);
    if (instance.syncer_thread != 0) sync.worker_count = instance.syncer_thread;
    return sync;
}

ValidatorConfig effective_validator(const TaskConfig& task, const InstanceConfig& instance) {
    return named_or_default(instance.validator_config_name, std::optional<ValidatorConfig>(), task.validators);
}

namespace {

/// A slip of the finger here would take all threads of the worker's machine.
void check_connections(const TaskConfig& task, const InstanceConfig& instance) {
    constexpr int kMost = 4096;
    const auto check = [&](std::string_view key, int count) {
        ensure(count <= kMost, ErrorCode::ConfigYaml,
               fmt::format("source {}: `{}` is {}; it takes at most {}, since each is a connection and a thread",
                           instance.source_id.str(), key, count, kMost));
    };
    check("threads", effective_dump(task, instance).threads);
    check("pool-size", effective_load(task, instance).pool_size);
    check("worker-count", effective_sync(task, instance).worker_count);
}

}  // namespace

void check_task(const TaskConfig& config, const Node& root, const ReadContext& context) {
    check_whole(config, root, context);
    References used;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < config.instances.size(); ++i) InstanceCheck(config, i, used).run(root, context, seen);
    check_duplicates(config);
    for (const ErrorCode code :
         {ErrorCode::ConfigImportMode, ErrorCode::ConfigOnDuplicateLogical, ErrorCode::ConfigOnDuplicatePhysical,
          ErrorCode::ConfigChecksumPhysical, ErrorCode::ConfigAnalyze}) {
        context.raise(code);
    }
    check_unused(config, used);
    for (const auto& instance : config.instances) check_connections(config, instance);
    ensure(config.timezone.empty() || is_offset(config.timezone) || is_zone_name(config.timezone),
           ErrorCode::ConfigTimezone,
           fmt::format("`timezone` is '{}'; it takes a name such as Asia/Tokyo or an offset from -12:59 to +14:00",
                       config.timezone));
    context.raise_any();
}

}  // namespace dm::config
