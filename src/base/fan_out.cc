#include "base/fan_out.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/log.h"
#include "base/step.h"

namespace dm {

void fan_out(std::size_t count, const std::function<void(std::size_t)>& work) {
    constexpr std::size_t kMaxThreads = 32;
    if (count == 1) return work(0);
    std::atomic<std::size_t> next{0};
    const auto body = [&](const std::stop_token&) {
        for (std::size_t i = next++; i < count; i = next++) work(i);
    };
    const auto on_error = [](const Error& error) { log::error("a call was lost", {{"error", error.what()}}); };
    std::vector<Step> steps;
    for (std::size_t i = 0; i < std::min(count, kMaxThreads); ++i) steps.emplace_back("fan-out", body, on_error);
    for (auto& step : steps) step.join();
}

}  // namespace dm
