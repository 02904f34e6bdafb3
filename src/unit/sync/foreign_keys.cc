#include "unit/sync/foreign_keys.h"

#include <set>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "core/sql/literal.h"

namespace dm::sync {
namespace {

bool is_referenced(sql::SqlSession& session, const model::TableName& table) {
    std::string question = "SELECT 1 FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_SCHEMA=";
    sql::append_quoted(question, table.schema);
    question += " AND REFERENCED_TABLE_NAME=";
    sql::append_quoted(question, table.table);
    question += " LIMIT 1";
    return !session.query(question).rows.empty();
}

}  // namespace

void ensure_safe_updates(sql::SqlSession& session, std::span<const dml::RowChange> changes, bool is_repeated) {
    std::set<const dml::TablePlan*> asked;
    for (const dml::RowChange& change : changes) {
        const bool is_safe_update = change.kind == dml::ChangeKind::Update && (is_repeated || change.is_safe);
        if (!is_safe_update || !change.plan->changes_unique_key(change.before, change.after)) continue;
        if (!asked.insert(change.plan).second || !is_referenced(session, change.plan->target())) continue;
        throw Error(ErrorCode::SyncForeignKey,
                    fmt::format("an update of {} changes a key and may have been applied before (safe mode): foreign "
                                "keys of the target refer to {}, and the rows that do cannot follow",
                                change.plan->source().quoted(), change.plan->target().quoted()))
            .with_workaround(
                "Stop the task and start it without `foreign_key_checks` in the session of `target-database`; put it "
                "back when safe mode is over, and compare the tables that refer to this one.");
    }
}

}  // namespace dm::sync
