#include "core/config/missing_features.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "core/config/dump_arguments.h"
#include "core/config/task_check.h"

namespace dm::config {
namespace {

template <typename T>
struct Feature {
    std::string_view setting;  ///< as the user wrote it
    bool (*is_wanted)(const T&);
};

template <typename T>
bool any_block(const std::map<std::string, T>& blocks, bool (*test)(const T&)) {
    return std::ranges::any_of(blocks, [&](const auto& entry) { return test(entry.second); });
}

template <ImportMode mode>
bool imports_by(const TaskConfig& task) {
    const auto test = [](const LoadConfig& load) { return load.import_mode == mode; };
    return any_block<LoadConfig>(task.loaders, test) ||
           std::ranges::any_of(task.instances, [&](const auto& each) { return each.loader && test(*each.loader); });
}

/// Remove a line when its engine lands.
constexpr auto kMissingInTasks = std::to_array<Feature<TaskConfig>>({
    {"task-mode: dump", [](const TaskConfig& t) { return t.task_mode == TaskMode::Dump; }},
    {"task-mode: load", [](const TaskConfig& t) { return t.task_mode == TaskMode::Load; }},
    {"task-mode: load&sync", [](const TaskConfig& t) { return t.task_mode == TaskMode::LoadAndSync; }},
    {"shard-mode: pessimistic", [](const TaskConfig& t) { return t.shard_mode == ShardMode::Pessimistic; }},
    {"shard-mode: optimistic", [](const TaskConfig& t) { return t.shard_mode == ShardMode::Optimistic; }},
    {"expression-filter", [](const TaskConfig& t) { return !t.expression_filters.empty(); }},
    {"routes.*.extract-table",
     [](const TaskConfig& t) {
         return any_block<rules::RouteRule>(t.routes, [](const auto& r) { return r.extract_table.has_value(); });
     }},
    {"routes.*.extract-schema",
     [](const TaskConfig& t) {
         return any_block<rules::RouteRule>(t.routes, [](const auto& r) { return r.extract_schema.has_value(); });
     }},
    {"routes.*.extract-source",
     [](const TaskConfig& t) {
         return any_block<rules::RouteRule>(t.routes, [](const auto& r) { return r.extract_source.has_value(); });
     }},
    {"loaders.*.import-mode: physical", imports_by<ImportMode::Physical>},
    {"loaders.*.import-mode: import-into", imports_by<ImportMode::ImportInto>},
    {"validators.*.mode: fast or full",
     [](const TaskConfig& t) {
         return any_block<ValidatorConfig>(t.validators, [](const auto& v) { return v.mode != ValidatorMode::None; });
     }},
});

constexpr auto kMissingInSources = std::to_array<Feature<SourceConfig>>({
    {"enable-relay: true", [](const SourceConfig& s) { return s.enable_relay; }},
});

template <typename T, std::size_t N>
void refuse(const T& config, const std::array<Feature<T>, N>& table) {
    for (const auto& feature : table) {
        if (feature.is_wanted(config)) {
            throw Error(ErrorCode::ConfigFeatureMissing,
                        fmt::format("`{}` is not available in this version", feature.setting));
        }
    }
}

}  // namespace

void refuse_missing_features(const TaskConfig& config) {
    refuse(config, kMissingInTasks);
    for (const auto& instance : config.instances) {
        DumpConfig dump = effective_dump(config, instance);
        apply_extra_args(dump);
    }
}

void refuse_missing_features(const SourceConfig& config) { refuse(config, kMissingInSources); }

}  // namespace dm::config
