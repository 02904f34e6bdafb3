#pragma once

#include <chrono>

#include "core/checkpoint/watermark.h"

namespace dm::sync {

/// Time from a transaction's commit upstream to `upstream_now` (since 1970, by the upstream's clock): to the
/// microsecond where its events say when it was committed, as MySQL's do from 8.0 on, else in whole seconds. Never
/// negative; zero if nothing is known.
[[nodiscard]] std::chrono::microseconds lag_of(const checkpoint::Boundary& boundary,
                                               std::chrono::microseconds upstream_now) noexcept;

}  // namespace dm::sync
