#include "unit/precheck/report.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace dm::precheck {
namespace {

using Json = nlohmann::ordered_json;

std::string_view state_name(CheckState state) {
    switch (state) {
        case CheckState::Success:
            return "success";
        case CheckState::Warn:
            return "warn";
        case CheckState::Fail:
            return "fail";
    }
    return "fail";
}

/// How many findings of each severity may still be shown.
struct Allowance {
    std::int64_t errors;
    std::int64_t warnings;

    bool take(CheckState severity) { return severity == CheckState::Fail ? errors-- > 0 : warnings-- > 0; }
};

Json findings_json(const CheckItem& item, Allowance& allowance) {
    Json list = Json::array();
    for (const auto& finding : item.findings) {
        if (!allowance.take(finding.severity)) continue;
        Json json = {{"severity", state_name(finding.severity)}, {"short_error", finding.problem}};
        if (!finding.instruction.empty()) json["instruction"] = finding.instruction;
        list.push_back(std::move(json));
    }
    return list;
}

Json item_json(const CheckItem& item, std::size_t id, Json findings) {
    Json json = {{"id", id}, {"name", item.name}, {"desc", item.about}, {"state", state_name(item.state)}};
    json["errors"] = std::move(findings);
    if (!item.instruction.empty()) json["instruction"] = item.instruction;
    if (!item.where.empty()) json["extra"] = item.where;
    return json;
}

}  // namespace

std::string check_detail(const std::vector<CheckItem>& items, std::int64_t max_errors, std::int64_t max_warnings) {
    const auto count = [&](CheckState state) { return std::ranges::count(items, state, &CheckItem::state); };
    Json results = Json::array();
    Allowance allowance{.errors = max_errors, .warnings = max_warnings};
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (items[i].state == CheckState::Success) continue;
        Json findings = findings_json(items[i], allowance);
        if (!findings.empty()) results.push_back(item_json(items[i], i, std::move(findings)));
    }
    const Json detail = {{"results", results},
                         {"summary",
                          {{"passed", count(CheckState::Fail) == 0},
                           {"total", items.size()},
                           {"successful", count(CheckState::Success)},
                           {"failed", count(CheckState::Fail)},
                           {"warning", count(CheckState::Warn)}}}};
    std::string text = detail.dump(1, '\t', false, Json::error_handler_t::replace);
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2))
        text.insert(at + 1, "\t");
    return text;
}

}  // namespace dm::precheck
