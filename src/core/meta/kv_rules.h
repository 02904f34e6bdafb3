#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/meta/kv_store.h"

/// What every KvStore enforces alike. Pure.
namespace dm::meta {

/// Throws Error{HaTxn}, not transient, if two writes of one transaction touch the same key.
void check_writes(const std::vector<WriteOp>& writes);

/// The first key after all keys that start with `prefix`; "\0" (one zero byte, etcd's "no end") if there is none.
[[nodiscard]] std::string prefix_end(std::string_view prefix);

}  // namespace dm::meta
