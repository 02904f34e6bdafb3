#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>

#include "base/retry.h"
#include "core/sql/sql_session.h"

namespace dm::sync {

class SessionLink;

/// All sessions of a run, so that they can be cut at once. Thread-safe. Outlives its links.
class SessionLinks {
  public:
    /// Cuts all sessions, now and whenever one is opened.
    void cancel_all() noexcept;
    /// Ends the sessions that are open now, at the server too, by `KILL` over a new one, so that no statement goes on
    /// after we stopped waiting for it. Never throws: what cannot be reached is only cut.
    void end_open(const sql::SqlConnector& connect) noexcept;

  private:
    friend class SessionLink;
    std::mutex mutex_;
    std::map<sql::SqlSession*, std::uint64_t> sessions_;  // with the server's id
    bool is_cancelled_ = false;
};

/// One step's session to one server: opened when it is needed, opened again after it was dropped. One thread.
class SessionLink {
  public:
    SessionLink(SessionLinks& links, sql::SqlConnector connect) : links_(links), connect_(std::move(connect)) {}
    ~SessionLink() { drop(); }
    SessionLink(const SessionLink&) = delete;
    SessionLink& operator=(const SessionLink&) = delete;

    /// The session, opened if there is none. Throws what the connector throws.
    sql::SqlSession& get();
    /// Closes the session: its connection is lost or in an unknown state.
    void drop() noexcept;

  private:
    SessionLinks& links_;
    sql::SqlConnector connect_;
    std::unique_ptr<sql::SqlSession> session_;
};

/// How long a run goes on while a server cannot be reached or cuts its connections: some 40 seconds.
inline constexpr RetryPolicy kServerPolicy{
    .max_attempts = 20, .initial_wait = std::chrono::milliseconds(50), .max_wait = std::chrono::seconds(3)};
/// The same at the start of a run, whose failure is known at once: some 10 seconds.
inline constexpr RetryPolicy kStartPolicy{
    .max_attempts = 8, .initial_wait = std::chrono::milliseconds(100), .max_wait = std::chrono::seconds(3)};

/// `retry` of work that uses `links`: they are dropped after each failure, for their connections may be lost or in an
/// unknown state. `what` names the work in the log.
void retry_over(std::initializer_list<SessionLink*> links, std::string_view what, const RetryPolicy& policy,
                Clock& clock, std::stop_token stop, const std::function<void()>& work);

}  // namespace dm::sync
