#include "unit/precheck/privilege_checks.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dm::precheck {
namespace {

using Names = std::vector<std::string>;

/// A privilege by the names that servers know it by; the first one is asked for.
struct Need {
    Names alternatives;
    [[nodiscard]] const std::string& name() const { return alternatives.front(); }
};

Need replication_slave() { return {{"REPLICATION SLAVE", "REPLICATION REPLICA"}}; }

Need replication_client(const AccountGrants& grants) {
    Need need{{"REPLICATION CLIENT", "BINLOG MONITOR"}};
    if (grants.has_binlog_monitor) std::ranges::reverse(need.alternatives);
    if (grants.is_super_enough) need.alternatives.emplace_back("SUPER");
    return need;
}

std::string activate_roles(const AccountGrants& grants) {
    const auto& roles = grants.effective.roles();
    if (!grants.is_mariadb) return fmt::format("ALTER USER {} DEFAULT ROLE ALL;", grants.account);
    return fmt::format("SET DEFAULT ROLE {} FOR {};", roles.empty() ? "NONE" : roles.front(), grants.account);
}

/// Splits the needs that are not met into those a role would meet and those nobody granted.
struct Lacking {
    Names nowhere;
    Names in_roles;
};

Lacking lacking_of(const AccountGrants& grants, const std::vector<Need>& needs) {
    Lacking lacking;
    for (const auto& need : needs) {
        if (grants.effective.has_global(need.alternatives)) continue;
        (grants.possible.has_global(need.alternatives) ? lacking.in_roles : lacking.nowhere).push_back(need.name());
    }
    return lacking;
}

void report(CheckItem& item, const AccountGrants& grants, const Lacking& lacking, std::string_view reason) {
    if (!lacking.nowhere.empty()) {
        item.add(CheckState::Fail,
                 fmt::format("lack of {} global (*.*) privilege: {}", fmt::join(lacking.nowhere, ", "), reason),
                 fmt::format("GRANT {} ON *.* TO {};", fmt::join(lacking.nowhere, ", "), grants.account));
    }
    if (!lacking.in_roles.empty()) {
        item.add(CheckState::Fail,
                 fmt::format("lack of {} global (*.*) privilege: it is granted through a role that is not active when "
                             "{} logs in",
                             fmt::join(lacking.in_roles, ", "), grants.account),
                 activate_roles(grants));
    }
    Names advice;
    for (const auto& finding : item.findings) advice.push_back(finding.instruction);
    item.instruction = fmt::format("{}", fmt::join(advice, " "));
}

/// "`d`.`a`, `d`.`b`, and 9998 more".
std::string some_of(const std::vector<model::TableName>& tables) {
    constexpr std::size_t kShown = 5;
    std::string text;
    for (std::size_t i = 0; i < std::min(kShown, tables.size()); ++i)
        text += fmt::format("{}{}", i == 0 ? "" : ", ", tables[i].quoted());
    if (tables.size() > kShown) text += fmt::format(", and {} more", tables.size() - kShown);
    return text;
}

/// One statement per schema that lacks the privilege everywhere, one per table elsewhere, at most a handful.
std::string grant_on_tables(const AccountGrants& grants, std::string_view privilege,
                            const std::vector<model::TableName>& lacking,
                            const std::map<std::string, std::size_t>& tables_of_schema) {
    constexpr std::size_t kMaxTables = 5;
    std::map<std::string, std::vector<model::TableName>> by_schema;
    for (const auto& table : lacking) by_schema[table.schema].push_back(table);
    std::vector<std::string> statements;
    for (const auto& [schema, tables] : by_schema) {
        if (tables.size() == tables_of_schema.at(schema) || tables.size() > kMaxTables) {
            statements.push_back(
                fmt::format("GRANT {} ON {}.* TO {};", privilege, model::quote_identifier(schema), grants.account));
            continue;
        }
        for (const auto& table : tables)
            statements.push_back(fmt::format("GRANT {} ON {} TO {};", privilege, table.quoted(), grants.account));
    }
    return fmt::format("{}", fmt::join(statements, " "));
}

void check_on_tables(CheckItem& item, const AccountGrants& grants, std::string_view privilege,
                     std::span<const model::TableName> tables, std::string_view reason) {
    std::vector<model::TableName> nowhere;
    std::vector<model::TableName> in_roles;
    std::map<std::string, std::size_t> tables_of_schema;
    for (const auto& table : tables) {
        ++tables_of_schema[table.schema];
        if (grants.effective.has_on(privilege, table)) continue;
        (grants.possible.has_on(privilege, table) ? in_roles : nowhere).push_back(table);
    }
    if (!nowhere.empty()) {
        item.add(CheckState::Fail, fmt::format("lack of {} privilege: {{{}}}; {}", privilege, some_of(nowhere), reason),
                 grant_on_tables(grants, privilege, nowhere, tables_of_schema));
    }
    if (!in_roles.empty()) {
        item.add(CheckState::Fail,
                 fmt::format("lack of {} privilege: {{{}}}; it is granted through a role that is not active when {} "
                             "logs in",
                             privilege, some_of(in_roles), grants.account),
                 activate_roles(grants));
    }
}

}  // namespace

