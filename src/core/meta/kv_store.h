#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace dm::meta {

/// Revision of the whole store: grows by one with each transaction that writes. Watches start from a revision.
using Revision = std::int64_t;
/// 0 = no lease.
using LeaseId = std::int64_t;

struct KeyValue {
    std::string key;
    std::string value;
    Revision created = 0;
    Revision modified = 0;
    LeaseId lease = 0;
};

struct GetResult {
    std::vector<KeyValue> items;  ///< sorted by key
    Revision revision = 0;        ///< of the store at the time of the read: watch from the next one
};

struct PutOp {
    std::string key;
    std::string value;
    LeaseId lease = 0;
};
struct DeleteOp {
    std::string key;
    bool is_prefix = false;
};
using WriteOp = std::variant<PutOp, DeleteOp>;

/// Condition of a transaction: the key's modified revision is this (0 = the key is absent).
struct Compare {
    std::string key;
    Revision modified = 0;
};

struct TxnResult {
    bool succeeded = false;  ///< false: a comparison failed and nothing was written
    Revision revision = 0;
};

struct WatchEvent {
    enum class Kind : std::uint8_t { Put, Delete };
    Kind kind = Kind::Put;
    KeyValue item;  ///< for Delete: key, previous value where known, and modified = revision of the delete
};

enum class WatchEnd : std::uint8_t {
    Stopped,    ///< stop was requested
    Compacted,  ///< the start revision is gone: read everything again and watch from that revision
};

/// The cluster's memory: a seam, implemented by io/etcd (runs), io/sqlite (one process) and FakeKvStore (tests).
/// Keys are bytes in lexical order. Thread-safe. Failures throw Error of class ha (HaTxn, HaWatch, HaLease) which are
/// transient unless said otherwise; a write that failed may or may not have happened.
/// Source of the semantics: etcd API v3.
class KvStore {
  public:
    virtual ~KvStore() = default;
    KvStore() = default;
    KvStore(const KvStore&) = delete;
    KvStore& operator=(const KvStore&) = delete;

    /// All keys that start with `prefix`, or only that very key.
    [[nodiscard]] virtual GetResult get(std::string_view key, bool is_prefix) = 0;
    /// Several reads at one revision: one result per key or prefix.
    struct ReadOp {
        std::string key;
        bool is_prefix = false;
    };
    [[nodiscard]] virtual std::vector<GetResult> get_many(const std::vector<ReadOp>& reads) = 0;
    /// Writes all or nothing, if every comparison holds.
    virtual TxnResult txn(const std::vector<Compare>& conditions, const std::vector<WriteOp>& writes) = 0;

    virtual LeaseId grant_lease(std::chrono::seconds ttl) = 0;
    /// Extends the lease once. False if it has expired or was revoked: its keys are gone.
    [[nodiscard]] virtual bool keep_alive(LeaseId lease) = 0;
    /// Deletes the lease and its keys. A lease that is gone already is not an error.
    virtual void revoke_lease(LeaseId lease) = 0;

    /// Delivers every change of keys under `prefix` from revision `from` on, in order, on the calling thread, until
    /// stopped. Events of one transaction come in one call. Throws Error{HaWatch} when the store is lost.
    using WatchSink = std::function<void(const std::vector<WatchEvent>&, Revision)>;
    virtual WatchEnd watch(std::string_view prefix, Revision from, std::stop_token stop, const WatchSink& sink) = 0;
};

}  // namespace dm::meta
