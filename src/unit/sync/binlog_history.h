#pragma once

#include <optional>
#include <string>

#include "core/model/location.h"
#include "core/sql/sql_session.h"

/// RESET MASTER makes a server begin its binlog anew, with the same names of files and the same GTIDs. One that is then
/// asked for what follows a GTID set leaves out as many new transactions as the set holds, and does not say so.
namespace dm::sync {

/// What tells the upstream from other servers, since a position means nothing on another one; empty if the server does
/// not say. Errors of the session pass through.
[[nodiscard]] std::string fetch_server_name(sql::SqlSession& session);

/// Throws Error{SyncBinlogPurged} if the binlog of this server is not the one in which `place`, position and GTID set,
/// was between two transactions. A file that is purged, and a server that does not let itself be asked, prove nothing.
/// Errors of a lost session pass through.
void ensure_same_history(sql::SqlSession& session, const model::Location& place);

/// Sees from one look at the upstream to the next that its binlog has begun anew. One thread.
class HistoryWatch {
  public:
    /// Throws Error{SyncBinlogPurged} if the server is the one of the last call and its newest place went back.
    void see(const std::string& server, const model::BinlogPosition& newest);

  private:
    std::string server_;
    std::optional<model::BinlogPosition> newest_;
};

}  // namespace dm::sync
