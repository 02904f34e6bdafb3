#include "unit/sync/lag.h"

#include <algorithm>

namespace dm::sync {

std::chrono::microseconds lag_of(const checkpoint::Boundary& boundary,
                                 std::chrono::microseconds upstream_now) noexcept {
    using std::chrono::microseconds;
    if (boundary.committed_us != 0)
        return std::max(microseconds(0), upstream_now - microseconds(boundary.committed_us));
    if (boundary.timestamp == 0) return microseconds(0);
    const auto now = std::chrono::floor<std::chrono::seconds>(upstream_now);
    return std::max(std::chrono::seconds(0), now - std::chrono::seconds(boundary.timestamp));
}

}  // namespace dm::sync
