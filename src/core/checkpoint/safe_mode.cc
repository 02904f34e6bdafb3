#include "core/checkpoint/safe_mode.h"

#include "base/error.h"

namespace dm::checkpoint {

SafeMode SafeMode::begin(const SafeModeInputs& inputs) {
    SafeMode mode;
    mode.is_forced_ = inputs.is_forced;
    mode.by_gtid_ = inputs.by_gtid;
    if (inputs.is_fresh) return mode;
    const auto is_start = [&](const model::Location& other) {
        return model::compare_locations(inputs.start, other, inputs.by_gtid) == std::strong_ordering::equal;
    };
    if (inputs.recorded_exit && is_start(*inputs.recorded_exit)) return mode;
    if (!inputs.is_allowed) {
        ensure(!inputs.recorded_exit, ErrorCode::SyncSafeModeZero,
               "the last run did not end in good order, so rows may be repeated, but `safe-mode-duration` is 0");
        return mode;
    }
    if (!inputs.upstream_now.is_zero()) {
        if (!is_start(inputs.upstream_now)) mode.exit_ = inputs.upstream_now;
    } else {
        // Where the last run may have got to cannot be told: every repetition has to be harmless.
        mode.is_forced_ = true;
    }
    return mode;
}

bool SafeMode::pass(const model::Location& end) {
    if (!exit_ || model::compare_locations(end, *exit_, by_gtid_) == std::strong_ordering::less) return false;
    exit_.reset();
    return true;
}

}  // namespace dm::checkpoint
