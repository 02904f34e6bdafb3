#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "core/meta/kv_store.h"

namespace dm::sqlite {

/// KvStore in one SQLite file, for one process. Changes are kept in a table of events until compacted, so watches may
/// start in the past. Leases survive a restart with their full time again. Thread-safe. `clock` must outlive it. Crash:
/// a transaction that returned is on disk.
class SqliteKvStore final : public meta::KvStore {
  public:
    struct Options {
        std::filesystem::path file;  ///< ":memory:" keeps nothing
        /// Older events are dropped when there are more; watches from before then end as compacted.
        std::int64_t max_events = 100'000;
    };

    /// Throws Error{HaTxn} if the file cannot be opened or is not ours.
    SqliteKvStore(Options options, Clock& clock);
    ~SqliteKvStore() override;

    [[nodiscard]] meta::GetResult get(std::string_view key, bool is_prefix) override;
    [[nodiscard]] std::vector<meta::GetResult> get_many(const std::vector<ReadOp>& reads) override;
    meta::TxnResult txn(const std::vector<meta::Compare>& conditions,
                        const std::vector<meta::WriteOp>& writes) override;
    meta::LeaseId grant_lease(std::chrono::seconds ttl) override;
    [[nodiscard]] bool keep_alive(meta::LeaseId lease) override;
    void revoke_lease(meta::LeaseId lease) override;
    meta::WatchEnd watch(std::string_view prefix, meta::Revision from, std::stop_token stop,
                         const WatchSink& sink) override;

    /// Lets leases end whose time is over; watchers see it. Every call does so, too.
    void expire_leases();
    void compact(meta::Revision revision);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::sqlite
