#pragma once

#include <cstddef>
#include <functional>

namespace dm {

/// Runs `work(0)` ... `work(count - 1)`, up to 32 at a time, and returns when all are done. `work` must not throw and
/// is called from several threads.
void fan_out(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace dm
