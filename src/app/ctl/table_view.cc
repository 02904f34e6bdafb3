#include "app/ctl/table_view.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

#include <dmmaster.pb.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/ctl/text_width.h"

namespace dm::ctl {
namespace {

using Row = std::vector<std::string>;

constexpr std::size_t kBarWidth = 24;
constexpr std::string_view kNoPosition = "(, 4)";

std::string coloured(const std::string& text, bool has_colour) {
    if (!has_colour) return text;
    if (text == "Running" || text == "bound" || text == "yes") return "\x1b[32m" + text + "\x1b[0m";
    if (text == "Paused" || text == "Stopped" || text == "free") return "\x1b[33m" + text + "\x1b[0m";
    if (text == "Finished") return "\x1b[36m" + text + "\x1b[0m";
    if (text == "Error" || text == "offline" || text == "no") return "\x1b[31m" + text + "\x1b[0m";
    return text;
}

/// Columns as wide as their widest cell; colours do not count.
std::string lay_out(std::vector<Row> rows, bool has_colour) {
    for (auto& row : rows) std::ranges::transform(row, row.begin(), printable);
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += coloured(row[i], has_colour);
            if (i + 1 < row.size()) line += std::string(widths[i] - columns_of(row[i]) + 2, ' ');
        }
        text += line + "\n";
    }
    return text;
}

std::string bytes_text(double bytes) {
    constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < kUnits.size()) {
        bytes /= 1024;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, kUnits.at(unit));
}

std::string duration_text(std::int64_t seconds) {
    if (seconds >= 3600) return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
    if (seconds >= 60) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
    return fmt::format("{}s", seconds);
}

std::string bar(double share) {
    const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(kBarWidth));
    return "[" + std::string(full, '#') + std::string(kBarWidth - full, '.') + "]";
}

std::string load_text(const pb::LoadStatus& load) {
    const double share =
        load.totalbytes() > 0 ? static_cast<double>(load.finishedbytes()) / static_cast<double>(load.totalbytes()) : 0;
    std::string text = fmt::format("{} {}", bar(share), load.progress());
    if (load.has_copy()) {
        const pb::CopyProgress& copy = load.copy();
        const std::uint64_t tables = copy.tablesfinished() + copy.tablescopying() + copy.tableswaiting();
        text += fmt::format("  {}/{} tables", copy.tablesfinished(), tables);
    }
    if (load.bps() > 0 && load.totalbytes() > load.finishedbytes()) {
        text += fmt::format("  ETA {}", duration_text((load.totalbytes() - load.finishedbytes()) / load.bps()));
    }
    return text;
}

std::string sync_text(const pb::SyncStatus& sync, pb::Stage stage) {
    if (sync.synced()) return "in step";
    if (stage == pb::Finished) return "done";  // mode full: the source is not asked any more
    if (sync.masterbinlog().empty()) {
        const bool has_begun = sync.syncerbinlog() != kNoPosition;
        return has_begun || stage != pb::Running ? "the source does not answer" : "starting";
    }
    if (stage == pb::Paused && sync.secondsbehindmaster() == 0) return "behind";
    return fmt::format("{} behind", duration_text(sync.secondsbehindmaster()));
}

/// What is not known yet is a dash.
std::string shown(const std::string& name) { return name.starts_with("Invalid") ? "-" : name; }

Row subtask_row(const pb::QueryStatusResponse& source, const pb::SubTaskStatus& subtask) {
    const bool has_error = subtask.result().errors_size() > 0;
    Row row = {subtask.name(), source.sourcestatus().source(), source.sourcestatus().worker(),
               has_error ? "Error" : shown(pb::Stage_Name(subtask.stage())), shown(pb::UnitType_Name(subtask.unit()))};
    switch (subtask.status_case()) {
        case pb::SubTaskStatus::kLoad:
            row.push_back(load_text(subtask.load()));
            row.push_back(bytes_text(static_cast<double>(subtask.load().bps())) + "/s");
            break;
        case pb::SubTaskStatus::kDump:
            row.push_back(subtask.dump().progress());
            row.push_back(bytes_text(static_cast<double>(subtask.dump().bps())) + "/s");
            break;
        case pb::SubTaskStatus::kSync:
            row.push_back(sync_text(subtask.sync(), subtask.stage()));
            row.push_back(fmt::format("{} rows/s", subtask.sync().recentrps()));
            break;
        case pb::SubTaskStatus::kMsg:
            row.push_back(subtask.msg());
            break;
        default:
            break;
    }
    return row;
}

std::string error_lines(const pb::QueryStatusResponse& source, const pb::SubTaskStatus& subtask) {
    std::string text;
    for (const auto& error : subtask.result().errors()) {
        text += fmt::format("{} on {}: {} {}{}{}\n", subtask.name(), source.sourcestatus().source(), error.errcode(),
                            error.message(), error.rawcause().empty() ? "" : ": " + error.rawcause(),
                            error.workaround().empty() ? "" : "\n    -> " + error.workaround());
    }
    if (!subtask.autoresume().reason().empty()) {
        const auto& plan = subtask.autoresume();
        text += fmt::format("    {}{}\n", plan.reason(), plan.nexttry().empty() ? "" : ", next at " + plan.nexttry());
    }
    return text;
}

}  // namespace

bool uses_colour(const Invocation& invocation) {
    const char* refusal = std::getenv("NO_COLOR");
    return invocation.streams.is_terminal && (refusal == nullptr || *refusal == '\0');
}

std::string member_table(const pb::ListMemberResponse& response, bool has_colour) {
    if (!response.result()) return response.msg() + "\n";
    std::vector<Row> rows = {{"KIND", "NAME", "ADDRESS", "STATE", "SOURCE"}};
    std::string leader;
    const bool has_masters = std::ranges::any_of(response.members(), &pb::Members::has_master);
    for (const auto& member : response.members()) {
        if (member.has_leader()) leader = member.leader().name();
        if (member.has_leader() && !has_masters && !leader.empty())
            rows.push_back({"leader", leader, member.leader().addr(), "", ""});
        for (const auto& master : member.master().masters()) {
            const std::string state = master.alive() ? "alive" : "offline";
            rows.push_back({master.name() == leader ? "leader" : "master", master.name(),
                            fmt::format("{}", fmt::join(master.clienturls(), ",")), state, ""});
        }
        for (const auto& worker : member.worker().workers()) {
            rows.push_back({"worker", worker.name(), worker.addr(), worker.stage(), worker.source()});
        }
    }
    return lay_out(std::move(rows), has_colour);
}

std::string status_table(const pb::QueryStatusListResponse& response, bool has_colour) {
    if (!response.result()) return response.msg() + "\n";
    std::vector<Row> rows = {{"TASK", "SOURCE", "WORKER", "STAGE", "UNIT", "PROGRESS", "RATE"}};
    std::string remarks;
    for (const auto& source : response.sources()) {
        for (const auto& subtask : source.subtaskstatus()) {
            rows.push_back(subtask_row(source, subtask));
            remarks += error_lines(source, subtask);
        }
        if (!source.result()) remarks += fmt::format("{}: {}\n", source.sourcestatus().source(), source.msg());
    }
    // Whoever could not be asked may have tasks.
    if (rows.size() == 1) return remarks.empty() ? "no tasks\n" : remarks;
    return lay_out(std::move(rows), has_colour) + (remarks.empty() ? "" : "\n" + remarks);
}

}  // namespace dm::ctl
