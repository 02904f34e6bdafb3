#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/config/subtask_config.h"
#include "core/rules/table_filter.h"
#include "core/rules/table_router.h"
#include "unit/precheck/prechecks.h"
#include "unit/precheck/privilege_checks.h"
#include "unit/precheck/server_facts.h"
#include "unit/precheck/table_checks.h"

namespace dm::precheck {

/// One source of a task under the eyes of the checks: its session, what it migrates, what was found. Used by one thread
/// at a time; the subtask outlives it.
class SourceLook {
  public:
    /// Throws Error{CheckRoutes, CheckBlockAllow} for rules that cannot be read.
    explicit SourceLook(const config::SubTaskConfig& subtask);

    /// Connects and lists what is migrated. Throws what the session throws, Error{CheckRoutes} for a table that several
    /// routes claim.
    void open(const Environment& environment);
    /// Looks at the server, its account and its tables, but not at their targets.
    void look(const Environment& environment, const RunAll& run_all, const IsWanted& is_wanted);
    /// Compares with the target's structures.
    void compare(TableMap target, std::set<std::string> target_collations);

    [[nodiscard]] const config::SubTaskConfig& subtask() const noexcept { return subtask_; }
    [[nodiscard]] const std::vector<TablePair>& pairs() const noexcept { return pairs_; }
    /// Whether a table of the source has a foreign key. After `look`.
    [[nodiscard]] bool has_foreign_keys() const;
    [[nodiscard]] std::vector<CheckItem> take_items();

  private:
    template <typename Check>
    void add(CheckItem blank, const Check& check);
    void look_at_binlog(const IsWanted& is_wanted);
    [[nodiscard]] CheckItem look_at_filters(const std::set<std::string>& schemas);
    void look_at_account(const IsWanted& is_wanted);
    void look_at_copy(const IsWanted& is_wanted);
    void load_structures(const Environment& environment, const RunAll& run_all);
    void add_named(CopyNeeds& needs) const;
    [[nodiscard]] bool needs_lock() const;

    const config::SubTaskConfig& subtask_;
    rules::TableFilter filter_;
    rules::TableRouter router_;
    std::unique_ptr<sql::SqlSession> session_;
    ServerFacts facts_;
    std::vector<model::TableName> tables_;
    std::vector<model::TableName> shadow_tables_;
    std::vector<TablePair> pairs_;
    Structures structures_;
    std::exception_ptr structures_failure_;
    std::vector<CheckItem> items_;
};

/// The item that `check` makes of it, or the failure it ran into.
template <typename Check>
CheckItem guarded(CheckItem blank, const Check& check) {
    try {
        return check();
    } catch (...) {
        const Error error = current_error();
        blank.add(CheckState::Fail, error.what());
        return blank;
    }
}

}  // namespace dm::precheck
