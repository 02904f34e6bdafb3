#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "core/model/names.h"
#include "core/sql/sql_session.h"

namespace dm::target {

/// Keeps a worker that lost its subtask without noticing (stopped, cut off) from writing beside its successor.
/// Each run of a subtask takes over the fence in the target: it raises the epoch, ends every session that runs of
/// earlier epochs registered, and waits until the server has undone their open transactions. Sessions of this run are
/// registered before their first statement and refused once the epoch has moved on, so that a late worker can neither
/// go on with its sessions nor open new ones.
/// Sessions of this run that were closed are ended at the server before the next one is handed out: the server may not
/// have noticed yet that a connection broke, and what it still executes there would come after what replaces it.
/// Tables: docs/formats/fence.md. `connector` and what it returns may be called from any thread; the clock outlives
/// both.
class Fence {
  public:
    struct Options {
        std::string meta_schema;
        model::TaskName task;
        model::SourceId source;
    };

    /// Takes over. `connect` opens plain sessions to the target. Throws what the sessions throw, and
    /// Error{DbExecuteFailed} if the target's user may not end its own old sessions. With `stop` requested it
    /// returns early; the sessions then still see the new epoch.
    Fence(const Options& options, sql::SqlConnector connect, Clock& clock, std::stop_token stop);

    /// A connector for this run's sessions. Opening one throws Error{WorkerFenced} if another run has taken over, and
    /// Error{DbBadConnection} if a closed session does not end.
    [[nodiscard]] sql::SqlConnector connector() const;
    [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }

  private:
    struct Tables {
        std::string epochs;  // quoted, full names
        std::string sessions;
    };
    static Tables tables_of(const std::string& meta_schema, const model::TaskName& task);
    using Addresses = std::map<std::string, std::string>;  // hosts by connection id

    void raise_epoch(sql::SqlSession& session, const std::string& meta_schema);
    void end_old_sessions(sql::SqlSession& session, Clock& clock, std::stop_token stop) const;
    Addresses::value_type enlist(sql::SqlSession& session) const;
    void end_closed_sessions(sql::SqlSession& session) const;

    sql::SqlConnector connect_;
    Clock* clock_;
    std::shared_ptr<Guarded<Addresses>> closed_ = std::make_shared<Guarded<Addresses>>();
    std::string epochs_;    // quoted, full name of the table
    std::string sessions_;  // likewise
    std::string source_;    // a literal
    std::uint64_t epoch_ = 0;
};

}  // namespace dm::target
