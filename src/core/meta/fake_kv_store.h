#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "core/meta/kv_store.h"

namespace dm::meta {

/// The fake: a store in memory with revisions, leases on a clock, watches, compaction and chosen failures.
/// Leases expire at the next call after their time, or at `expire_leases`. Thread-safe. `clock` must outlive it.
class FakeKvStore final : public KvStore {
  public:
    enum class Fault : std::uint8_t {
        Before,  ///< the next operation fails and does nothing
        After,   ///< the next operation fails although it was done
    };

    explicit FakeKvStore(Clock& clock) : clock_(clock) {}

    [[nodiscard]] GetResult get(std::string_view key, bool is_prefix) override;
    [[nodiscard]] std::vector<GetResult> get_many(const std::vector<ReadOp>& reads) override;
    TxnResult txn(const std::vector<Compare>& conditions, const std::vector<WriteOp>& writes) override;
    LeaseId grant_lease(std::chrono::seconds ttl) override;
    [[nodiscard]] bool keep_alive(LeaseId lease) override;
    void revoke_lease(LeaseId lease) override;
    WatchEnd watch(std::string_view prefix, Revision from, std::stop_token stop, const WatchSink& sink) override;

    /// Forgets history before `revision`.
    void compact(Revision revision);
    /// Lets leases end whose time is over; watchers see it.
    void expire_leases();
    /// Of the operations (not watches) that come now the first `after` do their work and the next `count` fail.
    void fail_next(Fault fault, int count = 1, int after = 0);
    /// From now on every operation fails and no lease ends, as if the store's process had gone.
    void go_down();
    /// The store is there again and gives every lease its whole time, as etcd does when it starts.
    void come_back();
    /// Every running watch throws Error{HaWatch} once.
    void break_watches();
    /// Blocks until `count` threads wait inside `watch`.
    void wait_for_watchers(int count);

  private:
    struct Lease {
        std::chrono::seconds ttl{0};
        Clock::TimePoint deadline;
    };
    struct History {
        Revision revision = 0;
        std::vector<WatchEvent> events;
    };

    template <typename F>
    auto operate(ErrorCode code, F&& work);
    void expire_locked();
    void drop_lease_locked(LeaseId lease);
    void apply_locked(const WriteOp& write, History& history);
    void erase_locked(const std::string& key, History& history);
    void publish_locked(History history);
    [[nodiscard]] GetResult read_locked(const ReadOp& read) const;
    [[nodiscard]] bool holds_locked(const Compare& condition) const;

    Clock& clock_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::string, KeyValue, std::less<>> items_;
    std::map<LeaseId, Lease> leases_;
    std::vector<History> history_;
    Revision revision_ = 1;
    Revision compacted_ = 0;
    LeaseId next_lease_ = 1;
    int successes_ = 0;  ///< until the failures begin
    int failures_ = 0;
    Fault fault_ = Fault::Before;
    bool is_down_ = false;
    int broken_ = 0;
    int watchers_ = 0;
};

}  // namespace dm::meta
