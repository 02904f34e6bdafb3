#include "unit/sync/session_links.h"

#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"

namespace dm::sync {

void SessionLinks::cancel_all() noexcept {
    const std::lock_guard lock(mutex_);
    is_cancelled_ = true;
    for (const auto& [session, id] : sessions_) session->cancel();
}

void SessionLinks::end_open(const sql::SqlConnector& connect) noexcept {
    std::vector<std::uint64_t> ids;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [session, id] : sessions_) ids.push_back(id);
    }
    try {
        const auto session = connect();
        for (const std::uint64_t id : ids) {
            try {
                session->execute(fmt::format("KILL {}", id));
            } catch (const Error& error) {
                log::debug("a session of the target could not be ended", {{"error", error.what()}});
            }
        }
    } catch (const Error& error) {
        log::warn("the sessions of the target are cut without telling it", {{"error", error.what()}});
    }
    const std::lock_guard lock(mutex_);
    for (const auto& [session, id] : sessions_) session->cancel();
}

sql::SqlSession& SessionLink::get() {
    if (session_) return *session_;
    session_ = connect_();
    const std::lock_guard lock(links_.mutex_);
    links_.sessions_.emplace(session_.get(), session_->connection_id());
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

void retry_over(std::initializer_list<SessionLink*> links, std::string_view what, const RetryPolicy& policy,
                Clock& clock, std::stop_token stop, const std::function<void()>& work) {
    const auto attempt = [&] {
        try {
            work();
        } catch (const Error&) {
            for (SessionLink* link : links) link->drop();
            throw;
        }
    };
    retry(policy, clock, std::move(stop), attempt, [&](const Error& error, Clock::Duration wait) {
        log::warn("a server failed, it is tried again",
                  {{"work", what}, {"wait_ms", wait.count() / 1'000'000}, {"error", error.what()}});
    });
}

}  // namespace dm::sync