CheckItem check_replication_privileges(const AccountGrants& grants) {
    CheckItem item{.name = "source db replication privilege checker",
                   .about = "check replication privileges of source DB"};
    report(item, grants, lacking_of(grants, {replication_slave(), replication_client(grants)}),
           "without it the binary log cannot be followed");
    return item;
}

CheckItem check_binlog_is_visible(CheckItem item, const AccountGrants& grants) {
    report(item, grants, lacking_of(grants, {replication_client(grants)}), "the server does not tell without it");
    return item;
}

void check_hidden_tables(CheckItem& item, const AccountGrants& grants, const CopyNeeds& needs) {
    const CheckState state = needs.tables.empty() ? CheckState::Fail : CheckState::Warn;
    for (const auto& schema : needs.named_schemas) {
        if (grants.effective.has_on("SELECT", {schema, {}})) continue;
        item.add(state,
                 fmt::format("SELECT is not granted on the whole schema {}: tables that the account does not see are "
                             "not migrated",
                             model::quote_identifier(schema)),
                 fmt::format("GRANT SELECT ON {}.* TO {};", model::quote_identifier(schema), grants.account));
    }
    for (const auto& table : needs.unseen_tables) {
        if (grants.effective.has_on("SELECT", table)) continue;
        item.add(
            state,
            fmt::format("table {} is not migrated: it does not exist, or the account does not see it", table.quoted()),
            fmt::format("GRANT SELECT ON {} TO {};", table.quoted(), grants.account));
    }
}

bool cannot_read_binlog(const AccountGrants& grants) {
    return !grants.effective.has_global(replication_slave().alternatives) && grants.effective.roles().empty();
}

CheckItem check_copy_privileges(const AccountGrants& grants, const CopyNeeds& needs) {
    CheckItem item{.name = "source db dump privilege checker", .about = "check dump privileges of source DB"};
    if (!grants.is_mariadb && !needs.is_snapshot) {
        report(item, grants, lacking_of(grants, {replication_client(grants)}),
               "the copy must know its place in the binary log");
    }
    check_on_tables(item, grants, "SELECT", needs.tables, "existing rows are read from these tables");
    check_on_tables(item, grants, "LOCK TABLES", needs.locked_tables,
                    "tables without a primary or unique key are locked for the moment in which their copy begins");
    check_hidden_tables(item, grants, needs);
    if ((!needs.needs_lock && !needs.is_snapshot) || grants.effective.has_global({"RELOAD", "FLUSH_TABLES"}))
        return item;
    const auto can_lock = [&](const model::TableName& table) { return grants.effective.has_on("LOCK TABLES", table); };
    const bool can_lock_seen = std::ranges::all_of(needs.tables, can_lock);
    const bool can_lock_hidden = std::ranges::all_of(needs.named_schemas,
                                                     [&](const auto& schema) {
                                                         return can_lock({schema, {}});
                                                     }) &&
                                 std::ranges::all_of(needs.unseen_tables, can_lock);
    if (!can_lock_seen || (needs.tables.empty() && !can_lock_hidden)) {
        item.add(can_lock_seen ? CheckState::Warn : CheckState::Fail,
                 fmt::format("lack of RELOAD global (*.*) privilege, or LOCK TABLES on every table: {}",
                             needs.is_snapshot
                                 ? "without the binary log all tables are copied as of one moment, in which they are "
                                   "locked"
                                 : "without GTIDs the copy takes a read lock for the moment in which it reads the "
                                   "binary log's position"),
                 fmt::format("GRANT RELOAD ON *.* TO {};", grants.account));
    }
    return item;
}

CheckItem check_target_privileges(const AccountGrants& grants, bool makes_foreign_keys) {
    CheckItem item{.name = "target db privilege checker", .about = "check privileges of target DB"};
    std::vector<Need> needs;
    for (const auto* name : {"CREATE", "SELECT", "INSERT", "UPDATE", "DELETE", "ALTER", "DROP", "INDEX"})
        needs.push_back({{name}});
    if (makes_foreign_keys && grants.checks_references) needs.push_back({{"REFERENCES"}});
    report(item, grants, lacking_of(grants, needs), "schemas, tables, rows and checkpoints are written with it");
    if (item.state == CheckState::Fail) item.state = CheckState::Warn;
    return item;
}

}  // namespace dm::precheck
