#include "app/master/server_checks.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dm::master {
namespace {

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

std::string variable(sql::SqlSession& session, std::string_view name) {
    return upper(session.query(fmt::format("SHOW GLOBAL VARIABLES LIKE '{}'", name)).text(0, "Value"));
}

std::string address(const config::DbConfig& database) {
    return fmt::format("address of db instance - {}:{}", database.host, database.port);
}

/// Global privileges of the session's user, in capitals. Privileges of roles are not in it.
struct Grants {
    std::set<std::string> global;
    bool has_roles = false;

    [[nodiscard]] bool has(std::string_view name) const {
        return global.contains("ALL PRIVILEGES") || global.contains(std::string(name));
    }
};

void add_privileges(std::string_view list, std::set<std::string>& names) {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        std::string_view name = list.substr(0, comma);
        while (name.starts_with(' ')) name.remove_prefix(1);
        names.emplace(name);
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
}

Grants read_grants(sql::SqlSession& session) {
    Grants grants;
    const auto result = session.query("SHOW GRANTS");
    for (const auto& row : result.rows) {
        const std::string line = upper(row.empty() || !row.front() ? std::string() : *row.front());
        constexpr std::string_view kGrant = "GRANT ";
        const auto on = line.find(" ON *.* TO ");
        if (!line.starts_with(kGrant)) continue;
        if (on != std::string::npos)
            add_privileges(std::string_view(line).substr(kGrant.size(), on - kGrant.size()), grants.global);
        if (line.find(" ON ") == std::string::npos) grants.has_roles = true;
    }
    return grants;
}

/// Compares one variable; `wanted` in capitals.
CheckItem expect_variable(sql::SqlSession& session, std::string_view item, std::string_view name,
                          std::string_view wanted, std::string instruction) {
    CheckItem check{.name = std::string(item),
                    .about = fmt::format("check whether {} is {}", name, wanted),
                    .state = CheckState::Success,
                    .problem = {},
                    .instruction = {},
                    .where = {}};
    const std::string value = variable(session, name);
    if (value.empty() || value == wanted) return check;
    check.state = CheckState::Fail;
    check.problem = fmt::format("{} is {}, and should be {}", name, value, wanted);
    check.instruction = std::move(instruction);
    return check;
}

CheckItem expect_privileges(const Grants& grants, std::string_view item, std::string_view about,
                            const std::vector<std::vector<std::string>>& needs, CheckState worst) {
    CheckItem check{.name = std::string(item),
                    .about = std::string(about),
                    .state = CheckState::Success,
                    .problem = {},
                    .instruction = {},
                    .where = {}};
    std::vector<std::string> lacking;
    for (const auto& alternatives : needs) {
        if (std::ranges::none_of(alternatives, [&](const auto& name) { return grants.has(name); })) {
            lacking.push_back(alternatives.front());
        }
    }
    if (lacking.empty()) return check;
    check.state = grants.has_roles ? CheckState::Warn : worst;
    check.problem = fmt::format("lack of {} global (*.*) privilege{}", fmt::join(lacking, ", "),
                                grants.has_roles ? " of the user itself; its roles were not looked into" : "");
    check.instruction = fmt::format("GRANT {} ON *.* TO the user of this connection", fmt::join(lacking, ", "));
    return check;
}

CheckItem check_version(sql::SqlSession& session) {
    const auto& version = session.version();
    const bool is_old =
        version.flavor == model::Flavor::MySql ? !version.is_at_least(5, 6) : !version.is_at_least(10, 1);
    CheckItem check{.name = "mysql_version",
                    .about = "check whether the server's version is one that has been tried",
                    .state = is_old ? CheckState::Warn : CheckState::Success,
                    .problem = {},
                    .instruction = {},
                    .where = {}};
    if (is_old)
        check.problem = fmt::format("version suggested at least 5.6.0 (MariaDB 10.1), got {}.{}.{}", version.major,
                                    version.minor, version.patch);
    return check;
}

}  // namespace

std::vector<CheckItem> check_upstream(sql::SqlSession& session, const config::SubTaskConfig& subtask,
                                      const IsWanted& is_wanted) {
    std::vector<CheckItem> items;
    if (is_wanted("version")) items.push_back(check_version(session));
    if (config::replicates_changes(subtask.mode)) {
        if (is_wanted("binlog_enable")) {
            items.push_back(
                expect_variable(session, "mysql_binlog_enable", "log_bin", "ON",
                                "start the server with log-bin set; see the server's manual on the binary log"));
        }
        if (is_wanted("binlog_format")) {
            items.push_back(expect_variable(session, "mysql_binlog_format", "binlog_format", "ROW",
                                            "SET GLOBAL binlog_format = ROW;"));
        }
        if (is_wanted("binlog_row_image")) {
            items.push_back(expect_variable(session, "mysql_binlog_row_image", "binlog_row_image", "FULL",
                                            "SET GLOBAL binlog_row_image = FULL;"));
        }
        if (is_wanted("replication_privilege")) {
            items.push_back(expect_privileges(
                read_grants(session), "source db replication privilege checker",
                "check replication privileges of source DB",
                {{"REPLICATION SLAVE", "REPLICATION REPLICA"}, {"REPLICATION CLIENT", "BINLOG MONITOR", "SUPER"}},
                CheckState::Fail));
        }
    }
    for (auto& item : items) item.where = address(subtask.from);
    return items;
}

std::vector<CheckItem> check_downstream(sql::SqlSession& session, const config::SubTaskConfig& subtask,
                                        const IsWanted& is_wanted) {
    std::vector<CheckItem> items;
    if (is_wanted("target_privilege")) {
        items.push_back(expect_privileges(
            read_grants(session), "target db privilege checker", "check privileges of target DB",
            {{"CREATE"}, {"SELECT"}, {"INSERT"}, {"UPDATE"}, {"DELETE"}, {"ALTER"}, {"DROP"}, {"INDEX"}},
            CheckState::Warn));
    }
    for (auto& item : items) item.where = address(subtask.to);
    return items;
}

}  // namespace dm::master
