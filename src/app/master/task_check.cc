#include "app/master/task_check.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "app/master/start_time.h"
#include "base/fan_out.h"
#include "base/log.h"
#include "core/config/missing_features.h"
#include "core/model/task_tables.h"
#include "core/sql/literal.h"
#include "unit/precheck/prechecks.h"
#include "unit/precheck/report.h"
#include "unit/precheck/server_facts.h"

namespace dm::master {
namespace {

constexpr std::string_view kHeader = "fail to check synchronization configuration with type";
constexpr std::string_view kPassed = "pre-check is passed. ";

/// Where the source's binlog was at that time.
model::Location place_of_time(const MasterContext& context, const config::SubTaskConfig& source,
                              const StartTime& start) {
    const auto session = context.connect(source.from, ErrorScope::Upstream);
    const auto listed = session->query("SHOW BINARY LOGS");
    std::vector<std::string> files;
    for (std::size_t row = 0; row < listed.rows.size(); ++row) files.push_back(listed.text(row, "Log_name"));
    const BinlogByTime search([&] { return context.open_binlog(source.from); }, std::move(files),
                              session->version().flavor);
    auto place = search.find(seconds_at(start, *session));
    ensure(place.has_value(), ErrorCode::ConfigStartTimeLate, "there is no binlog event as late as the start time");
    return std::move(*place);
}

/// What `work` returns; what it throws is told as dm-master's own, whatever the class of its code.
template <typename Work>
auto as_master(const Work& work) {
    try {
        return work();
    } catch (const Error& error) {
        throw error.with_class(ErrorClass::DmMaster);
    }
}

config::MetaConfig meta_of(const model::Location& place, bool by_gtid) {
    ensure(by_gtid || place.position.offset <= std::numeric_limits<std::uint32_t>::max(), ErrorCode::NoBinlogLocation,
           fmt::format("no replica can begin at {}: it lies beyond 4 GiB", place.to_string()));
    return {.binlog_name = place.position.file,
            .binlog_pos = static_cast<std::uint32_t>(place.position.offset),
            .binlog_gtid = by_gtid ? place.gtid_set.to_string() : std::string()};
}

/// Puts the place that `find` gives into `meta` of the subtasks that are `wanted`; all are asked at the same time.
template <typename Wanted, typename Find>
void begin_at(CheckedTask& task, const Wanted& wanted, const Find& find) {
    std::vector<std::optional<Error>> failures(task.subtasks.size());
    fan_out(failures.size(), [&](std::size_t i) {
        auto& source = task.effective[i];
        if (!wanted(source)) return;
        try {
            const model::Location place = find(source);
            log::info(
                "replication is to begin at a place that was looked up",
                {{"task", task.task.name.str()}, {"source", source.source_id.str()}, {"location", place.to_string()}});
            source.meta = meta_of(place, source.sync.enable_gtid);
            task.subtasks[i].meta = source.meta;
        } catch (...) {
            failures[i] = current_error().with_context("source " + source.source_id.str());
        }
    });
    for (const auto& failure : failures)
        if (failure) throw Error(*failure);
}

/// How long a pre-check may go on: until nobody waits for it, or it has taken too long.
class Patience {
  public:
    explicit Patience(const MasterContext& context) : context_(context), end_(context.clock.now() + kLongest) {}

    /// Throws Error{CheckFailed} once it is over.
    void check() const {
        const bool is_unheard = context_.stop.stop_requested() || (context_.is_cancelled && context_.is_cancelled());
        ensure(!is_unheard, ErrorCode::CheckFailed, "the pre-check was given up: nobody waits for it any more");
        ensure(context_.clock.now() < end_, ErrorCode::CheckFailed,
               fmt::format("the pre-check was given up after {} minutes", kLongest.count()));
    }

