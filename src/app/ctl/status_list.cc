#include "app/ctl/status_list.h"

#include <map>
#include <set>

#include <dmmaster.pb.h>
#include <fmt/format.h>

#include "app/ctl/go_json.h"

namespace dm::ctl {
namespace {

/// What is seen of one task, in the order of the response.
struct Tally {
    std::set<std::string> stages;
    bool has_manual_pause = false;
    std::string error;
    std::vector<std::string> sources;
};

std::string error_text(const std::string& task, const std::string& what) {
    return fmt::format("Error - {}. Please run `query-status {}` to get more details.", what, task);
}

/// What is wrong with the relay while a subtask in sync runs; empty if nothing is.
std::string relay_trouble(const pb::SourceStatus& source) {
    if (!source.has_relaystatus()) return {};
    const auto& relay = source.relaystatus();
    if (relay.stage() != pb::Paused && relay.stage() != pb::Stopped) return {};
    return relay.result().errors_size() > 0 ? std::string("Error") : pb::Stage_Name(relay.stage());
}

void count(const pb::SubTaskStatus& subtask, const pb::SourceStatus& source, Tally& tally) {
    tally.sources.push_back(source.source());
    tally.stages.insert(pb::Stage_Name(subtask.stage()));
    if (subtask.stage() == pb::Paused) {
        if (subtask.result().errors_size() > 0) {
            if (tally.error.empty()) tally.error = error_text(subtask.name(), "Some error occurred in subtask");
        } else {
            tally.has_manual_pause = true;
        }
    }
    if (subtask.stage() == pb::Running && subtask.unit() == pb::Sync && tally.error.empty()) {
        if (const std::string trouble = relay_trouble(source); !trouble.empty()) {
            tally.error = error_text(subtask.name(), "Relay status is " + trouble);
        }
    }
}

std::string verdict(const Tally& tally) {
    if (!tally.error.empty()) return tally.error;
    if (tally.has_manual_pause) return "Paused";
    return tally.stages.size() == 1 ? *tally.stages.begin() : "Running";
}

}  // namespace

std::vector<TaskLine> summarise(const pb::QueryStatusListResponse& response) {
    std::map<std::string, Tally> tallies;
    for (const auto& source : response.sources()) {
        for (const auto& subtask : source.subtaskstatus())
            count(subtask, source.sourcestatus(), tallies[subtask.name()]);
    }
    std::vector<TaskLine> lines;
    for (const auto& [name, tally] : tallies)
        lines.push_back({.name = name, .status = verdict(tally), .sources = tally.sources});
    return lines;
}

std::string status_list_json(const pb::QueryStatusListResponse& response) {
    GoJson json;
    json.open_object();
    json.add("result", response.result());
    json.add("msg", response.msg());
    json.open_list("tasks");
    for (const auto& line : summarise(response)) {
        json.open_object();
        if (!line.name.empty()) json.add("taskName", line.name);
        if (!line.status.empty()) json.add("taskStatus", line.status);
        json.open_list("sources");
        for (const auto& source : line.sources) json.add_item(source);
        json.close();
        json.close();
    }
    json.close();
    json.close();
    return json.text();
}

}  // namespace dm::ctl
