#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>

#include "base/clock.h"
#include "base/retry.h"
#include "core/sql/sql_session.h"

namespace dm::copy {

/// Sessions to one server that can be cancelled together from another thread. Outlives its sessions. Thread-safe.
class SessionGroup {
  public:
    explicit SessionGroup(sql::SqlConnector connect) : connect_(std::move(connect)) {}

    /// Cancels all sessions; those opened afterwards are cancelled at once.
    void cancel() noexcept;

  private:
    friend class ManagedSession;
    std::unique_ptr<sql::SqlSession> open();
    void close(sql::SqlSession* session) noexcept;

    sql::SqlConnector connect_;
    std::mutex mutex_;
    bool is_cancelled_ = false;
    std::set<sql::SqlSession*> sessions_;
};

/// A session of a group that is opened when first used and again after it was dropped. Used by one thread.
class ManagedSession {
  public:
    /// `prepare` runs on each new session.
    explicit ManagedSession(SessionGroup& group, std::function<void(sql::SqlSession&)> prepare = {})
        : group_(group), prepare_(std::move(prepare)) {}
    ~ManagedSession() { drop(); }
    ManagedSession(const ManagedSession&) = delete;
    ManagedSession& operator=(const ManagedSession&) = delete;

    sql::SqlSession& get();
    /// Closes it; the next `get` opens another, or throws Error{CopyStructureChanged} if it was `fix`ed.
    void drop() noexcept;
    /// What the session has open cannot be had again: there is to be no other.
    void fix() noexcept { is_fixed_ = true; }
    [[nodiscard]] bool is_fixed() const noexcept { return is_fixed_; }

  private:
    SessionGroup& group_;
    std::function<void(sql::SqlSession&)> prepare_;
    std::unique_ptr<sql::SqlSession> session_;
    bool is_fixed_ = false;
};

}  // namespace dm::copy
