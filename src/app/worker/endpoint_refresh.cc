#include "app/worker/endpoint_refresh.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/log.h"

namespace dm::worker {
namespace {

constexpr auto kPause = std::chrono::seconds(3);

/// Members that were added but never started have no addresses yet.
std::vector<std::string> addresses_of(const std::vector<meta::Member>& members) {
    std::vector<std::string> addresses;
    for (const auto& member : members)
        addresses.insert(addresses.end(), member.client_urls.begin(), member.client_urls.end());
    std::ranges::sort(addresses);
    return addresses;
}

}  // namespace

EndpointRefresh::EndpointRefresh(std::vector<std::string> endpoints, Functions functions, Clock& clock)
    : endpoints_(std::move(endpoints)),
      functions_(std::move(functions)),
      step_(
          "endpoints",
          [this, &clock](const std::stop_token& stop) {
              while (clock.sleep(kPause, stop)) refresh();
          },
          [](const Error& error) {
              log::error("the masters' addresses are not looked up any more", {{"error", error.what()}});
          }) {}

void EndpointRefresh::refresh() {
    std::vector<std::string> found;
    try {
        found = addresses_of(functions_.list(endpoints_));
    } catch (const Error& error) {
        log::debug("the masters cannot be listed", {{"error", error.what()}});
        return;
    }
    if (found.empty() || found == endpoints_) return;
    log::info("masters", {{"addresses", fmt::format("{}", fmt::join(found, ","))}});
    endpoints_ = std::move(found);
    functions_.changed(endpoints_);
}

}  // namespace dm::worker
