#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/names.h"
#include "core/sql/sql_session.h"

namespace dm::precheck {

/// What SHOW GRANTS says an account may do. A value type. Privilege names are in capitals, as servers print them.
class Grants {
  public:
    /// Adds one line of SHOW GRANTS. Lines on routines, proxies and default roles say nothing about data and are passed
    /// over. Throws Error{ParseSql} for a line that is none of these.
    void add_line(std::string_view line);

    /// Whether one of `alternatives` is held on everything, without a partial revoke. ALL PRIVILEGES counts.
    [[nodiscard]] bool has_global(const std::vector<std::string>& alternatives) const;
    /// Whether the privilege is held on the whole table, by a grant on everything, its schema or itself.
    [[nodiscard]] bool has_on(std::string_view privilege, const model::TableName& table) const;
    /// Roles that were granted, as accounts in the server's own spelling.
    [[nodiscard]] const std::vector<std::string>& roles() const noexcept { return roles_; }

  private:
    using Names = std::set<std::string, std::less<>>;
    void add_privileges(const std::string& schema, const std::string& table, Names names);

    Names global_;
    std::map<std::string, Names> schemas_;  ///< by pattern: `%`, `_` and backslash as in LIKE
    std::map<model::TableName, Names> tables_;
    std::map<std::string, Names> revoked_;  ///< by schema
    std::vector<std::string> roles_;
};

/// The grants of a session's own account.
struct AccountGrants {
    std::string account;  ///< "'user'@'host'", as a GRANT statement takes it
    Grants effective;     ///< what new sessions may do: with the roles that are active in them
    Grants possible;      ///< with all roles that were granted, active or not
    bool is_mariadb = false;
    bool has_binlog_monitor = false;  ///< MariaDB 10.5 and later split REPLICATION CLIENT
    bool is_super_enough = true;      ///< SUPER includes REPLICATION CLIENT; not so in MariaDB 11 and later
    bool checks_references = false;   ///< a foreign key takes REFERENCES: MySQL 5.7 and later
};

/// Asks the server. Throws what the session throws.
[[nodiscard]] AccountGrants read_grants(sql::SqlSession& session);

}  // namespace dm::precheck
