#include "app/worker/worker_service.h"

#include <dmworker.grpc.pb.h>
#include <fmt/format.h>

#include "app/worker/status_message.h"

namespace dm::worker {
namespace {

using grpc::ServerContext;
using grpc::Status;

std::string refusal(std::string_view feature) {
    return Error(ErrorCode::ConfigFeatureMissing, fmt::format("{} is not part of this version", feature)).what();
}

template <typename Response>
Status refuse(Response& response, std::string_view feature) {
    response.set_result(false);
    response.set_msg(refusal(feature));
    return Status::OK;
}

class WorkerService final : public pb::Worker::Service {
  public:
    explicit WorkerService(WorkerView view) : view_(std::move(view)) {}

    Status QueryStatus(ServerContext*, const pb::QueryStatusRequest* request,
                       pb::QueryStatusResponse* response) override {
        *response = to_message(report(request->name()), request->name());
        return Status::OK;
    }
    Status GetWorkerCfg(ServerContext*, const pb::GetWorkerCfgRequest*, pb::GetWorkerCfgResponse* response) override {
        response->set_cfg(view_.config_toml());
        return Status::OK;
    }
    Status CheckSubtasksCanUpdate(ServerContext*, const pb::CheckSubtasksCanUpdateRequest*,
                                  pb::CheckSubtasksCanUpdateResponse* response) override {
        response->set_success(false);
        response->set_msg(refusal("changing a running task"));
        return Status::OK;
    }
    Status PurgeRelay(ServerContext*, const pb::PurgeRelayRequest*, pb::CommonWorkerResponse* response) override {
        return refuse(*response, "the relay log");
    }
    Status OperateSchema(ServerContext*, const pb::OperateWorkerSchemaRequest*,
                         pb::CommonWorkerResponse* response) override {
        return refuse(*response, "binlog-schema");
    }
    Status OperateV1Meta(ServerContext*, const pb::OperateV1MetaRequest*,
                         pb::OperateV1MetaResponse* response) override {
        return refuse(*response, "the upgrade from version 1.0");
    }
    Status HandleError(ServerContext*, const pb::HandleWorkerErrorRequest*,
                       pb::CommonWorkerResponse* response) override {
        return refuse(*response, "binlog skip, replace and inject");
    }
    Status GetWorkerValidatorStatus(ServerContext*, const pb::GetValidationStatusRequest*,
                                    pb::GetValidationStatusResponse* response) override {
        return refuse(*response, kValidation);
    }
    Status GetValidatorError(ServerContext*, const pb::GetValidationErrorRequest*,
                             pb::GetValidationErrorResponse* response) override {
        return refuse(*response, kValidation);
    }
    Status OperateValidatorError(ServerContext*, const pb::OperateValidationErrorRequest*,
                                 pb::OperateValidationErrorResponse* response) override {
        return refuse(*response, kValidation);
    }
    Status UpdateValidator(ServerContext*, const pb::UpdateValidationWorkerRequest*,
                           pb::CommonWorkerResponse* response) override {
        return refuse(*response, kValidation);
    }

  private:
    [[nodiscard]] WorkerReport report(const std::string& task) const {
        WorkerReport report{.worker = view_.name};
        const auto source_worker = view_.source_worker();
        if (!source_worker) {
            if (const auto problem = view_.source_problem()) {
                report.source = problem->source.str();
                report.problem = problem->error;
            }
            return report;
        }
        report.source = source_worker->source().source_id.str();
        report.problem = source_worker->problem();
        report.has_subtasks = source_worker->has_subtasks();
        report.subtasks =
            source_worker->reports(Detail::All, task.empty() ? std::nullopt : std::optional(model::TaskName(task)));
        return report;
    }

    static constexpr std::string_view kValidation = "continuous validation";

    WorkerView view_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_worker_service(WorkerView view) {
    return std::make_unique<WorkerService>(std::move(view));
}

}  // namespace dm::worker
