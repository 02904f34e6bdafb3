#include "unit/sync/session_links.h"

namespace dm::sync {

void SessionLinks::cancel_all() noexcept {
    const std::lock_guard lock(mutex_);
    is_cancelled_ = true;
    for (sql::SqlSession* session : sessions_) session->cancel();
}

sql::SqlSession& SessionLink::get() {
    if (session_) return *session_;
    session_ = connect_();
    const std::lock_guard lock(links_.mutex_);
    links_.sessions_.insert(session_.get());
    if (links_.is_cancelled_) session_->cancel();
    return *session_;
}

void SessionLink::drop() noexcept {
    if (!session_) return;
    {
        const std::lock_guard lock(links_.mutex_);
        links_.sessions_.erase(session_.get());
    }
    session_.reset();
}

}  // namespace dm::sync
