#include "app/master/master_rpc.h"

#include <dmmaster.grpc.pb.h>
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>

#include "app/master/config_service.h"
#include "app/master/member_service.h"
#include "app/master/source_service.h"
#include "app/master/status_service.h"
#include "app/master/task_service.h"
#include "base/log.h"
#include "io/rpc/caller.h"

namespace dm::master {
namespace {

using google::protobuf::Empty;
using google::protobuf::MessageLite;
using grpc::ServerContext;
using grpc::Status;

constexpr int kStartingPolls = 10;
constexpr auto kStartingPause = std::chrono::milliseconds(100);

class MasterRpc final : public pb::Master::Service {
  public:
    MasterRpc(const MasterContext& context, Leadership& leadership) : context_(context), leadership_(leadership) {}

    Status StartTask(ServerContext* call, const pb::StartTaskRequest* request,
                     pb::StartTaskResponse* response) override {
        return serve(*call, "StartTask", *request, *response,
                     [&](Scheduler& scheduler) { return start_task(context_of(*call), scheduler, *request); });
    }
    Status OperateTask(ServerContext* call, const pb::OperateTaskRequest* request,
                       pb::OperateTaskResponse* response) override {
        response->set_op(request->op());
        return serve(*call, "OperateTask", *request, *response,
                     [&](Scheduler& scheduler) { return operate_task(context_, scheduler, *request); });
    }
    Status UpdateTask(ServerContext* call, const pb::UpdateTaskRequest* request,
                      pb::UpdateTaskResponse* response) override {
        return serve(*call, "UpdateTask", *request, *response,
                     [&](Scheduler& scheduler) { return update_task(context_of(*call), scheduler, *request); });
    }
    Status CheckTask(ServerContext* call, const pb::CheckTaskRequest* request,
                     pb::CheckTaskResponse* response) override {
        return serve(*call, "CheckTask", *request, *response,
                     [&](Scheduler& scheduler) { return check_task(context_of(*call), scheduler, *request); });
    }
    Status QueryStatus(ServerContext* call, const pb::QueryStatusListRequest* request,
                       pb::QueryStatusListResponse* response) override {
        return serve(*call, "QueryStatus", *request, *response,
                     [&](Scheduler& scheduler) { return query_status(scheduler, context_.query_worker, *request); });
    }
    Status OperateSource(ServerContext* call, const pb::OperateSourceRequest* request,
                         pb::OperateSourceResponse* response) override {
        return serve(*call, "OperateSource", *request, *response,
                     [&](Scheduler& scheduler) { return operate_source(context_, scheduler, *request); });
    }
    Status TransferSource(ServerContext* call, const pb::TransferSourceRequest* request,
                          pb::TransferSourceResponse* response) override {
        return serve(*call, "TransferSource", *request, *response,
                     [&](Scheduler& scheduler) { return transfer_source(context_, scheduler, *request); });
    }
    Status RegisterWorker(ServerContext* call, const pb::RegisterWorkerRequest* request,
                          pb::RegisterWorkerResponse* response) override {
        return serve(*call, "RegisterWorker", *request, *response,
                     [&](Scheduler& scheduler) { return register_worker(context_, scheduler, *request); });
    }
    Status ListMember(ServerContext* call, const pb::ListMemberRequest* request,
                      pb::ListMemberResponse* response) override {
        return serve(*call, "ListMember", *request, *response, [&](Scheduler& scheduler) {
            return list_members(context_, scheduler, leadership_.view().leader, *request);
        });
    }
    Status OfflineMember(ServerContext* call, const pb::OfflineMemberRequest* request,
                         pb::OfflineMemberResponse* response) override {
        return serve(*call, "OfflineMember", *request, *response,
                     [&](Scheduler& scheduler) { return offline_member(context_, scheduler, *request); });
    }
    Status GetCfg(ServerContext* call, const pb::GetCfgRequest* request, pb::GetCfgResponse* response) override {
        return serve(*call, "GetCfg", *request, *response,
                     [&](Scheduler& scheduler) { return get_config(context_, scheduler, *request); });
    }
    Status GetSubTaskCfg(ServerContext* call, const pb::GetSubTaskCfgRequest* request,
                         pb::GetSubTaskCfgResponse* response) override {
        return serve(*call, "GetSubTaskCfg", *request, *response,
                     [&](Scheduler& scheduler) { return get_subtask_configs(scheduler, *request); });
    }
    Status ListTaskConfigs(ServerContext* call, const Empty* request, pb::ListTaskConfigsResponse* response) override {
        return serve(*call, "ListTaskConfigs", *request, *response,
                     [&](Scheduler& scheduler) { return list_task_configs(context_, scheduler); });
    }
    Status ListSourceConfigs(ServerContext* call, const Empty* request,
                             pb::ListSourceConfigsResponse* response) override {
        return serve(*call, "ListSourceConfigs", *request, *response,
                     [&](Scheduler& scheduler) { return list_source_configs(context_, scheduler); });
    }
    Status Encrypt(ServerContext* call, const pb::EncryptRequest* request, pb::EncryptResponse* response) override {
        return serve(*call, "Encrypt", *request, *response, [&](Scheduler&) { return encrypt(context_, *request); });
    }

    // About the contacted member itself: never passed on.
    Status GetMasterCfg(ServerContext*, const pb::GetMasterCfgRequest*, pb::GetMasterCfgResponse* response) override {
        response->set_cfg(config::to_toml(context_.config));
        return Status::OK;
    }
    Status OperateLeader(ServerContext*, const pb::OperateLeaderRequest* request,
                         pb::OperateLeaderResponse* response) override {
        response->set_result(true);
        if (request->op() == pb::EvictLeaderOp) {
            leadership_.evict();
        } else if (request->op() == pb::CancelEvictLeaderOp) {
            leadership_.cancel_evict();
        } else {
            response->set_result(false);
            response->set_msg(
                Error(ErrorCode::MasterInvalidOp, "invalid op on leader; use evict or cancel-evict").what());
        }
        return Status::OK;
    }

