#include "app/master/check_report.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace dm::master {
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

Json item_json(const CheckItem& item, std::size_t id) {
    Json json = {{"id", id}, {"name", item.name}, {"desc", item.about}, {"state", state_name(item.state)}};
    json["errors"] = Json::array({{{"severity", state_name(item.state)}, {"short_error", item.problem}}});
    if (!item.instruction.empty()) json["instruction"] = item.instruction;
    if (!item.where.empty()) json["extra"] = item.where;
    return json;
}

}  // namespace

std::string check_detail(const std::vector<CheckItem>& items, std::int64_t max_errors, std::int64_t max_warnings) {
    const auto count = [&](CheckState state) { return std::ranges::count(items, state, &CheckItem::state); };
    Json results = Json::array();
    std::int64_t errors = 0;
    std::int64_t warnings = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (items[i].state == CheckState::Fail && errors++ < max_errors) results.push_back(item_json(items[i], i));
        if (items[i].state == CheckState::Warn && warnings++ < max_warnings) results.push_back(item_json(items[i], i));
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

}  // namespace dm::master
