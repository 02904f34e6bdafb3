#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/meta/kv_store.h"
#include "io/etcd/etcd_options.h"

namespace dm::etcd {

/// KvStore over etcd's v3 gRPC interface. Thread-safe; one connection, to the first endpoint that answers; another one
/// after a failure. Reads are repeated on another endpoint within the request timeout. A write is repeated only if it
/// was surely not executed; otherwise it throws and the caller decides. A watch reconnects by itself and goes on
/// after the last revision it delivered, without gaps; after `watch_patience` without any endpoint it throws.
class EtcdKvStore final : public meta::KvStore {
  public:
    explicit EtcdKvStore(EtcdOptions options);
    ~EtcdKvStore() override;

    [[nodiscard]] meta::GetResult get(std::string_view key, bool is_prefix) override;
    [[nodiscard]] std::vector<meta::GetResult> get_many(const std::vector<ReadOp>& reads) override;
    meta::TxnResult txn(const std::vector<meta::Compare>& conditions,
                        const std::vector<meta::WriteOp>& writes) override;
    meta::LeaseId grant_lease(std::chrono::seconds ttl) override;
    [[nodiscard]] bool keep_alive(meta::LeaseId lease) override;
    void revoke_lease(meta::LeaseId lease) override;
    meta::WatchEnd watch(std::string_view prefix, meta::Revision from, std::stop_token stop,
                         const WatchSink& sink) override;

    /// Replaces the endpoints; a connection to one that stays is kept.
    void set_endpoints(std::vector<std::string> endpoints);
    /// Forgets history before `revision`.
    void compact(meta::Revision revision);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::etcd
