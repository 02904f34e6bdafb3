#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/dml/statement_builder.h"
#include "core/sql/sql_session.h"
#include "unit/sync/notices.h"
#include "unit/sync/sync_metrics.h"

namespace dm::sync {

/// Sends the statements of a batch to the target in one transaction, or one by one if its tables have none, and counts
/// what the target says of them: rows that were missing, values that it changed. One lane's, one thread; what it is
/// given outlives it.
///
/// A batch is sent in one piece, after which the warnings of its statements can no longer be read. So they are read
/// only where there have been any: the statements that caused them are executed once more, without effect, and the next
/// batches are sent statement by statement.
class BatchSender {
  public:
    struct Batch {
        std::span<const dml::OperationGroup> groups;
        std::span<const dml::Statement> statements;
        std::span<const std::size_t> group_of;  ///< per statement

        [[nodiscard]] const dml::OperationGroup& group(std::size_t i) const { return groups[group_of[i]]; }
    };
    /// `checks_foreign_keys`: the target's sessions do. Rows that may be there already are replaced without, or what
    /// refers to them would be deleted with them.
    BatchSender(bool checks_foreign_keys, Notices& notices, SyncMetrics& metrics,
                std::atomic<std::uint64_t>& bytes_to_target)
        : checks_foreign_keys_(checks_foreign_keys),
          notices_(notices),
          metrics_(metrics),
          bytes_to_target_(bytes_to_target) {}

    /// All tables of the batch have transactions, or none has. Returns whether the session may be used again; the batch
    /// is committed either way. Throws what the session throws and, for strict tasks, what must not be passed over: the
    /// session is then in the middle of the transaction.
    [[nodiscard]] bool send(sql::SqlSession& session, const Batch& batch);

  private:
    using Kind = SyncMetrics::Statement;
    struct Step {
        std::string_view text;
        std::optional<Kind> kind;  ///< nothing: a setting of the session
        std::size_t statement = 0;
    };

    [[nodiscard]] static bool needs_transaction(const Batch& batch);
    [[nodiscard]] bool needs_uncheck(const Batch& batch, std::size_t i) const;
    [[nodiscard]] std::vector<Step> steps_of(const Batch& batch, bool commits) const;
    std::vector<sql::ExecResult> send_together(sql::SqlSession& session, const Batch& batch, bool commits);
    void send_one_by_one(sql::SqlSession& session, const Batch& batch);
    [[nodiscard]] bool explain(sql::SqlSession& session, const Batch& batch, std::span<const sql::ExecResult> results);
    void explain_one(sql::SqlSession& session, const Batch& batch, std::size_t i, std::uint32_t unusual);
    void note_missing(const dml::OperationGroup& group, const dml::Statement& statement, std::uint64_t affected);
    void count(const Step& step, Clock::TimePoint since);

    const bool checks_foreign_keys_;
    Notices& notices_;
    SyncMetrics& metrics_;
    std::atomic<std::uint64_t>& bytes_to_target_;
    int watched_ = 0;  // so many batches are still sent statement by statement
};

}  // namespace dm::sync
