#include "unit/sync/applier.h"

#include <algorithm>
#include <iterator>

#include "base/log.h"
#include "base/retry.h"
#include "unit/sync/foreign_keys.h"
#include "unit/sync/packet_limit.h"
#include "unit/target/server_error.h"

namespace dm::sync {
namespace {

constexpr std::size_t kMaxStatementBytes = 1UL << 20U;

}  // namespace

Applier::Applier(Options options, ApplierContext context, LaneQueue& queue, SessionLinks& links,
                 sql::SqlConnector connect)
    : options_(options),
      context_(context),
      queue_(queue),
      link_(links, std::move(connect)),
      sender_(options.keeps_order, context.notices, context.metrics, context.bytes_to_target),
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

/// A batch ends before a change that has to wait: what it waits for may itself wait for a change of this batch. It ends
/// where tables without transactions begin or end, too, so that all others keep theirs.
std::size_t Applier::batch_size() const {
    std::size_t bytes = 0;
    std::size_t size = 0;
    const std::size_t limit = std::min(options_.batch_rows, backlog_.size());
    const bool has_transactions = backlog_.front().change.plan->has_transactions();
    while (size < limit) {
        const Job& job = backlog_[size];
        bytes += job.bytes;
        if (size > 0 && (bytes > options_.batch_bytes || !context_.progress.are_applied(job.waits))) break;
        if (job.change.plan->has_transactions() != has_transactions) break;
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
    bool is_repeated = false;
    const bool is_undone = backlog_.front().change.plan->has_transactions();
    const RetryPolicy policy{.max_attempts = options_.max_attempts,
                             .initial_wait = std::chrono::milliseconds(20),
                             .max_wait = std::chrono::seconds(3)};
    try {
        retry(
            policy, context_.clock, stop, [&] { statements = execute(changes, is_repeated); },
            [&](const Error& error, Clock::Duration wait) {
                // Where foreign keys are checked the safe form can do less: only where it is not known how far it got.
                is_repeated = is_repeated || !options_.keeps_order || !is_undone || target::is_connection_lost(error);
                log::warn("applying a batch failed, it is repeated", {{"lane", options_.lane},
                                                                      {"rows", size},
                                                                      {"wait_ms", wait.count() / 1'000'000},
                                                                      {"error", error.what()}});
            });
    } catch (const Error& error) {
        const std::string where = locations(backlog_.front().rows->place, backlog_[size - 1].rows->place);
        throw where.empty() ? error : error.with_context(where);
    }
    context_.metrics.batch_applied(changes, options_.lane, statements, since);
    const dml::Sequence last = backlog_[size - 1].sequence;
    for (std::size_t i = 0; i < size; ++i) backlog_bytes_ -= backlog_[i].bytes;
    backlog_.erase(backlog_.begin(), backlog_.begin() + static_cast<std::ptrdiff_t>(size));
    context_.progress.apply(options_.lane, last, size);
}

std::size_t Applier::execute(std::span<const dml::RowChange> changes, bool is_repeated) {
    try {
        sql::SqlSession& session = link_.get();
        if (options_.keeps_order) ensure_safe_updates(session, changes, is_repeated);
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
        ensure_fits(packet, groups, statements, group_of);
        if (!sender_.send(session, {.groups = groups, .statements = statements, .group_of = group_of})) link_.drop();
        return statements.size();
    } catch (const Error& error) {
        // The transaction is open or the connection lost: a new session is certain.
        link_.drop();
        if (context_.progress.is_aborted()) throw error.with_retry(RetryClass::Never);
        throw;
    }
}

}  // namespace dm::sync
