#include "unit/target/fence.h"

#include <charconv>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "core/sql/literal.h"
#include "unit/target/downstream.h"
#include "unit/target/server_error.h"

namespace dm::target {
namespace {

constexpr int kUnknownThread = 1094;
constexpr auto kPollWait = std::chrono::milliseconds(50);
constexpr int kMaxPolls = 200;

std::uint64_t number_of(const std::string& text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// What SHOW PROCESSLIST says, by connection id. The table of that name is no way to ask: MySQL refuses to fill it
/// while any session runs a statement with characters beyond utf8mb3.
std::map<std::string, std::string> hosts_of_sessions(sql::SqlSession& session) {
    const sql::ResultSet list = session.query("SHOW PROCESSLIST");
    std::map<std::string, std::string> hosts;
    for (std::size_t i = 0; i < list.rows.size(); ++i) hosts[list.text(i, "Id")] = list.text(i, "Host");
    return hosts;
}

void end_session(sql::SqlSession& session, const std::string& id) {
    try {
        session.execute("KILL " + id);
        log::warn("a session left behind is ended", {{"connection", id}});
    } catch (const Error& error) {
        if (sql_error_number(error) != kUnknownThread) {
            throw error.with_context("a session that was left behind cannot be ended");
        }
    }
}

/// Tells when it is closed.
class FencedSession final : public sql::SqlSession {
  public:
    using Addresses = std::map<std::string, std::string>;
    FencedSession(std::unique_ptr<sql::SqlSession> session, Addresses::value_type address,
                  std::shared_ptr<Guarded<Addresses>> closed)
        : session_(std::move(session)), address_(std::move(address)), closed_(std::move(closed)) {}
    ~FencedSession() override {
        session_.reset();
        closed_->with([&](Addresses& closed) { closed.insert_or_assign(address_.first, address_.second); });
    }

    sql::ResultSet query(std::string_view statement) override { return session_->query(statement); }
    std::vector<sql::ResultColumn> stream(std::string_view statement, const RowSink& sink) override {
        return session_->stream(statement, sink);
    }
    sql::ExecResult execute(std::string_view statement) override { return session_->execute(statement); }
    void execute_all(std::span<const std::string_view> statements, const ResultSink& done) override {
        session_->execute_all(statements, done);
    }
    [[nodiscard]] const model::ServerVersion& version() const override { return session_->version(); }
    [[nodiscard]] std::uint64_t connection_id() const override { return session_->connection_id(); }
    [[nodiscard]] std::uint64_t max_packet_bytes() const override { return session_->max_packet_bytes(); }
    void cancel() noexcept override { session_->cancel(); }

  private:
    std::unique_ptr<sql::SqlSession> session_;
    Addresses::value_type address_;
    std::shared_ptr<Guarded<Addresses>> closed_;
};

}  // namespace

Fence::Fence(const Options& options, sql::SqlConnector connect, Clock& clock, std::stop_token stop)
    : connect_(std::move(connect)),
      clock_(&clock),
      epochs_(model::TableName{options.meta_schema, options.task.str() + "_fence"}.quoted()),
      sessions_(model::TableName{options.meta_schema, options.task.str() + "_fence_session"}.quoted()) {
    sql::append_quoted(source_, options.source.str());
    const auto session = connect_();
    raise_epoch(*session, options.meta_schema);
    end_old_sessions(*session, clock, std::move(stop));
    log::info("subtask taken over",
              {{"task", options.task.str()}, {"source", options.source.str()}, {"epoch", epoch_}});
}

void Fence::raise_epoch(sql::SqlSession& session, const std::string& meta_schema) {
    ensure_meta_schema(session, meta_schema);
    session.execute(fmt::format(
        "CREATE TABLE IF NOT EXISTS {} (id VARCHAR(32) NOT NULL PRIMARY KEY, epoch BIGINT UNSIGNED NOT NULL)",
        epochs_));
    session.execute(
        fmt::format("CREATE TABLE IF NOT EXISTS {} (id VARCHAR(32) NOT NULL, connection_id BIGINT UNSIGNED NOT NULL, "
                    "host VARCHAR(261) NOT NULL, epoch BIGINT UNSIGNED NOT NULL, PRIMARY KEY (id, connection_id))",
                    sessions_));
    session.execute("START TRANSACTION");
    session.execute(fmt::format("INSERT INTO {} (id, epoch) VALUES ({}, 1) ON DUPLICATE KEY UPDATE epoch = epoch + 1",
                                epochs_, source_));
    const auto row = session.query(fmt::format("SELECT epoch FROM {} WHERE id = {}", epochs_, source_));
    session.execute("COMMIT");
    epoch_ = number_of(row.text(0, "epoch"));
}

void Fence::end_old_sessions(sql::SqlSession& session, Clock& clock, std::stop_token stop) const {
    // Id and address together: after a restart of the target an id may belong to someone else.
    const sql::ResultSet old = session.query(
        fmt::format("SELECT connection_id, host FROM {} WHERE id = {} AND epoch < {}", sessions_, source_, epoch_));
    for (bool is_any_left = !old.rows.empty(); is_any_left;) {
        is_any_left = false;
        const auto hosts = hosts_of_sessions(session);
        for (std::size_t i = 0; i < old.rows.size(); ++i) {
            const auto found = hosts.find(old.text(i, "connection_id"));
            if (found == hosts.end() || found->second != old.text(i, "host")) continue;
            is_any_left = true;
            end_session(session, found->first);
        }
        if (is_any_left && !clock.sleep(kPollWait, stop)) return;
    }
    session.execute(fmt::format("DELETE FROM {} WHERE id = {} AND epoch < {}", sessions_, source_, epoch_));
}

/// Registers the session while the epoch's row is locked: a successor either finds it registered or is seen here.
Fence::Addresses::value_type Fence::enlist(sql::SqlSession& session) const {
    session.execute("START TRANSACTION");
    const auto row = session.query(fmt::format("SELECT epoch FROM {} WHERE id = {} FOR UPDATE", epochs_, source_));
    if (number_of(row.text(0, "epoch")) != epoch_) {
        session.execute("ROLLBACK");
        throw Error(
            ErrorCode::WorkerFenced,
            fmt::format("another worker has taken over the subtask of source {}: this one was run {}, now it is run {}",
                        source_, epoch_, row.text(0, "epoch")));
    }
    const std::string id = session.query("SELECT CONNECTION_ID() AS id").text(0, "id");
    const std::string address = hosts_of_sessions(session)[id];
    std::string host;
    sql::append_quoted(host, address);
    session.execute(fmt::format("REPLACE INTO {} (id, connection_id, host, epoch) VALUES ({}, {}, {}, {})", sessions_,
                                source_, id, host, epoch_));
    session.execute("COMMIT");
    return {id, address};
}

void Fence::end_closed_sessions(sql::SqlSession& session) const {
    Addresses closed = closed_->copy();
    for (int polls = 0; !closed.empty(); ++polls) {
        const auto hosts = hosts_of_sessions(session);
        std::erase_if(closed, [&](const auto& left) {
            const auto found = hosts.find(left.first);
            if (found != hosts.end() && found->second == left.second) return false;
            closed_->with([&](Addresses& all) {
                const auto known = all.find(left.first);
                if (known != all.end() && known->second == left.second) all.erase(known);
            });
            return true;
        });
        ensure(closed.empty() || polls < kMaxPolls, ErrorCode::DbBadConnection,
               "a closed session still works at the target, though it was told to end");
        for (const auto& [id, host] : closed) end_session(session, id);
        if (!closed.empty()) (void)clock_->sleep(kPollWait, {});
    }
}

sql::SqlConnector Fence::connector() const {
    return [fence = *this] {
        auto session = fence.connect_();
        auto address = fence.enlist(*session);
        fence.end_closed_sessions(*session);
        return std::make_unique<FencedSession>(std::move(session), std::move(address), fence.closed_);
    };
}

}  // namespace dm::target
