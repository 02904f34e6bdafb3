#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/model/names.h"

namespace dm::worker {

/// Registers the worker with the first master of `masters` ("host:port") that answers: up to 5 rounds over all of them,
/// 3 s for the connection and 3 s for the call, 1 s between rounds. Throws Error{WorkerJoin} with what the last one
/// said.
void register_worker(const model::WorkerName& name, const std::string& advertise_addr,
                     const std::vector<std::string>& masters, Clock& clock, std::stop_token stop);

}  // namespace dm::worker
