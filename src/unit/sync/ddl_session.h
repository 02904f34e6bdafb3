#pragma once

#include <string>
#include <vector>

#include "core/sql/ddl.h"
#include "core/sql/sql_session.h"
#include "unit/sync/notices.h"
#include "unit/sync/session_links.h"
#include "unit/sync/statement_event.h"
#include "unit/sync/table_catalog.h"
#include "unit/sync/target_dialect.h"

namespace dm::sync {

/// Gives a session of the target what the session of a statement had upstream and what decides what the statement
/// means: the time, the zone, sql_mode, defaults of TIMESTAMP, collations. What the target cannot be told, and may
/// matter to the statement, is noticed. One thread: the translator's. Everything given outlives it.
class DdlSession {
  public:
    DdlSession(TableCatalog& catalog, Notices& notices, TargetDialect& dialect, SessionLink& upstream)
        : catalog_(catalog), notices_(notices), dialect_(dialect), upstream_(upstream) {}

    /// For all parts of one event. Throws what the sessions throw, and as Notices says if the task is strict.
    void prepare(sql::SqlSession& session, const std::vector<sql::RewrittenDdl>& parts, const StatementEvent& event);

  private:
    [[nodiscard]] std::string offset_at(const StatementEvent& event, const std::string& zone);
    [[nodiscard]] bool has_other_offsets(const StatementEvent& event, const std::string& zone);
    void set_zone(sql::SqlSession& session, const std::vector<sql::RewrittenDdl>& parts, const StatementEvent& event);
    void set_sql_mode(sql::SqlSession& session, const std::vector<sql::RewrittenDdl>& parts,
                      const StatementEvent& event);
    void set_timestamp_defaults(sql::SqlSession& session, const std::vector<sql::RewrittenDdl>& parts,
                                const StatementEvent& event);
    void set_server_collation(sql::SqlSession& session, const std::vector<sql::RewrittenDdl>& parts,
                              const StatementEvent& event);
    [[nodiscard]] bool may_convert_times(const sql::RewrittenDdl& part) const;

    TableCatalog& catalog_;
    Notices& notices_;
    TargetDialect& dialect_;
    SessionLink& upstream_;
};

}  // namespace dm::sync
