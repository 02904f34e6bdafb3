#include "app/master/task_check.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "app/master/fan_out.h"
#include "core/config/missing_features.h"
#include "unit/precheck/prechecks.h"
#include "unit/precheck/report.h"

namespace dm::master {
namespace {

constexpr std::string_view kHeader = "fail to check synchronization configuration with type";
constexpr std::string_view kPassed = "pre-check is passed. ";

CheckOutcome outcome_of(const std::vector<precheck::CheckItem>& items, std::int64_t max_errors,
                        std::int64_t max_warnings) {
    const auto has = [&](precheck::CheckState state) {
        return std::ranges::find(items, state, &precheck::CheckItem::state) != items.end();
    };
    if (has(precheck::CheckState::Fail)) {
        const Error error(ErrorCode::CheckFailed,
                          fmt::format("{}: check was failed, please see detail\n detail: {}", kHeader,
                                      precheck::check_detail(items, max_errors, max_warnings)));
        return {.is_passed = false, .text = error.what()};
    }
    if (has(precheck::CheckState::Warn)) {
        return {.is_passed = true,
                .text = fmt::format("{}: no errors but some warnings\n detail: {}", kHeader,
                                    precheck::check_detail(items, max_errors, max_warnings))};
    }
    return {.is_passed = true, .text = std::string(kPassed)};
}

}  // namespace

CheckedTask read_task(const MasterContext& context, Scheduler& scheduler, const std::string& text) {
    CheckedTask checked;
    checked.task = config::parse_task_yaml(
        text, {.file_name = "task", .key = context.key ? &*context.key : nullptr, .warnings = &checked.warnings});
    config::refuse_missing_features(checked.task);
    const auto sources = scheduler.read([](const ClusterTable& table) {
        std::vector<config::SourceConfig> configs;
        for (const auto& [id, row] : table.sources()) configs.push_back(*row.config);
        return configs;
    });
    checked.subtasks = config::make_subtasks(checked.task, sources);
    checked.effective = checked.subtasks;
    for (auto& subtask : checked.effective) {
        const auto source = std::ranges::find(sources, subtask.source_id, &config::SourceConfig::source_id);
        if (source != sources.end()) config::apply_source(subtask, *source);
    }
    return checked;
}

CheckOutcome pre_check(const MasterContext& context, const CheckedTask& task, std::int64_t max_errors,
                       std::int64_t max_warnings) try {
    const auto& ignored = task.task.ignore_checking_items;
    const auto is_ignored = [&](std::string_view item) { return std::ranges::find(ignored, item) != ignored.end(); };
    if (is_ignored("all")) return {.is_passed = true, .text = {}};
    const precheck::IsWanted is_wanted = [&](std::string_view item) { return !is_ignored(item); };

    const auto items = precheck::run_prechecks(
        task.effective, {.connect = context.connect, .run_all = fan_out, .probe_position = context.probe_position},
        is_wanted);
    return outcome_of(items, max_errors, max_warnings);
} catch (const Error& error) {
    return {.is_passed = false, .text = error.what()};
}

/// The fence tables stay: their epochs must never go back. So does the schema `<meta-schema>_<task>` of physical
/// imports, which this version never makes.
void drop_downstream_meta(const MasterContext& context, const config::TaskConfig& task) {
    constexpr std::array<std::string_view, 10> kSuffixes = {"_loader_checkpoint",
                                                            "_lightning_checkpoint_list",
                                                            "_syncer_checkpoint",
                                                            "_syncer_sharding_meta",
                                                            "_onlineddl",
                                                            "_validator_checkpoint",
                                                            "_validator_pending_change",
                                                            "_validator_error_change",
                                                            "_validator_table_status",
                                                            "_copy_checkpoint"};
    const auto session = context.connect(task.target_database, ErrorScope::Downstream);
    for (const auto suffix : kSuffixes) {
        const model::TableName table{.schema = task.meta_schema, .table = task.name.str() + std::string(suffix)};
        session->execute("DROP TABLE IF EXISTS " + table.quoted());
    }
}

}  // namespace dm::master
