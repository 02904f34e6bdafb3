#include "unit/precheck/check_item.h"

#include <algorithm>

#include <fmt/format.h>

namespace dm::precheck {

void CheckItem::add(CheckState severity, std::string problem, std::string advice) {
    state = std::max(state, severity);
    findings.push_back({.severity = severity, .problem = std::move(problem), .instruction = std::move(advice)});
}

std::string address_of(const config::DbConfig& database) {
    return "address of db instance - " + config::host_and_port(database.host, database.port);
}

CheckItem CheckItem::without_findings() const { return {.name = name, .about = about, .where = where}; }

}  // namespace dm::precheck
