#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/location.h"
#include "core/model/names.h"
#include "core/sql/sql_session.h"
#include "unit/target/sync_checkpoint.h"

namespace dm::sync {

/// Tells whether a statement that changes structures has been executed by an earlier attempt that could not say so: a
/// worker that died before the checkpoint was written, a connection that was lost. Before each execution the structures
/// of the tables concerned are recorded in the target; if the same statement comes again and they are others by then,
/// it has been executed. This needs no support for transactions around DDL, only that each ALTER is all or nothing.
/// One thread: the translator's. Errors of sessions pass through.
class StatementJournal {
  public:
    StatementJournal(target::SyncCheckpoint checkpoint, std::optional<target::StatementUnderWay> last, bool by_gtid)
        : checkpoint_(std::move(checkpoint)), last_(std::move(last)), by_gtid_(by_gtid) {}

    struct Statement {
        const std::vector<model::TableName>& targets;
        std::size_t part = 0;             ///< number among the parts of its event
        const model::Location& location;  ///< of its event
    };
    /// False if the statement has been executed; otherwise it is recorded as under way.
    [[nodiscard]] bool begin(sql::SqlSession& session, const Statement& statement);
    /// The attempt failed, perhaps only for us: the next `begin` first ends it for certain.
    void interrupted() { has_failed_ = true; }

  private:
    void end_earlier(sql::SqlSession& session);

    target::SyncCheckpoint checkpoint_;
    std::optional<target::StatementUnderWay> last_;
    bool by_gtid_;
    bool has_failed_ = false;
    std::uint64_t connection_ = 0;  ///< of the last attempt
};

}  // namespace dm::sync
