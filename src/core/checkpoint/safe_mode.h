#pragma once

#include <optional>

#include "core/model/location.h"

namespace dm::checkpoint {

/// How a run has to begin, from what the checkpoint says and where the upstream stands.
struct SafeModeInputs {
    model::Location start;
    std::optional<model::Location> recorded_exit;  ///< what the last run wrote
    model::Location upstream_now;                  ///< zero if it could not be asked
    bool is_fresh = false;                         ///< nothing was ever applied after `start`
    bool is_forced = false;                        ///< `safe-mode: true`
    bool is_allowed = true;                        ///< `safe-mode-duration` is not 0
    bool by_gtid = false;
};

/// When rows are written so that doing it again is harmless. A value type.
///
/// A run that stopped in good order records its start as the exit: nothing after it was applied, so safe mode is off.
/// Any other run may have applied changes up to where the upstream was when that run ended, which is not after where it
/// is now: safe mode lasts until then.
class SafeMode {
  public:
    /// Throws Error{SyncSafeModeZero} if safe mode is needed but not allowed.
    static SafeMode begin(const SafeModeInputs& inputs);

    [[nodiscard]] bool is_on() const noexcept { return is_forced_ || exit_.has_value(); }
    /// Safe mode ends after this; nothing if it is off or forced for the whole run.
    [[nodiscard]] const std::optional<model::Location>& exit() const noexcept { return exit_; }
    /// The stream has reached `end` of an event. Returns true if this switched safe mode off.
    bool pass(const model::Location& end);
    /// Off from now on unless it is forced.
    void leave() noexcept { exit_.reset(); }

  private:
    bool is_forced_ = false;
    bool by_gtid_ = false;
    std::optional<model::Location> exit_;
};

}  // namespace dm::checkpoint
