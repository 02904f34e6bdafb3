#include "core/meta/election.h"

#include <algorithm>
#include <condition_variable>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/step.h"
#include "core/meta/keys.h"
#include "core/meta/lease_session.h"

namespace dm::meta {

namespace {

constexpr auto kRetryWait = std::chrono::milliseconds(200);

std::string candidates_prefix() { return fmt::format("{}/", keys::kLeader); }

const KeyValue* oldest(const GetResult& candidates) {
    const auto at = std::ranges::min_element(candidates.items, {}, &KeyValue::created);
    return at == candidates.items.end() ? nullptr : &*at;
}

/// A revision that one thread sets and another waits for.
class Signal {
  public:
    void set(Revision revision) {
        const std::lock_guard lock(mutex_);
        revision_ = revision;
        changed_.notify_all();
    }
    [[nodiscard]] std::optional<Revision> wait(std::stop_token stop) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [&] { return revision_.has_value(); });
        return stop.stop_requested() ? std::nullopt : revision_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::optional<Revision> revision_;
};

}  // namespace

std::optional<Leader> oldest_candidate(const GetResult& candidates) {
    const KeyValue* first = oldest(candidates);
    if (first == nullptr) return std::nullopt;
    return parse_leader(first->value);
}

Election::Election(KvStore& store, Clock& clock, Options options)
    : store_(store), clock_(clock), options_(std::move(options)), key_(candidates_prefix() + options_.self.id) {}

std::optional<Compare> Election::fence() const {
    const std::lock_guard lock(mutex_);
    return fence_;
}

void Election::evict() {
    evicted_ = true;
    std::stop_source term{std::nostopstate};
    {
        const std::lock_guard lock(mutex_);
        term = term_;
    }
    term.request_stop();
}

void Election::cancel_evict() { evicted_ = false; }

void Election::run(std::stop_token stop, const Lead& lead) {
    while (!stop.stop_requested()) {
        try {
            if (!evicted_) campaign_once(stop, lead);
        } catch (const Error& error) {
            log::warn("the campaign for leadership ended and starts again", {{"error", error.what()}});
        }
        clock_.sleep(kRetryWait, stop);
    }
}

void Election::campaign_once(std::stop_token stop, const Lead& lead) {
    std::stop_source term;
    const std::stop_callback forward(stop, [&] { term.request_stop(); });
    {
        const std::lock_guard lock(mutex_);
        term_ = term;
    }
    // An eviction that came before the line above found the previous term.
    if (evicted_) return;
    Signal held;
    LeaseSession session(store_, clock_, {.key = key_, .value = to_text(options_.self), .ttl = options_.ttl});
    Step lease(
        "election-lease",
        [&](std::stop_token) { session.run(term.get_token(), [&](Revision revision) { held.set(revision); }); },
        [&](const Error& error) {
            log::warn("this member cannot hold its election key", {{"key", key_}, {"error", error.what()}});
            term.request_stop();
        });
    try {
        if (const auto revision = held.wait(term.get_token())) {
            const Compare mine{.key = key_, .modified = *revision};
            if (wait_for_turn(mine, term.get_token())) lead_term(mine, term, lead);
        }
    } catch (...) {
        term.request_stop();
        throw;
    }
    term.request_stop();
}

bool Election::wait_for_turn(const Compare& mine, std::stop_token stop) {
    while (!stop.stop_requested()) {
        try {
            const auto candidates = store_.get(candidates_prefix(), true);
            const auto own = std::ranges::find(candidates.items, mine.key, &KeyValue::key);
            if (own == candidates.items.end() || own->modified != mine.modified) return false;
            if (oldest(candidates)->key == mine.key) return true;
            wait_for_change(candidates.revision + 1, stop);
        } catch (const Error& error) {
            log::warn("the election cannot be watched and is tried again", {{"error", error.what()}});
            clock_.sleep(kRetryWait, stop);
        }
    }
    return false;
}

void Election::wait_for_change(Revision from, std::stop_token stop) {
    std::stop_source seen;
    const std::stop_callback forward(stop, [&] { seen.request_stop(); });
    store_.watch(candidates_prefix(), from, seen.get_token(), [&](const auto&, Revision) { seen.request_stop(); });
}

void Election::lead_term(const Compare& mine, std::stop_source term, const Lead& lead) {
    const auto set_fence = [&](std::optional<Compare> fence) {
        const std::lock_guard lock(mutex_);
        fence_ = std::move(fence);
    };
    Step guard(
        "election-guard",
        [&](std::stop_token) {
            wait_until_lost(mine, term.get_token());
            term.request_stop();
        },
        [](const Error& error) {
            log::error("the own election key is no longer watched", {{"error", error.what()}});
        });
    log::info("this member leads", {{"id", options_.self.id}});
    set_fence(mine);
    try {
        lead(term.get_token());
    } catch (...) {
        set_fence(std::nullopt);
        term.request_stop();
        throw;
    }
    set_fence(std::nullopt);
    term.request_stop();
    log::info("this member leads no longer", {{"id", options_.self.id}});
}

void Election::wait_until_lost(const Compare& mine, std::stop_token stop) {
    while (!stop.stop_requested()) {
        try {
            const auto own = store_.get(mine.key, false);
            if (own.items.empty() || own.items.front().modified != mine.modified) break;
            wait_for_change(own.revision + 1, stop);
        } catch (const Error& error) {
            log::warn("the election cannot be watched and is tried again", {{"error", error.what()}});
            clock_.sleep(kRetryWait, stop);
        }
    }
}

void Election::watch_leader(std::stop_token stop, const std::function<void(const std::optional<Leader>&)>& sink) {
    std::optional<Leader> last;
    bool is_first = true;
    while (!stop.stop_requested()) {
        try {
            const auto candidates = store_.get(candidates_prefix(), true);
            auto now = oldest_candidate(candidates);
            if (is_first || now != last) sink(now);
            is_first = false;
            last = std::move(now);
            wait_for_change(candidates.revision + 1, stop);
        } catch (const Error& error) {
            log::warn("the election cannot be watched and is tried again", {{"error", error.what()}});
            clock_.sleep(kRetryWait, stop);
        }
    }
}

}  // namespace dm::meta
