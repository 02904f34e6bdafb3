#include "io/rpc/etcd_forwarder.h"

#include <algorithm>
#include <mutex>
#include <string_view>

#include <fmt/format.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include "io/rpc/channel.h"

namespace dm::rpc {

namespace {

constexpr std::string_view kForwarded[] = {"/etcdserverpb.", "/v3lockpb.", "/v3electionpb."};
/// Headers that belong to one hop.
constexpr std::string_view kHopHeaders[] = {":",   "grpc-", "user-agent", "te", "content-type", "accept-encoding",
                                            "host"};

std::string text_of(const grpc::string_ref& ref) { return {ref.data(), ref.size()}; }

bool is_hop_header(std::string_view name) {
    return std::ranges::any_of(kHopHeaders, [&](std::string_view hop) {
        return hop == ":" || hop == "grpc-" ? name.starts_with(hop) : name == hop;
    });
}

/// One call in both directions. The server half is this object, the client half its member; each direction has at most
/// one message in flight. Deletes itself when both halves have ended: the server half is finished only by the end of
/// the client half.
class ForwardedCall final : public grpc::ServerGenericBidiReactor {
  public:
    ForwardedCall(grpc::GenericStub& stub, grpc::GenericCallbackServerContext& caller)
        : caller_(caller), upstream_(*this) {
        for (const auto& [name, value] : caller.client_metadata())
            if (const auto key = text_of(name); !is_hop_header(key)) context_.AddMetadata(key, text_of(value));
        context_.set_deadline(caller.deadline());
        stub.PrepareBidiStreamingCall(&context_, caller.method(), {}, &upstream_);
        upstream_.begin();
        StartRead(&from_caller_);
    }

    void OnReadDone(bool is_ok) override { upstream_.send(is_ok ? &from_caller_ : nullptr); }
    void OnWriteDone(bool is_ok) override {
        if (is_ok)
            upstream_.receive();
        else
            abandon();
    }
    void OnCancel() override { context_.TryCancel(); }
    void OnDone() override { delete this; }

  private:
    class Upstream final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
      public:
        explicit Upstream(ForwardedCall& call) : call_(call) {}

        void begin() {
            AddHold();
            StartRead(&message_);
            StartCall();
        }
        /// Sends a message, or with nullptr says that there are no more.
        void send(const grpc::ByteBuffer* message) {
            const std::lock_guard lock(mutex_);
            if (!is_held_) return;
            if (message != nullptr)
                StartWrite(message);
            else
                StartWritesDone();
        }
        void receive() {
            const std::lock_guard lock(mutex_);
            if (is_held_) StartRead(&message_);
        }
        /// Nothing more will be started from outside: lets the call end, and with it this object, at any moment.
        void release() {
            {
                const std::lock_guard lock(mutex_);
                if (!is_held_) return;
                is_held_ = false;
            }
            RemoveHold();
        }

        void OnReadDone(bool is_ok) override {
            if (is_ok)
                call_.StartWrite(&message_);
            else
                release();
        }
        void OnWriteDone(bool is_ok) override {
            if (is_ok) call_.StartRead(&call_.from_caller_);
        }
        void OnDone(const grpc::Status& status) override { call_.finish(status); }

      private:
        ForwardedCall& call_;
        grpc::ByteBuffer message_;
        std::mutex mutex_;
        bool is_held_ = true;
    };

    void abandon() {
        context_.TryCancel();
        upstream_.release();
    }
    void finish(const grpc::Status& status) {
        for (const auto& [name, value] : context_.GetServerTrailingMetadata())
            if (const auto key = text_of(name); !is_hop_header(key)) caller_.AddTrailingMetadata(key, text_of(value));
        Finish(status);
    }

    grpc::GenericCallbackServerContext& caller_;
    grpc::ClientContext context_;
    grpc::ByteBuffer from_caller_;
    Upstream upstream_;
};

class UnknownCall final : public grpc::ServerGenericBidiReactor {
  public:
    explicit UnknownCall(const std::string& method) {
        Finish({grpc::StatusCode::UNIMPLEMENTED, fmt::format("unknown method {}", method)});
    }
    void OnDone() override { delete this; }
};

}  // namespace

class EtcdForwarder::Service final : public grpc::CallbackGenericService {
  public:
    explicit Service(const std::string& target) {
        if (!target.empty())
            stub_ = std::make_unique<grpc::GenericStub>(make_channel(target, {.max_receive_bytes = -1, .tls = {}}));
    }

    grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* caller) override {
        const bool is_etcd = stub_ != nullptr && std::ranges::any_of(kForwarded, [&](std::string_view prefix) {
                                 return caller->method().starts_with(prefix);
                             });
        // gRPC's reactors own themselves: OnDone deletes.
        if (is_etcd) return std::make_unique<ForwardedCall>(*stub_, *caller).release();
        return std::make_unique<UnknownCall>(caller->method()).release();
    }

  private:
    std::unique_ptr<grpc::GenericStub> stub_;
};

EtcdForwarder::EtcdForwarder(const std::string& target) : service_(std::make_unique<Service>(target)) {}
EtcdForwarder::~EtcdForwarder() = default;

grpc::CallbackGenericService& EtcdForwarder::service() { return *service_; }

}  // namespace dm::rpc
