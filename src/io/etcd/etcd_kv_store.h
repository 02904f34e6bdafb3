#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/meta/kv_store.h"
#include "core/meta/members.h"

namespace dm::etcd {

/// Where etcd is, and how patient to be.
struct EtcdOptions {
    /// "host:port", with or without scheme, or "unix:/path". Masters' own ports do too.
    std::vector<std::string> endpoints;
    std::chrono::milliseconds dial_timeout{3'000};      ///< per endpoint
    std::chrono::milliseconds request_timeout{10'000};  ///< of one call, all endpoints together
    std::chrono::milliseconds watch_patience{10'000};   ///< how long a broken watch looks for an endpoint
};

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
    meta::TxnResult txn(const std::vector<meta::Compare>& conditions, const std::vector<meta::WriteOp>& writes) override;
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

/// The group's members, over the same interface. Thread-safe.
class EtcdMemberList final : public meta::MemberList {
  public:
    explicit EtcdMemberList(EtcdOptions options);
    ~EtcdMemberList() override;

    [[nodiscard]] std::vector<meta::Member> list() override;
    std::vector<meta::Member> add(const std::vector<std::string>& peer_urls) override;
    void remove(std::uint64_t id) override;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::etcd
