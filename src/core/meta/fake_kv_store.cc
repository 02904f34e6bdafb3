#include "core/meta/fake_kv_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/meta/kv_rules.h"

namespace dm::meta {

namespace {

bool matches(std::string_view key, std::string_view pattern, bool is_prefix) {
    return is_prefix ? key.starts_with(pattern) : key == pattern;
}

}  // namespace

template <typename F>
auto FakeKvStore::operate(ErrorCode code, F&& work) {
    const std::lock_guard lock(mutex_);
    if (is_down_) throw Error(code, "the store is down");
    expire_locked();
    const bool fails = failures_ > 0 && successes_ == 0;
    if (successes_ > 0) --successes_;
    if (fails) --failures_;
    if (fails && fault_ == Fault::Before) throw Error(code, "chosen failure before the operation");
    auto result = work();
    if (fails) throw Error(code, "chosen failure after the operation");
    return result;
}

GetResult FakeKvStore::read_locked(const ReadOp& read) const {
    GetResult result;
    result.revision = revision_;
    for (auto at = items_.lower_bound(read.key); at != items_.end() && matches(at->first, read.key, read.is_prefix);
         ++at)
        result.items.push_back(at->second);
    return result;
}

GetResult FakeKvStore::get(std::string_view key, bool is_prefix) {
    return operate(ErrorCode::HaTxn, [&] { return read_locked({std::string(key), is_prefix}); });
}

std::vector<GetResult> FakeKvStore::get_many(const std::vector<ReadOp>& reads) {
    return operate(ErrorCode::HaTxn, [&] {
        std::vector<GetResult> results;
        for (const auto& read : reads) results.push_back(read_locked(read));
        return results;
    });
}

bool FakeKvStore::holds_locked(const Compare& condition) const {
    const auto at = items_.find(condition.key);
    return (at == items_.end() ? 0 : at->second.modified) == condition.modified;
}

void FakeKvStore::erase_locked(const std::string& key, History& history) {
    const auto at = items_.find(key);
    KeyValue gone = std::move(at->second);
    gone.modified = history.revision;
    items_.erase(at);
    history.events.push_back({WatchEvent::Kind::Delete, std::move(gone)});
}

void FakeKvStore::apply_locked(const WriteOp& write, History& history) {
    if (const auto* put = std::get_if<PutOp>(&write)) {
        auto& item = items_[put->key];
        if (item.created == 0) item.created = history.revision;
        item.key = put->key;
        item.value = put->value;
        item.modified = history.revision;
        item.lease = put->lease;
        history.events.push_back({WatchEvent::Kind::Put, item});
        return;
    }
    const auto& erase = std::get<DeleteOp>(write);
    for (const auto& item : read_locked({erase.key, erase.is_prefix}).items) erase_locked(item.key, history);
}

void FakeKvStore::publish_locked(History history) {
    if (history.events.empty()) return;
    revision_ = history.revision;
    history_.push_back(std::move(history));
    changed_.notify_all();
}

TxnResult FakeKvStore::txn(const std::vector<Compare>& conditions, const std::vector<WriteOp>& writes) {
    check_writes(writes);
    return operate(ErrorCode::HaTxn, [&] {
        if (!std::ranges::all_of(conditions, [&](const auto& one) { return holds_locked(one); }))
            return TxnResult{.succeeded = false, .revision = revision_};
        for (const auto& write : writes) {
            const auto* put = std::get_if<PutOp>(&write);
            ensure(put == nullptr || put->lease == 0 || leases_.contains(put->lease), ErrorCode::HaLease,
                   put == nullptr ? "" : fmt::format("lease {:x} of key {} is not known", put->lease, put->key));
        }
        History history{.revision = revision_ + 1, .events = {}};
        for (const auto& write : writes) apply_locked(write, history);
        publish_locked(std::move(history));
        return TxnResult{.succeeded = true, .revision = revision_};
    });
}

LeaseId FakeKvStore::grant_lease(std::chrono::seconds ttl) {
    return operate(ErrorCode::HaLease, [&] {
        leases_[next_lease_] = {.ttl = ttl, .deadline = clock_.now() + ttl};
        return next_lease_++;
    });
}

bool FakeKvStore::keep_alive(LeaseId lease) {
    return operate(ErrorCode::HaLease, [&] {
        const auto at = leases_.find(lease);
        if (at == leases_.end()) return false;
        at->second.deadline = clock_.now() + at->second.ttl;
        return true;
    });
}

void FakeKvStore::drop_lease_locked(LeaseId lease) {
    if (leases_.erase(lease) == 0) return;
    History history{.revision = revision_ + 1, .events = {}};
    std::vector<std::string> keys;
    for (const auto& [key, item] : items_)
        if (item.lease == lease) keys.push_back(key);
    for (const auto& key : keys) erase_locked(key, history);
    publish_locked(std::move(history));
}

void FakeKvStore::revoke_lease(LeaseId lease) {
    operate(ErrorCode::HaLease, [&] {
        drop_lease_locked(lease);
        return true;
    });
}

void FakeKvStore::expire_locked() {
    const auto now = clock_.now();
    std::vector<LeaseId> over;
    for (const auto& [id, lease] : leases_)
        if (lease.deadline <= now) over.push_back(id);
    for (const auto id : over) drop_lease_locked(id);
}

void FakeKvStore::expire_leases() {
    const std::lock_guard lock(mutex_);
    expire_locked();
}

WatchEnd FakeKvStore::watch(std::string_view prefix, Revision from, std::stop_token stop, const WatchSink& sink) {
    std::unique_lock lock(mutex_);
    const int broken = broken_;
    Revision next = from;
    while (!stop.stop_requested()) {
        if (broken_ != broken) throw Error(ErrorCode::HaWatch, "chosen failure of a watch");
        if (next <= compacted_) return WatchEnd::Compacted;
        std::vector<History> batches;
        for (const auto& history : history_) {
            if (history.revision < next) continue;
            History batch{.revision = history.revision, .events = {}};
            std::ranges::copy_if(history.events, std::back_inserter(batch.events),
                                 [&](const auto& event) { return event.item.key.starts_with(prefix); });
            if (!batch.events.empty()) batches.push_back(std::move(batch));
        }
        next = std::max(next, revision_ + 1);
        if (!batches.empty()) {
            lock.unlock();
            for (const auto& batch : batches) {
                if (stop.stop_requested()) return WatchEnd::Stopped;
                sink(batch.events, batch.revision);
            }
            lock.lock();
            continue;
        }
        ++watchers_;
        changed_.notify_all();
        changed_.wait(lock, stop, [&] { return revision_ >= next || broken_ != broken || next <= compacted_; });
        --watchers_;
    }
    return WatchEnd::Stopped;
}

void FakeKvStore::compact(Revision revision) {
    const std::lock_guard lock(mutex_);
    compacted_ = std::max(compacted_, revision - 1);
    std::erase_if(history_, [&](const auto& history) { return history.revision <= compacted_; });
    changed_.notify_all();
}

void FakeKvStore::fail_next(Fault fault, int count, int after) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    failures_ = count;
    successes_ = after;
}

void FakeKvStore::go_down() {
    const std::lock_guard lock(mutex_);
    is_down_ = true;
}

void FakeKvStore::come_back() {
    const std::lock_guard lock(mutex_);
    is_down_ = false;
    for (auto& [id, lease] : leases_) lease.deadline = clock_.now() + lease.ttl;
}

void FakeKvStore::break_watches() {
    const std::lock_guard lock(mutex_);
    ++broken_;
    changed_.notify_all();
}

void FakeKvStore::wait_for_watchers(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return watchers_ >= count; });
}

}  // namespace dm::meta
