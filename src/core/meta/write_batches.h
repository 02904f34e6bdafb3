#pragma once

#include <cstddef>
#include <vector>

#include "core/meta/kv_store.h"

namespace dm::meta {

/// What one transaction of the store may hold.
struct WriteLimits {
    std::size_t max_ops = 2048;         ///< etcd's max-txn-ops
    std::size_t max_bytes = 1U << 20U;  ///< of keys and values; below etcd's max-request-bytes
};

using WriteGroup = std::vector<WriteOp>;  ///< writes that belong into one transaction

/// Packs the groups, in their order, into as few transactions as the limits allow. A group is never divided, even if it
/// alone is beyond a limit: then the store refuses it.
[[nodiscard]] std::vector<std::vector<WriteOp>> pack_groups(std::vector<WriteGroup> groups, const WriteLimits& limits);

}  // namespace dm::meta
