#include "app/worker/registration.h"

#include <dmmaster.grpc.pb.h>
#include <fmt/ranges.h>
#include <grpcpp/channel.h>

#include "base/log.h"
#include "io/rpc/channel.h"

namespace dm::worker {
namespace {

constexpr int kRounds = 5;
constexpr auto kRoundPause = std::chrono::seconds(1);
constexpr auto kTimeout = std::chrono::seconds(3);

/// Nothing if registered, else why not.
std::string try_register(const pb::RegisterWorkerRequest& request, const std::string& master) {
    try {
        const std::vector<std::string> one = {master};
        const auto stub = pb::Master::NewStub(rpc::connect_first(one, kTimeout));
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + kTimeout);
        pb::RegisterWorkerResponse response;
        const grpc::Status status = stub->RegisterWorker(&context, request, &response);
        if (!status.ok()) return rpc::status_text(status);
        return response.result() ? std::string() : response.msg();
    } catch (const Error& error) {
        return error.what();
    }
}

}  // namespace

void register_worker(const model::WorkerName& name, const std::string& advertise_addr,
                     const std::vector<std::string>& masters, Clock& clock, std::stop_token stop) {
    pb::RegisterWorkerRequest request;
    request.set_name(name.str());
    request.set_address(advertise_addr);
    std::string last;
    for (int round = 0; round < kRounds; ++round) {
        if (round > 0 && !clock.sleep(kRoundPause, stop)) break;
        for (const std::string& master : masters) {
            last = try_register(request, master);
            if (last.empty()) {
                log::info("registered", {{"worker", name.str()}, {"master", master}});
                return;
            }
            log::warn("not registered", {{"worker", name.str()}, {"master", master}, {"reason", last}});
        }
    }
    throw Error(ErrorCode::WorkerJoin,
                fmt::format("worker '{}' could not join any master of '{}'", name.str(), fmt::join(masters, ",")))
        .with_cause(last);
}

}  // namespace dm::worker