  private:
    static constexpr std::chrono::minutes kLongest{30};
    const MasterContext& context_;
    const Clock::TimePoint end_;
};

CheckOutcome outcome_of(const std::vector<precheck::CheckItem>& items, std::int64_t max_errors,
                        std::int64_t max_warnings) {
    // A client may have sent anything.
    max_errors = std::max<std::int64_t>(max_errors, 0);
    max_warnings = std::max<std::int64_t>(max_warnings, 0);
    const auto has = [&](precheck::CheckState state) {
        return std::ranges::find(items, state, &precheck::CheckItem::state) != items.end();
    };
    if (has(precheck::CheckState::Fail)) {
        const Error error(ErrorCode::CheckFailed,
                          fmt::format("{}: check was failed, please see detail\n detail: {}", kHeader,
                                      precheck::check_detail(items, max_errors, max_warnings)));
        return {.is_passed = false, .text = error.with_class(ErrorClass::DmMaster).what()};
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
    config::Warnings warnings;
    checked.task = as_master([&] {
        return config::parse_task_yaml(
            text, {.file_name = "task", .key = context.key ? &*context.key : nullptr, .warnings = &warnings});
    });
    for (const auto& warning : warnings) log::warn(warning, {{"task", checked.task.name.str()}});
    as_master([&] { config::refuse_missing_features(checked.task); });
    const auto sources = scheduler.read([](const ClusterTable& table) {
        std::vector<config::SourceConfig> configs;
        for (const auto& [id, row] : table.sources()) configs.push_back(*row.config);
        return configs;
    });
    checked.subtasks = as_master([&] { return config::make_subtasks(checked.task, sources); });
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

    const Patience patience(context);
    const auto connect = [&](const config::DbConfig& database, ErrorScope scope) {
        patience.check();
        return context.connect(database, scope);
    };
    const auto items = precheck::run_prechecks(
        task.effective, {.connect = connect, .run_all = fan_out, .probe_position = context.probe_position}, is_wanted);
    patience.check();
    return outcome_of(items, max_errors, max_warnings);
} catch (const Error& error) {
    return {.is_passed = false, .text = error.with_class(ErrorClass::DmMaster).what()};
}

void begin_at_time(const MasterContext& context, CheckedTask& task, const std::string& start_time) {
    const StartTime time = parse_start_time(start_time);
    ensure(task.task.task_mode == config::TaskMode::Incremental, ErrorCode::ConfigFeatureMissing,
           fmt::format("`--start-time` with task-mode {} is not available in this version: existing data is copied "
                       "first, and its copy says where replication begins; use task-mode incremental",
                       config::task_mode_name(task.task.task_mode)));
    begin_at(
        task, [](const config::SubTaskConfig&) { return true; },
        [&](const config::SubTaskConfig& source) { return place_of_time(context, source, time); });
}

void begin_now_without_meta(const MasterContext& context, CheckedTask& task) {
    if (task.task.task_mode != config::TaskMode::Incremental) return;
    begin_at(
        task, [](const config::SubTaskConfig& source) { return !source.meta; },
        [&](const config::SubTaskConfig& source) {
            const auto session = context.connect(source.from, ErrorScope::Upstream);
            return precheck::read_binlog_end(*session);
        });
}

void forget_progress(const MasterContext& context, const CheckedTask& task) {
    constexpr int kNoSuchTable = 1146;
    const auto session = context.connect(task.task.target_database, ErrorScope::Downstream);
    for (const auto suffix : model::kSyncProgressSuffixes) {
        const auto table = model::task_table(task.task.meta_schema, task.task.name.str(), suffix);
        for (const auto& subtask : task.subtasks) {
            std::string id;
            sql::append_quoted(id, subtask.source_id.str());
            try {
                session->execute(fmt::format("DELETE FROM {} WHERE id = {}", table.quoted(), id));
            } catch (const Error& error) {
                if (sql::server_error_of(error) != kNoSuchTable) throw;
            }
        }
    }
}

/// The schema `<meta-schema>_<task>` of physical imports stays: this version never makes it.
void drop_downstream_meta(const MasterContext& context, const config::TaskConfig& task) {
    const auto session = context.connect(task.target_database, ErrorScope::Downstream);
    for (const auto suffix : model::kTaskTableSuffixes) {
        session->execute("DROP TABLE IF EXISTS " +
                         model::task_table(task.meta_schema, task.name.str(), suffix).quoted());
    }
}

}  // namespace dm::master