    // Not part of this version.
    Status ShowDDLLocks(ServerContext*, const pb::ShowDDLLocksRequest*, pb::ShowDDLLocksResponse* response) override {
        return refuse("merging of shards, and with it shard DDL locks,", *response);
    }
    Status UnlockDDLLock(ServerContext*, const pb::UnlockDDLLockRequest*,
                         pb::UnlockDDLLockResponse* response) override {
        return refuse("merging of shards, and with it shard DDL locks,", *response);
    }
    Status OperateWorkerRelayTask(ServerContext*, const pb::OperateWorkerRelayRequest* request,
                                  pb::OperateWorkerRelayResponse* response) override {
        response->set_op(request->op());
        return refuse("relay log", *response);
    }
    Status PurgeWorkerRelay(ServerContext*, const pb::PurgeWorkerRelayRequest*,
                            pb::PurgeWorkerRelayResponse* response) override {
        return refuse("relay log", *response);
    }
    Status OperateRelay(ServerContext*, const pb::OperateRelayRequest*, pb::OperateRelayResponse* response) override {
        return refuse("relay log", *response);
    }
    Status OperateSchema(ServerContext*, const pb::OperateSchemaRequest*,
                         pb::OperateSchemaResponse* response) override {
        return refuse("looking at and changing tracked table structures (binlog-schema)", *response);
    }
    Status HandleError(ServerContext*, const pb::HandleErrorRequest*, pb::HandleErrorResponse* response) override {
        return refuse("skipping, replacing and injecting binlog events", *response);
    }
    Status StartValidation(ServerContext*, const pb::StartValidationRequest*,
                           pb::StartValidationResponse* response) override {
        return refuse("continuous validation", *response);
    }
    Status StopValidation(ServerContext*, const pb::StopValidationRequest*,
                          pb::StopValidationResponse* response) override {
        return refuse("continuous validation", *response);
    }
    Status GetValidationStatus(ServerContext*, const pb::GetValidationStatusRequest*,
                               pb::GetValidationStatusResponse* response) override {
        return refuse("continuous validation", *response);
    }
    Status GetValidationError(ServerContext*, const pb::GetValidationErrorRequest*,
                              pb::GetValidationErrorResponse* response) override {
        return refuse("continuous validation", *response);
    }
    Status OperateValidationError(ServerContext*, const pb::OperateValidationErrorRequest*,
                                  pb::OperateValidationErrorResponse* response) override {
        return refuse("continuous validation", *response);
    }
    Status UpdateValidation(ServerContext*, const pb::UpdateValidationRequest*,
                            pb::UpdateValidationResponse* response) override {
        return refuse("continuous validation", *response);
    }

  private:
    /// For a command that takes long: it hears when its caller goes away. For the duration of the call.
    MasterContext context_of(const ServerContext& call) {
        MasterContext context = context_;
        context.is_cancelled = [&call] { return call.IsCancelled(); };
        return context;
    }

    template <typename Response>
    static Status refuse(std::string_view feature, Response& response) {
        response.set_result(false);
        response.set_msg(
            Error(ErrorCode::ConfigFeatureMissing, fmt::format("{} is not part of this version", feature)).what());
        return Status::OK;
    }

    /// The view, waiting a second at most for a leader that is just being elected.
    LeaderView settled_view() {
        LeaderView view = leadership_.view();
        for (int i = 0; i < kStartingPolls && !view.scheduler && (view.is_starting || !view.leader || is_self(view));
             ++i) {
            if (!context_.clock.sleep(kStartingPause, context_.stop)) break;
            view = leadership_.view();
        }
        return view;
    }

    [[nodiscard]] bool is_self(const LeaderView& view) const {
        return view.leader && view.leader->id == context_.config.name;
    }

    template <typename Request, typename Response, typename Handle>
    Status serve(const ServerContext& call, std::string_view method, const Request& request, Response& response,
                 const Handle& handle) {
        log::info("request", {{"method", method}, {"peer", rpc::caller_text(call.peer())}});
        const LeaderView view = settled_view();
        if (!view.scheduler) return pass_on(call, view, method, request, response);
        try {
            response = handle(*view.scheduler);
        } catch (...) {
            const Error error = current_error();
            log::warn("request failed", {{"method", method}, {"error", error.what()}, {"at", error.raised_at()}});
            response.set_result(false);
            response.set_msg(error.what());
        }
        return Status::OK;
    }

    Status pass_on(const ServerContext& call, const LeaderView& view, std::string_view method,
                   const MessageLite& request, MessageLite& response) {
        if (!view.leader || is_self(view)) {
            return {
                grpc::StatusCode::UNKNOWN,
                Error(ErrorCode::MasterNotLeader, "master is not leader, and can't forward request to leader").what()};
        }
        const auto channel = context_.peers.channel(view.leader->addr);
        const auto forwarded = grpc::ClientContext::FromServerContext(call);
        const std::string path = fmt::format("/pb.Master/{}", method);
        const grpc::internal::RpcMethod rpc(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC);
        return grpc::internal::BlockingUnaryCall<MessageLite, MessageLite, MessageLite, MessageLite>(
            channel.get(), rpc, forwarded.get(), request, &response);
    }

    const MasterContext& context_;
    Leadership& leadership_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_master_rpc(const MasterContext& context, Leadership& leadership) {
    return std::make_unique<MasterRpc>(context, leadership);
}

}  // namespace dm::master
