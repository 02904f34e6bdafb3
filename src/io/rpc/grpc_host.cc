#include "io/rpc/grpc_host.h"

#include <fcntl.h>
#include <mutex>
#include <unistd.h>

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <grpcpp/support/server_interceptor.h>

#include "base/error.h"
#include "io/rpc/etcd_forwarder.h"

namespace dm::rpc {

class GrpcHost::Impl {
  public:
    Impl(const Options& options, const std::vector<grpc::Service*>& services) : forwarder_(options.etcd_target) {
        grpc::ServerBuilder builder;
        for (auto* service : services) builder.RegisterService(service);
        builder.RegisterCallbackGenericService(&forwarder_.service());
        builder.SetMaxReceiveMessageSize(options.max_receive_bytes);
        builder.SetMaxSendMessageSize(-1);
        // Clients of etcd and our own ping idle connections to notice dead ones; none of that is abuse.
        builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
        builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
        builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
        if (options.on_call) {
            std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> meters;
            meters.push_back(make_call_meter(options.on_call));
            builder.experimental().SetInterceptorCreators(std::move(meters));
        }
        server_ = builder.BuildAndStart();
        ensure(server_ != nullptr, ErrorCode::WorkerServe, "the gRPC server cannot be started");
    }

    void adopt(int fd) {
        const std::lock_guard lock(mutex_);
        if (is_stopped_) {
            ::close(fd);
            return;
        }
        ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
        grpc::AddInsecureChannelFromFd(server_.get(), fd);
    }

    void stop(std::chrono::milliseconds grace) {
        {
            const std::lock_guard lock(mutex_);
            if (is_stopped_) return;
            is_stopped_ = true;
        }
        server_->Shutdown(std::chrono::system_clock::now() + grace);
        server_->Wait();
    }

  private:
    EtcdForwarder forwarder_;
    std::unique_ptr<grpc::Server> server_;
    std::mutex mutex_;
    bool is_stopped_ = false;
};

GrpcHost::GrpcHost(const Options& options, const std::vector<grpc::Service*>& services)
    : impl_(std::make_unique<Impl>(options, services)) {}
GrpcHost::~GrpcHost() { stop(std::chrono::milliseconds(0)); }

void GrpcHost::adopt(int fd) { impl_->adopt(fd); }
void GrpcHost::stop(std::chrono::milliseconds grace) { impl_->stop(grace); }

}  // namespace dm::rpc
