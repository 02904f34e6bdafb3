#pragma once

#include <string>

#include "base/clock.h"

namespace dm::worker {

/// "2026-01-02T03:04:05.000000006Z": UTC, as records and status messages show calendar time.
[[nodiscard]] std::string wall_text(Clock::WallTime time);

}  // namespace dm::worker
