#include "unit/sync/applier.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/log.h"
#include "base/retry.h"
#include "core/sql/hide_values.h"
#include "unit/target/server_error.h"

namespace dm::sync {
namespace {

constexpr std::size_t kMaxStatementBytes = 1UL << 20U;
constexpr std::size_t kShownStatementBytes = 512;

std::string shown(std::string_view statement) {
    if (log::hides_values()) return sql::hide_values(statement.substr(0, kShownStatementBytes));
    if (statement.size() <= kShownStatementBytes) return std::string(statement);
    return fmt::format("{}... ({} bytes)", statement.substr(0, kShownStatementBytes), statement.size());
}

}  // namespace

Applier::Applier(Options options, ApplierContext context, LaneQueue& queue, SessionLinks& links,
                 sql::SqlConnector connect)
    : options_(options),
      context_(context),
      queue_(queue),
      link_(links, std::move(connect)),
      planner_({.merges_updates = options.merges_updates,
                .keeps_order = options.keeps_order,
                .upserts = options.upserts,
                .max_rows = options.multiple_rows ? dml::BatchPlanner::Options{}.max_rows : 1}) {}

void Applier::run(std::stop_token stop) {
    while (fill_backlog(stop)) {
        if (!context_.progress.wait_applied(backlog_.front().waits, stop)) return;
        apply_batch(batch_size(), stop);
        if (stop.stop_requested()) return;
    }
}

bool Applier::fill_backlog(std::stop_token stop) {
    const auto take = [&](Slice slice) {
        for (const Job& job : slice) backlog_bytes_ += job.bytes;
        std::move(slice.begin(), slice.end(), std::back_inserter(backlog_));
    };
    if (backlog_.empty()) {
        auto slice = queue_.pop(std::move(stop));
        if (!slice) return false;
        take(std::move(*slice));
    }
    while (backlog_.size() < options_.batch_rows && backlog_bytes_ < options_.batch_bytes) {
        auto slice = queue_.try_pop();
        if (!slice) break;
        take(std::move(*slice));
    }
    return true;
}

/// A batch ends before a change that has to wait: what it waits for may itself wait for a change of this batch.
std::size_t Applier::batch_size() const {
    std::size_t bytes = 0;
    std::size_t size = 0;
    const std::size_t limit = std::min(options_.batch_rows, backlog_.size());
    while (size < limit) {
        bytes += backlog_[size].bytes;
        if (size > 0 && (bytes > options_.batch_bytes || !context_.progress.are_applied(backlog_[size].waits))) break;
        ++size;
    }
    return size;
}

void Applier::apply_batch(std::size_t size, std::stop_token stop) {
    std::vector<dml::RowChange> changes;
    changes.reserve(size);
    for (std::size_t i = 0; i < size; ++i) changes.push_back(backlog_[i].change);
    const auto since = context_.metrics.now();
    std::size_t statements = 0;
    int attempt = 0;
    const RetryPolicy policy{.max_attempts = options_.max_attempts,
                             .initial_wait = std::chrono::milliseconds(20),
                             .max_wait = std::chrono::seconds(3)};
    retry(
        policy, context_.clock, stop, [&] { statements = execute(changes, attempt++ > 0); },
        [&](const Error& error, Clock::Duration wait) {
            log::warn("applying a batch failed, it is repeated", {{"lane", options_.lane},
                                                                  {"rows", size},
                                                                  {"wait_ms", wait.count() / 1'000'000},
                                                                  {"error", error.what()}});
        });
    context_.metrics.batch_applied(changes, options_.lane, statements, since);
    const dml::Sequence last = backlog_[size - 1].sequence;
    for (std::size_t i = 0; i < size; ++i) backlog_bytes_ -= backlog_[i].bytes;
    backlog_.erase(backlog_.begin(), backlog_.begin() + static_cast<std::ptrdiff_t>(size));
    context_.progress.apply(options_.lane, last, size);
}

std::size_t Applier::execute(std::span<const dml::RowChange> changes, bool is_repeated) {
    try {
        sql::SqlSession& session = link_.get();
        const auto groups = planner_.plan(changes, is_repeated);
        const std::size_t packet = session.max_packet_bytes();
        const dml::StatementBuilder builder(
            {.max_bytes = std::min<std::size_t>(kMaxStatementBytes, packet == 0 ? kMaxStatementBytes : packet / 2),
             .json_cast = session.version().flavor == model::Flavor::MySql});
        std::vector<dml::Statement> statements;
        std::vector<std::size_t> group_of;
        for (std::size_t i = 0; i < groups.size(); ++i) {
            builder.append(groups[i], statements);
            group_of.resize(statements.size(), i);
        }
        const bool needs_transaction = statements.size() > 1;
        // What strict mode does not pass over must be known before the end of the transaction.
        const bool commits_at_once = needs_transaction && !context_.notices.is_strict();
        const auto affected = send(session, statements, needs_transaction, commits_at_once);
        for (std::size_t i = 0; i < statements.size(); ++i)
            note_missing(groups[group_of[i]], statements[i], affected[i]);
        if (needs_transaction && !commits_at_once) {
            const auto since = context_.metrics.now();
            session.execute("COMMIT");
            context_.metrics.statement_executed(SyncMetrics::Statement::Commit, since);
        }
        return statements.size();
    } catch (const Error& error) {
        // The transaction is open or the connection lost: a new session is certain.
        link_.drop();
        if (context_.progress.is_aborted()) throw error.with_retry(RetryClass::Never);
        throw;
    }
}

std::vector<std::uint64_t> Applier::send(sql::SqlSession& session, std::span<const dml::Statement> statements,
                                         bool begins, bool commits) {
    using Kind = SyncMetrics::Statement;
    std::vector<std::string_view> texts;
    if (begins) texts.emplace_back("BEGIN");
    const std::size_t first = texts.size();
    for (const auto& statement : statements) texts.emplace_back(statement.text);
    const std::size_t end = texts.size();
    if (commits) texts.emplace_back("COMMIT");
    std::vector<std::uint64_t> affected;
    std::size_t next = 0;
    auto since = context_.metrics.now();
    try {
        session.execute_all(texts, [&](const sql::ExecResult& result) {
            const std::size_t i = next++;
            context_.metrics.statement_executed(i < first ? Kind::Begin : i < end ? Kind::Change : Kind::Commit, since);
            since = context_.metrics.now();
            if (i < first || i >= end) return;
            affected.push_back(result.affected_rows);
            context_.bytes_to_target += texts[i].size();
            context_.metrics.bytes_written(texts[i].size());
        });
    } catch (const Error& error) {
        throw error.with_context(
            fmt::format("applying to the target: {}", shown(texts[std::min(next, texts.size() - 1)])));
    }
    return affected;
}

void Applier::note_missing(const dml::OperationGroup& group, const dml::Statement& statement, std::uint64_t affected) {
    if (group.is_safe || affected >= statement.expected_rows) return;
    const bool is_delete = group.kind == dml::OperationKind::Delete;
    context_.notices.pass_over(
        is_delete ? "deleted row was missing in the target" : "updated row was missing in the target",
        group.plan->target().quoted(), statement.expected_rows - affected);
}

}  // namespace dm::sync
