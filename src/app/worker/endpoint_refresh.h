#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/step.h"
#include "core/meta/members.h"

namespace dm::worker {

/// Learns every three seconds at which addresses the masters are, so that a worker survives the loss of those it was
/// started with. What cannot be learnt leaves the addresses as they are. Its functions are called on a thread of its
/// own, which ends with it; the clock must outlive it.
class EndpointRefresh {
  public:
    struct Functions {
        /// Asks the masters at these addresses for all members. May throw Error.
        std::function<std::vector<meta::Member>(const std::vector<std::string>& endpoints)> list;
        /// Called where the addresses have changed.
        std::function<void(const std::vector<std::string>& endpoints)> changed;
    };

    EndpointRefresh(std::vector<std::string> endpoints, Functions functions, Clock& clock);

  private:
    void refresh();

    std::vector<std::string> endpoints_;  // of the step's thread
    const Functions functions_;
    Step step_;
};

}  // namespace dm::worker
