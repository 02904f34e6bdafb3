#include "unit/copy/session_group.h"

#include "base/error.h"

namespace dm::copy {

std::unique_ptr<sql::SqlSession> SessionGroup::open() {
    {
        const std::lock_guard lock(mutex_);
        ensure(!is_cancelled_, ErrorCode::DbBadConnection, "the copy is being stopped");
    }
    std::unique_ptr<sql::SqlSession> session = connect_();
    const std::lock_guard lock(mutex_);
    if (is_cancelled_) session->cancel();
    sessions_.insert(session.get());
    return session;
}

void SessionGroup::close(sql::SqlSession* session) noexcept {
    const std::lock_guard lock(mutex_);
    sessions_.erase(session);
}

void SessionGroup::cancel() noexcept {
    const std::lock_guard lock(mutex_);
    is_cancelled_ = true;
    for (sql::SqlSession* session : sessions_) session->cancel();
}

sql::SqlSession& ManagedSession::get() {
    if (!session_) {
        ensure(!is_fixed_, ErrorCode::CopyStructureChanged,
               "the snapshot of the upstream is lost with its session: the copy starts again from nothing");
        session_ = group_.open();
        if (prepare_) prepare_(*session_);
    }
    return *session_;
}

void ManagedSession::drop() noexcept {
    if (!session_) return;
    group_.close(session_.get());
    session_.reset();
}

}  // namespace dm::copy
