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
/// EXCHANGE PARTITION leaves structures as they are: the first and the last rows on both sides tell.
/// One thread: the translator's. Errors of sessions pass through.
class StatementJournal {
  public:
    StatementJournal(target::SyncCheckpoint checkpoint, std::optional<target::StatementUnderWay> last, bool by_gtid)
        : checkpoint_(std::move(checkpoint)), last_(std::move(last)), by_gtid_(by_gtid) {}

    struct Statement {
        const std::vector<model::TableName>& targets;
        std::size_t part = 0;             ///< number among the parts of its event
        const model::Location& location;  ///< of its event
        std::size_t action = 0;           ///< from 1, of a part that is executed action by action; 0: the whole part
        std::string partition;            ///< of the first target, if it is exchanged with the second
    };
    enum class Begun : std::uint8_t {
        Execute,   ///< it is recorded as under way
        IsDone,    ///< a later part or action has been begun
        LooksDone  ///< the target shows that it has been executed
    };
    /// Throws Error{SyncDdlUnsupported} where it cannot be told whether a partition has been exchanged.
    [[nodiscard]] Begun begin(sql::SqlSession& session, const Statement& statement);
    /// Whether the statement was refused as a whole by an earlier attempt, which went on action by action.
    [[nodiscard]] bool is_amid_actions(const Statement& statement) const;
    /// The target refused for certain what was begun last: it is not executed, whatever becomes of its tables before it
    /// is tried again.
    void refused(sql::SqlSession& session);
    /// The attempt failed, perhaps only for us: the next `begin` first ends it for certain.
    void interrupted() { has_failed_ = true; }

  private:
    void end_earlier(sql::SqlSession& session);
    [[nodiscard]] bool is_last(const Statement& statement) const;
    [[nodiscard]] std::string text_of(const model::Location& location) const;

    target::SyncCheckpoint checkpoint_;
    std::optional<target::StatementUnderWay> last_;
    bool by_gtid_;
    bool has_failed_ = false;
    std::uint64_t connection_ = 0;  ///< of the last attempt
};

/// Whether the error is the target's answer that it did not execute a statement, and not one that leaves it open.
[[nodiscard]] bool is_certain_refusal(const Error& error);

}  // namespace dm::sync
