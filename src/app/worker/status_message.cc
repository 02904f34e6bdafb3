#include "app/worker/status_message.h"

#include <algorithm>
#include <limits>

#include <dmworker.pb.h>
#include <fmt/format.h>

#include "app/worker/wall_text.h"
#include "core/api/translate.h"

namespace dm::worker {
namespace {

meta::UnitKind shown_unit(std::optional<UnitKind> kind) {
    if (!kind) return meta::UnitKind::Invalid;
    return *kind == UnitKind::Copy ? meta::UnitKind::Load : meta::UnitKind::Sync;
}

std::int64_t as_signed(std::uint64_t value) {
    return static_cast<std::int64_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::int64_t>::max()));
}

/// Two decimals and a per cent sign. The total is an estimate: only a finished copy is shown as complete.
std::string progress_text(const target::CopyStatus& status) {
    if (status.tables_total > 0 && status.tables_done == status.tables_total) return "100.00 %";
    if (status.bytes_total == 0) return "0.00 %";
    const double share = 100.0 * static_cast<double>(status.bytes_done) / static_cast<double>(status.bytes_total);
    return fmt::format("{:.2f} %", std::min(share, 99.99));
}

template <typename Status>
void add_notices(Status& message, const std::vector<target::Noticed>& noticed) {
    for (const target::Noticed& notice : noticed) {
        pb::Notice& added = *message.add_noticed();
        added.set_kind(notice.kind);
        added.set_where(notice.where);
        added.set_count(notice.count);
    }
}

std::string_view phase_name(target::CopyPhase phase) {
    switch (phase) {
        case target::CopyPhase::Starting:
            return "starting";
        case target::CopyPhase::Copying:
            return "copying";
        case target::CopyPhase::Finishing:
            return "finishing";
    }
    return "";
}

void fill(pb::CopyProgress& message, const target::CopyStatus& status) {
    message.set_tablesfinished(status.tables_done);
    message.set_tablescopying(status.tables_copying);
    const std::uint64_t begun = status.tables_done + status.tables_copying;
    message.set_tableswaiting(status.tables_total - std::min(status.tables_total, begun));
    message.set_rowsdone(status.rows_done);
    message.set_rowsestimated(status.rows_total);
    const std::uint64_t bytes_left = status.bytes_total - std::min(status.bytes_total, status.bytes_done);
    if (status.bytes_per_second > 0) message.set_secondsleft(as_signed(bytes_left) / status.bytes_per_second);
    for (const target::TableProgress& table : status.tables) {
        pb::CopiedTable& shown = *message.add_tables();
        shown.set_schema(table.source.schema);
        shown.set_table(table.source.table);
        shown.set_state(std::string(phase_name(table.phase)));
        shown.set_rowsdone(table.rows_done);
        shown.set_rowsestimated(table.rows_total);
        shown.set_bytesdone(table.bytes_done);
        shown.set_bytesestimated(table.bytes_total);
    }
}

void fill(pb::SubTaskStatus& message, const target::CopyStatus& status) {
    pb::LoadStatus& load = *message.mutable_load();
    load.set_finishedbytes(as_signed(status.bytes_done));
    load.set_totalbytes(as_signed(std::max(status.bytes_total, status.bytes_done)));
    load.set_progress(progress_text(status));
    if (!status.low.is_zero()) {
        load.set_metabinlog(status.low.position.to_string());
        load.set_metabinloggtid(status.low.gtid_set.to_string());
    }
    load.set_bps(status.bytes_per_second);
    if (status.tables_total > 0) fill(*load.mutable_copy(), status);
    add_notices(load, status.noticed);
}

void fill(pb::SubTaskStatus& message, const target::SyncStatus& status) {
    pb::SyncStatus& sync = *message.mutable_sync();
    sync.set_totalevents(as_signed(status.total_rows));
    sync.set_totaltps(as_signed(status.total_rows_per_second));
    sync.set_recenttps(as_signed(status.recent_rows_per_second));
    if (!status.upstream.is_zero()) {
        sync.set_masterbinlog(status.upstream.position.to_string());
        sync.set_masterbinloggtid(status.upstream.gtid_set.to_string());
    }
    sync.set_syncerbinlog(status.flushed.position.to_string());
    sync.set_syncerbinloggtid(status.flushed.gtid_set.to_string());
    for (const std::string& ddl : status.blocking_ddls) sync.add_blockingddls(ddl);
    sync.set_synced(status.is_synced);
    sync.set_binlogtype(status.binlog_type.empty() ? "unknown" : status.binlog_type);
    sync.set_secondsbehindmaster(status.seconds_behind);
    sync.set_lagseconds(status.lag_seconds);
    sync.set_totalrows(as_signed(status.total_rows));
    sync.set_totalrps(as_signed(status.total_rows_per_second));
    sync.set_recentrps(as_signed(status.recent_rows_per_second));
    sync.set_iototalbytes(status.bytes_to_target);
    sync.set_dumpiototalbytes(status.bytes_from_source);
    add_notices(sync, status.noticed);
}

/// Shown while there is something to say: a failure, or the memory of earlier ones.
void fill(pb::SubTaskStatus& message, const ResumePlan& plan) {
    if (plan.reason.empty() && plan.history.empty()) return;
    pb::ResumePlan& shown = *message.mutable_autoresume();
    shown.set_reason(plan.reason);
    if (plan.next_try) shown.set_nexttry(wall_text(*plan.next_try));
    shown.set_attempts(plan.attempts);
    for (const PastError& past : plan.history) {
        pb::PastError& added = *shown.add_history();
        added.set_time(wall_text(past.time));
        added.set_error(past.text);
    }
}

}  // namespace

pb::SubTaskStatus to_message(const SubTaskReport& report) {
    pb::SubTaskStatus message;
    message.set_name(report.name.str());
    message.set_stage(api::to_pb(report.stage));
    message.set_unit(api::to_pb(shown_unit(report.unit)));
    if (report.is_canceled || !report.errors.empty()) {
        message.mutable_result()->set_iscanceled(report.is_canceled);
        for (const Error& error : report.errors) *message.mutable_result()->add_errors() = api::to_process_error(error);
    }
    fill(message, report.resume);
    if (report.status) std::visit([&](const auto& status) { fill(message, status); }, *report.status);
    return message;
}

pb::QueryStatusResponse to_message(const WorkerReport& report, const std::string& task) {
    pb::QueryStatusResponse answer;
    answer.mutable_sourcestatus()->set_worker(report.worker);
    if (!report.source) {
        answer.set_msg(Error(ErrorCode::WorkerNoSource, "no source is bound to worker '" + report.worker + "'").what());
        return answer;
    }
    answer.set_result(true);
    answer.mutable_sourcestatus()->set_source(*report.source);
    if (report.problem) {
        *answer.mutable_sourcestatus()->mutable_result()->add_errors() = api::to_process_error(*report.problem);
    }
    if (!report.has_subtasks) {
        answer.set_msg("no sub task started");
        return answer;
    }
    for (const SubTaskReport& subtask : report.subtasks) *answer.add_subtaskstatus() = to_message(subtask);
    if (answer.subtaskstatus().empty() && !task.empty()) {
        pb::SubTaskStatus& missing = *answer.add_subtaskstatus();
        missing.set_name(task);
        missing.set_msg("no sub task with name " + task + " has started");
    }
    return answer;
}

}  // namespace dm::worker
