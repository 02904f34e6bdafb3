#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/sql/ddl.h"
#include "unit/sync/ddl_session.h"
#include "unit/sync/notices.h"
#include "unit/sync/session_links.h"
#include "unit/sync/statement_event.h"
#include "unit/sync/statement_journal.h"
#include "unit/sync/table_catalog.h"
#include "unit/sync/target_dialect.h"

namespace dm::sync {

/// Executes statements on the target, in its words and in the session of their event, and none of them twice. One
/// thread: the translator's. Everything given outlives it.
class DdlExecutor {
  public:
    struct Options {
        bool by_gtid = false;
        int max_attempts = 12;
    };
    DdlExecutor(Options options, TableCatalog& catalog, Notices& notices, Clock& clock, StatementJournal& journal,
                TargetDialect& dialect, SessionLink& upstream, SessionLink& downstream)
        : options_(options),
          catalog_(catalog),
          notices_(notices),
          clock_(clock),
          journal_(journal),
          dialect_(dialect),
          upstream_(upstream),
          downstream_(downstream),
          session_(catalog, notices, dialect, upstream) {}

    /// Executes the parts of one event in order; everything before the event has been applied. What an earlier attempt,
    /// of this run or a former one, has done already is not done again. Throws what the target refuses.
    void execute(const std::vector<sql::RewrittenDdl>& parts, const StatementEvent& event, std::stop_token stop);

  private:
    void run_text(const std::string& text, const sql::RewrittenDdl& part, const StatementEvent& event);
    void run_adapted(const sql::RewrittenDdl& part, const StatementEvent& event);
    [[nodiscard]] bool are_rebuilt(const sql::RewrittenDdl& part, const Error& refusal);
    void ensure_schema(sql::SqlSession& session, const sql::RewrittenDdl& part, const StatementEvent& event);
    [[nodiscard]] sql::ParseContext reading() const;
    [[nodiscard]] bool is_to_do(const sql::RewrittenDdl& part, const StatementJournal::Statement& statement);
    void run_or_rebuild(const sql::RewrittenDdl& part, const StatementEvent& event);
    void run_begun(const sql::RewrittenDdl& part, const StatementEvent& event);
    void run_actions(const sql::RewrittenDdl& part, StatementJournal::Statement statement, const StatementEvent& event);
    [[nodiscard]] bool is_rename_of_nothing(const sql::RewrittenDdl& part, const StatementEvent& event);
    void run_part(const sql::RewrittenDdl& part, std::size_t number, const StatementEvent& event);

    const Options options_;
    TableCatalog& catalog_;
    Notices& notices_;
    Clock& clock_;
    StatementJournal& journal_;
    TargetDialect& dialect_;
    SessionLink& upstream_;
    SessionLink& downstream_;
    DdlSession session_;
};

}  // namespace dm::sync
