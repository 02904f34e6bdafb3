#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/model/names.h"
#include "unit/precheck/check_item.h"
#include "unit/precheck/grants.h"

/// Judgement on an account's grants. Pure functions; instructions are the GRANT statements that are missing, or the
/// statement that makes a granted role active.
namespace dm::precheck {

/// Reading the binlog: REPLICATION SLAVE and REPLICATION CLIENT by any of their names.
[[nodiscard]] CheckItem check_replication_privileges(const AccountGrants& grants);
/// `item` failed because the account may not ask for the state of the binlog: what it lacks.
[[nodiscard]] CheckItem check_binlog_is_visible(CheckItem item, const AccountGrants& grants);
/// What the copy of one source reads.
struct CopyNeeds {
    std::span<const model::TableName> tables;
    std::span<const model::TableName> locked_tables;  ///< those it locks for a moment: keyless ones on MySQL
    bool needs_lock = false;                          ///< it stops all writes for a moment to read its position
    bool is_snapshot = false;                         ///< it reads no binlog: one locked snapshot of all tables
    std::vector<std::string> named_schemas;           ///< of which the task wants every table
    std::vector<model::TableName> unseen_tables;      ///< that the task names and the account does not see
};

/// Without REPLICATION SLAVE, active or by a role: mode `full` then copies a snapshot, as the copy decides it.
[[nodiscard]] bool cannot_read_binlog(const AccountGrants& grants);
/// Reading existing data: SELECT on every table; for a lock RELOAD or FLUSH_TABLES, else LOCK TABLES on every table; on
/// MySQL REPLICATION CLIENT, to know its place in the binlog, unless it copies a snapshot. Servers hide tables without
/// a privilege, so what is named but perhaps hidden is a warning.
[[nodiscard]] CheckItem check_copy_privileges(const AccountGrants& grants, const CopyNeeds& needs);
/// Adds to `item` a warning for what the task names and the server may hide from the account; a failure if the account
/// sees no table at all, for nothing would be migrated.
void check_hidden_tables(CheckItem& item, const AccountGrants& grants, const CopyNeeds& needs);
/// Writing: what tables, rows and checkpoints need, on everything. A warning at most.
[[nodiscard]] CheckItem check_target_privileges(const AccountGrants& grants, bool makes_foreign_keys);

}  // namespace dm::precheck
