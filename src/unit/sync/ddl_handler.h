#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "core/model/location.h"
#include "core/sql/ddl.h"
#include "core/sql/ddl_tree.h"
#include "unit/sync/copy_window.h"
#include "unit/sync/ddl_executor.h"
#include "unit/sync/notices.h"
#include "unit/sync/session_links.h"
#include "unit/sync/statement_event.h"
#include "unit/sync/statement_journal.h"
#include "unit/sync/table_catalog.h"
#include "unit/sync/target_dialect.h"

namespace dm::sync {

/// Reads statements of the binlog, decides what becomes of them, tracks structures and executes what is left on the
/// target. One thread: the translator's. Sessions are opened when they are needed.
class DdlHandler {
  public:
    struct Options {
        bool by_gtid = false;
        model::Location start;  ///< of the run
        int max_attempts = 12;
        bool keeps_collations = false;  ///< a collation the target does not know is an error
        bool splits_alter = false;      ///< the target takes not all combinations of actions in one ALTER TABLE
        bool splits_rename = false;     ///< nor a RENAME TO beside others
        /// Rows change with their parents in the target too, by its own checks or because the binlog tells.
        bool follows_parents = true;
    };
    DdlHandler(Options options, const Rules& rules, TableCatalog& catalog, Recorder& recorder, Notices& notices,
               Clock& clock, StatementJournal& journal, SessionLink& upstream, SessionLink& downstream);

    /// What a statement comes to.
    struct Prepared {
        std::vector<sql::RewrittenDdl> tracked;     ///< with source names, in order: what changes structures we know
        std::vector<sql::RewrittenDdl> executed;    ///< with target names, in order
        std::vector<model::TableName> void_copies;  ///< tables whose copy the statement makes void
        [[nodiscard]] bool needs_barrier() const noexcept { return !executed.empty() || touches_replicated; }
        bool makes_anew = false;  ///< CREATE TABLE that found no table of that name
        /// To be thrown unless the table has no rows when all before the statement is applied.
        std::optional<Error> refusal_of_rows;
        bool touches_replicated = false;  ///< a replicated table's structure changes, executed or not
    };

    /// Asks the upstream for what it takes to read the statement, if that is not known yet; may be repeated.
    void learn(const StatementEvent& event);
    /// Changes nothing but notices. Throws Error{ParseSql, SyncDdlUnsupported, SyncFilteredError}.
    [[nodiscard]] Prepared prepare(const StatementEvent& event);

    /// Executes on the target; everything before the statement has been applied. What an earlier attempt, of this run
    /// or a former one, has done already is not done again. Throws what the target refuses, and
    /// Error{SyncDdlUnsupported} if the rows there would become others than upstream.
    void execute(const Prepared& prepared, const StatementEvent& event, std::stop_token stop);

    /// Applies the statement to the known structures and notes them for the checkpoint.
    void track(const Prepared& prepared, const StatementEvent& event);

  private:
    [[nodiscard]] bool is_before_copy(const model::TableName& table, const StatementEvent& event);
    [[nodiscard]] FittedDdl fitted(std::vector<sql::RewrittenDdl> parts, const sql::StatementInfo& info,
                                   const StatementEvent& event, const sql::RouteFunction& route);
    [[nodiscard]] bool is_listed(const model::TableName& table) const;
    [[nodiscard]] bool passes_filters(const model::TableName& table, sql::StatementKind kind,
                                      const StatementEvent& event,
                                      std::span<const rules::SingleChange> changes = {}) const;
    [[nodiscard]] bool is_wanted(const sql::RewrittenDdl& part, const StatementEvent& event,
                                 std::span<const rules::SingleChange> changes);
    [[nodiscard]] std::optional<sql::AlterTable> alter_of(const sql::RewrittenDdl& part,
                                                          const StatementEvent& event) const;
    [[nodiscard]] std::vector<std::vector<rules::SingleChange>> changes_of(const std::vector<sql::RewrittenDdl>& parts,
                                                                           const StatementEvent& event);
    [[nodiscard]] std::vector<sql::RewrittenDdl> wanted_parts(std::vector<sql::RewrittenDdl> parts,
                                                              const sql::StatementInfo& info,
                                                              const StatementEvent& event,
                                                              const sql::RouteFunction& route,
                                                              const sql::AcceptFunction& accept);
    [[nodiscard]] std::optional<model::TableName> merged_with(const sql::RewrittenDdl& part,
                                                              const StatementEvent& event);
    void check_merged(const sql::RewrittenDdl& part, const StatementEvent& event);
    void check_names(const sql::RewrittenDdl& part, const StatementEvent& event);
    void leave_out_discards(std::vector<sql::RewrittenDdl>& parts, const StatementEvent& event);
    void note_uncertain(const StatementEvent& event, Prepared& prepared);
    void note_followers(const model::TableName& table);
    void note_mentions(const sql::StatementInfo& info, const StatementEvent& event, Prepared& prepared);
    [[nodiscard]] std::set<model::TableName> kept_after_failure(const std::vector<sql::RewrittenDdl>& parts,
                                                                std::size_t named, const StatementEvent& event);
    void note_torn_exchange(const sql::StatementInfo& info, const StatementEvent& event, Prepared& prepared);
    [[nodiscard]] Prepared prepare_structure(const sql::StatementInfo& info, const StatementEvent& event);
    void note_other(const sql::StatementInfo& info, const StatementEvent& event);
    void forget_replaced(const sql::RewrittenDdl& part, bool makes_anew);
    void track_part(const sql::RewrittenDdl& part, const StatementEvent& event);
    [[nodiscard]] schema::StatementContext context_of(const StatementEvent& event);
    [[nodiscard]] sql::ParseContext parse_context(const StatementEvent& event) const;
    [[nodiscard]] sql::ParseContext split_context(const StatementEvent& event) const;

    Options options_;
    const Rules& rules_;
    TableCatalog& catalog_;
    Recorder& recorder_;
    Notices& notices_;
    SessionLink& downstream_;
    TargetDialect dialect_;
    DdlExecutor executor_;
};

}  // namespace dm::sync
