#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/db_config.h"

namespace dm::precheck {

enum class CheckState : std::uint8_t { Success, Warn, Fail };

/// One thing that was found. A plain value.
struct Finding {
    CheckState severity = CheckState::Fail;
    std::string problem;      ///< what was found and why it matters
    std::string instruction;  ///< the statement or setting that mends it; may be empty
    bool operator==(const Finding&) const = default;
};

/// What one look at one server found. A plain value.
struct CheckItem {
    std::string name;   ///< as check-task shows it: "mysql_binlog_format"
    std::string about;  ///< one sentence: what is looked at
    CheckState state = CheckState::Success;
    std::vector<Finding> findings = {};
    std::string instruction = {};  ///< advice for all findings together; may be empty
    std::string where = {};        ///< "address of db instance - host:port"

    /// Adds a finding; the state becomes the worse of both.
    void add(CheckState severity, std::string problem, std::string instruction = {});
    /// The same item before anything was looked at.
    [[nodiscard]] CheckItem without_findings() const;
};

/// Says whether the item of this name is wanted; the names are those of `ignore-checking-items`.
using IsWanted = std::function<bool(std::string_view item)>;

[[nodiscard]] std::string address_of(const config::DbConfig& database);

}  // namespace dm::precheck
