#include "unit/sync/batch_sender.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "unit/sync/shown_statement.h"
#include "unit/sync/target_warnings.h"

namespace dm::sync {
namespace {

/// After a warning more may be expected; without new ones batches go in one piece again.
constexpr int kWatchedBatches = 100;

constexpr std::string_view kUncheck = "SET SESSION foreign_key_checks=0";
constexpr std::string_view kCheck = "SET SESSION foreign_key_checks=1";

/// Warnings that the statement does not get in any case.
std::uint32_t unusual_warnings(const sql::SqlSession& session, const BatchSender::Batch& batch, std::size_t i,
                               const sql::ExecResult& result) {
    if (result.warnings == 0) return 0;
    const std::uint32_t usual = usual_warnings(session.version(), batch.group(i), batch.statements[i].text);
    return result.warnings - std::min(result.warnings, usual);
}

}  // namespace

bool BatchSender::send(sql::SqlSession& session, const Batch& batch) {
    const bool needs_transaction = BatchSender::needs_transaction(batch);
    const bool are_alone = batch.statements.size() > 1 && !needs_transaction;
    if (watched_ > 0 || are_alone) {
        watched_ = std::max(0, watched_ - 1);
        send_one_by_one(session, batch);
        return true;
    }
    // What strict mode does not pass over must be known before the end of the transaction.
    const bool commits_at_once = needs_transaction && !notices_.is_strict();
    const auto results = send_together(session, batch, commits_at_once);
    bool is_warned = false;
    for (std::size_t i = 0; i < results.size(); ++i)
        is_warned = is_warned || unusual_warnings(session, batch, i, results[i]) > 0;
    // Of what was sent alone, the warnings are still there.
    const bool is_readable = is_warned && !needs_transaction && !needs_uncheck(batch, 0);
    if (is_warned && !is_readable) watched_ = kWatchedBatches;
    if (is_readable) note_warnings(session, batch.group(0), results[0].warnings, notices_);
    if (is_warned && needs_transaction && !commits_at_once) {
        session.execute("ROLLBACK");
        send_one_by_one(session, batch);
        return true;
    }
    for (std::size_t i = 0; i < results.size(); ++i)
        note_missing(batch.group(i), batch.statements[i], results[i].affected_rows);
    if (needs_transaction && !commits_at_once) {
        const auto since = metrics_.now();
        session.execute("COMMIT");
        metrics_.statement_executed(Kind::Commit, since);
    }
    return !is_warned || is_readable || explain(session, batch, results);
}

bool BatchSender::needs_transaction(const Batch& batch) {
    return batch.statements.size() > 1 && batch.group(0).plan->has_transactions();
}

bool BatchSender::needs_uncheck(const Batch& batch, std::size_t i) const {
    return checks_foreign_keys_ && batch.group(i).kind == dml::OperationKind::Replace;
}

std::vector<BatchSender::Step> BatchSender::steps_of(const Batch& batch, bool commits) const {
    std::vector<Step> steps;
    steps.reserve(batch.statements.size() + 2);
    bool is_unchecked = false;
    const auto uncheck = [&](bool wanted) {
        if (std::exchange(is_unchecked, wanted) != wanted)
            steps.push_back({.text = wanted ? kUncheck : kCheck, .kind = {}});
    };
    if (needs_transaction(batch)) steps.push_back({.text = "BEGIN", .kind = Kind::Begin});
    for (std::size_t i = 0; i < batch.statements.size(); ++i) {
        uncheck(needs_uncheck(batch, i));
        steps.push_back({.text = batch.statements[i].text, .kind = Kind::Change, .statement = i});
    }
    uncheck(false);
    if (commits) steps.push_back({.text = "COMMIT", .kind = Kind::Commit});
    return steps;
}

void BatchSender::count(const Step& step, Clock::TimePoint since) {
    if (step.kind) metrics_.statement_executed(*step.kind, since);
    if (step.kind != Kind::Change) return;
    bytes_to_target_ += step.text.size();
    metrics_.bytes_written(step.text.size());
}

std::vector<sql::ExecResult> BatchSender::send_together(sql::SqlSession& session, const Batch& batch, bool commits) {
    const auto steps = steps_of(batch, commits);
    std::vector<std::string_view> texts;
    texts.reserve(steps.size());
    for (const Step& step : steps) texts.push_back(step.text);
    std::vector<sql::ExecResult> results(batch.statements.size());
    std::size_t next = 0;
    auto since = metrics_.now();
    try {
        session.execute_all(texts, [&](const sql::ExecResult& result) {
            const Step& step = steps[next++];
            count(step, since);
            since = metrics_.now();
            if (step.kind == Kind::Change) results[step.statement] = result;
        });
    } catch (const Error& error) {
        throw error.with_context(
            fmt::format("applying to the target: {}", shown_statement(texts[std::min(next, texts.size() - 1)])));
    }
    return results;
}

void BatchSender::send_one_by_one(sql::SqlSession& session, const Batch& batch) {
    for (const Step& step : steps_of(batch, needs_transaction(batch))) {
        const auto since = metrics_.now();
        sql::ExecResult result;
        try {
            result = session.execute(step.text);
        } catch (const Error& error) {
            throw error.with_context(fmt::format("applying to the target: {}", shown_statement(step.text)));
        }
        count(step, since);
        if (step.kind != Kind::Change) continue;
        const dml::OperationGroup& group = batch.group(step.statement);
        if (unusual_warnings(session, batch, step.statement, result) > 0) {
            watched_ = kWatchedBatches;
            note_warnings(session, group, result.warnings, notices_);
        }
        note_missing(group, batch.statements[step.statement], result.affected_rows);
    }
}

/// The batch is committed, and nothing that needs it has been applied yet: the same statements give the same warnings,
/// in a transaction that is taken back.
bool BatchSender::explain(sql::SqlSession& session, const Batch& batch, std::span<const sql::ExecResult> results) {
    std::size_t next = 0;
    try {
        session.execute("BEGIN");
        if (checks_foreign_keys_) session.execute(kUncheck);
        while (next < results.size()) {
            const std::size_t i = next++;
            const std::uint32_t unusual = unusual_warnings(session, batch, i, results[i]);
            if (unusual > 0) explain_one(session, batch, i, unusual);
        }
        session.execute("ROLLBACK");
        if (checks_foreign_keys_) session.execute(kCheck);
        return true;
    } catch (const Error& error) {
        if (notices_.is_strict()) throw;
        log::warn("warnings of the target could not be read", {{"error", error.what()}});
    }
    for (std::size_t i = next == 0 ? 0 : next - 1; i < results.size(); ++i) {
        note_unread_warnings(batch.group(i).plan->target().quoted(), unusual_warnings(session, batch, i, results[i]),
                             notices_);
    }
    return false;
}

void BatchSender::explain_one(sql::SqlSession& session, const Batch& batch, std::size_t i, std::uint32_t unusual) {
    const dml::OperationGroup& group = batch.group(i);
    const std::string table = group.plan->target().quoted();
    std::string text = batch.statements[i].text;
    // Rows that are there already can be replaced, but only where something tells that they are.
    constexpr std::string_view kInsert = "INSERT";
    if (group.kind == dml::OperationKind::Insert && text.starts_with(kInsert))
        text.replace(0, kInsert.size(), "REPLACE");
    const bool is_repeatable = group.plan->row_key() != nullptr;
    const sql::ExecResult result = is_repeatable ? session.execute(text) : sql::ExecResult{};
    if (unusual_warnings(session, batch, i, result) > 0) {
        note_warnings(session, group, result.warnings, notices_);
    } else {
        note_unread_warnings(table, unusual, notices_);
    }
}

void BatchSender::note_missing(const dml::OperationGroup& group, const dml::Statement& statement,
                               std::uint64_t affected) {
    if (group.is_safe || affected >= statement.expected_rows) return;
    const bool is_delete = group.kind == dml::OperationKind::Delete;
    notices_.pass_over(is_delete ? "deleted row was missing in the target" : "updated row was missing in the target",
                       group.plan->target().quoted(), statement.expected_rows - affected);
}

}  // namespace dm::sync
