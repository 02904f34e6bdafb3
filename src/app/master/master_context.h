#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "app/master/peer_calls.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/binlog/event_source.h"
#include "core/config/master_config.h"
#include "core/config/secret.h"
#include "core/config/subtask_config.h"
#include "core/meta/members.h"
#include "core/sql/sql_session.h"

namespace dm::master {

/// Opens a session to a configured database. Throws as SqlConnector; `scope` says whose server it is.
using ConnectDatabase =
    std::function<std::unique_ptr<sql::SqlSession>(const config::DbConfig& database, ErrorScope scope)>;

/// Whether the binlog can be read from a subtask's `meta` on. Throws the server's refusal.
using ProbePosition = std::function<void(const config::SubTaskConfig& subtask)>;

/// Opens a source's binlog, not started yet.
using OpenBinlog = std::function<std::unique_ptr<binlog::EventSource>(const config::DbConfig& database)>;

/// Whether the master at this URL says within a second that it is in good health. Throws nothing.
using IsHealthy = std::function<bool(const std::string& url)>;

/// What every command of the master may use besides the scheduler. Fixed after construction; everything outlives the
/// commands.
struct MasterContext {
    const config::MasterConfig& config;
    const std::optional<config::SecretKey>& key;
    Clock& clock;
    meta::MemberList& members;
    PeerCalls& peers;
    ConnectDatabase connect;
    ProbePosition probe_position;
    OpenBinlog open_binlog;
    QueryWorker query_worker;
    IsHealthy is_healthy;
    std::stop_token stop;                ///< the process ends: waits return early
    std::function<bool()> is_cancelled;  ///< of one command: nobody waits for its answer any more; may be empty
};

}  // namespace dm::master
