#include "io/rpc/rpc_server.h"

#include <atomic>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <dmworker.grpc.pb.h>
#include <fmt/format.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/server_context.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/step.h"
#include "io/rpc/channel.h"

namespace dm::rpc {
namespace {

using std::chrono::milliseconds;

/// A plain connection that says exactly what it is told to.
class Client {
  public:
    explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const timeval patience{.tv_sec = 20, .tv_usec = 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(const std::string& text) { ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
    /// Nothing more will be sent.
    void finish() { ::shutdown(fd_, SHUT_WR); }
    /// All bytes until the server closes.
    std::string read_all() {
        std::string out;
        char chunk[1024];
        for (ssize_t n = ::recv(fd_, chunk, sizeof(chunk), 0); n > 0; n = ::recv(fd_, chunk, sizeof(chunk), 0))
            out.append(chunk, static_cast<std::size_t>(n));
        return out;
    }
    std::string read_some() {
        char chunk[4096];
        const auto n = ::recv(fd_, chunk, sizeof(chunk), 0);
        return n <= 0 ? std::string() : std::string(chunk, static_cast<std::size_t>(n));
    }

  private:
    int fd_;
};

/// Answers with the task's name; "wait" answers when the caller has gone.
class EchoWorker final : public pb::Worker::Service {
  public:
    grpc::Status QueryStatus(grpc::ServerContext* context, const pb::QueryStatusRequest* request,
                             pb::QueryStatusResponse* response) override {
        if (request->name() == "wait") {
            release();
            while (!context->IsCancelled()) std::this_thread::yield();
        }
        response->set_msg(request->name());
        return grpc::Status::OK;
    }
    void wait_for_caller() { is_waiting_.wait(false); }
    void release() {
        is_waiting_ = true;
        is_waiting_.notify_all();
    }

  private:
    std::atomic<bool> is_waiting_{false};
};

class RpcServerTest : public testing::Test {
  protected:
    static HttpRouter router() {
        HttpRouter router;
        router.add("/status", [](const HttpRequest& request) {
            return HttpResponse{.body = request.method + " " + request.query_value("q") + " " + request.body};
        });
        return router;
    }
    static RpcServer::Options options() {
        return {.listen = "127.0.0.1:0",
                .max_header_bytes = 1024,
                .max_body_bytes = 100,
                .sniff_timeout = milliseconds(1000),
                .http_idle_timeout = milliseconds(20000)};
    }
    void SetUp() override { server_.start(); }
    std::string target() { return fmt::format("127.0.0.1:{}", server_.port()); }
    std::string query(const std::string& name, const std::shared_ptr<grpc::Channel>& channel) {
        grpc::ClientContext context;
        pb::QueryStatusRequest request;
        request.set_name(name);
        pb::QueryStatusResponse response;
        const auto status = pb::Worker::NewStub(channel)->QueryStatus(&context, request, &response);
        return status.ok() ? response.msg() : status_text(status);
    }
    std::string query(const std::string& name) { return query(name, make_channel(target())); }

    EchoWorker worker_;
    RpcServer server_{options(), {&worker_}, router()};
};

TEST_F(RpcServerTest, SpeaksGrpcAndHttpOnOnePort) {
    EXPECT_EQ(query("one"), "one");
    Client client(server_.port());
    client.send("POST /status?q=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
    const std::string answer = client.read_some();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nPOST 1 body")) << answer;
    client.send("GET /none HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 404 Not Found\r\n"));
    EXPECT_EQ(query("two"), "two");
}

TEST_F(RpcServerTest, CallsOfItsServicesAreCountedAndTimed) {
    metrics::Registry registry;
    auto counting = options();
    counting.on_call = count_calls(registry);
    RpcServer server(counting, {&worker_}, router());
    server.start();
    const auto channel = make_channel(fmt::format("127.0.0.1:{}", server.port()));
    EXPECT_EQ(query("one", channel), "one");
    EXPECT_EQ(query("two", channel), "two");
    grpc::ClientContext context;
    pb::GetWorkerCfgResponse config;
    EXPECT_FALSE(pb::Worker::NewStub(channel)->GetWorkerCfg(&context, {}, &config).ok());
    server.stop();
    const std::string text = registry.expose();
    for (const char* series :
         {R"(handled_total{grpc_code="OK",grpc_method="QueryStatus",grpc_service="pb.Worker",grpc_type="unary"} 2)",
          R"(handled_total{grpc_code="Unimplemented",grpc_method="GetWorkerCfg",grpc_service="pb.Worker",)",
          R"(handling_seconds_count{grpc_method="QueryStatus",grpc_service="pb.Worker",grpc_type="unary"} 2)"}) {
        EXPECT_NE(text.find(series), std::string::npos) << series << "\n" << text;
    }
}

TEST_F(RpcServerTest, CallsOfNobodyMakeNoSeries) {
    metrics::Registry registry;
    auto counting = options();
    counting.on_call = count_calls(registry);
    RpcServer server(counting, {&worker_}, router());
    server.start();
    const auto channel = make_channel(fmt::format("127.0.0.1:{}", server.port()));
    const grpc::internal::RpcMethod unknown("/pb.Worker/NoSuchMethod", grpc::internal::RpcMethod::NORMAL_RPC);
    grpc::ClientContext context;
    pb::QueryStatusResponse response;
    EXPECT_EQ(grpc::internal::BlockingUnaryCall(channel.get(), unknown, &context, pb::QueryStatusRequest(), &response)
                  .error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
    server.stop();
    EXPECT_EQ(registry.expose(), "");
}

TEST_F(RpcServerTest, APrefaceMayComeInPieces) {
    Client client(server_.port());
    client.send("P");
    client.send("RI");
    client.send(" * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    client.send(std::string("\0\0\0\4\0\0\0\0\0", 9));
    EXPECT_EQ(client.read_some().substr(3, 1), std::string(1, '\4'));  // the server's own SETTINGS frame
}

TEST_F(RpcServerTest, HeadHasNoBody) {
    Client client(server_.port());
    client.send("HEAD /status HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.read_all().ends_with("\r\n\r\n"));
}

TEST_F(RpcServerTest, SilenceAndGarbageAreClosed) {
    Client silent(server_.port());
    Client garbage(server_.port());
    garbage.send(std::string("\x16\x03\x01\x02", 4));
    Client half(server_.port());
    half.send("PR");
    EXPECT_EQ(garbage.read_all(), "");
    EXPECT_EQ(silent.read_all(), "");
    EXPECT_EQ(half.read_all(), "");
    EXPECT_EQ(query("still here"), "still here");
}

TEST_F(RpcServerTest, APrefaceThatNeverComesIsNotWaitedFor) {
    RpcServer patient({.listen = "127.0.0.1:0", .sniff_timeout = std::chrono::hours(1)}, {}, {});
    patient.start();
    Client half(patient.port());
    half.send("PR");
    half.finish();
    EXPECT_EQ(half.read_all(), "") << "the peer has said its last word";
}

TEST_F(RpcServerTest, BrokenAndTooLargeRequestsAreRefused) {
    Client broken(server_.port());
    broken.send("NOT HTTP AT ALL\r\n\r\n");
    EXPECT_TRUE(broken.read_all().starts_with("HTTP/1.1 400"));
    Client unknown(server_.port());
    unknown.send("BREW /status HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(unknown.read_all().starts_with("HTTP/1.1 501"));
    Client head(server_.port());
    head.send("GET /status HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n");
    EXPECT_TRUE(head.read_all().starts_with("HTTP/1.1 431"));
    Client body(server_.port());
    body.send("POST /status HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n");
    EXPECT_TRUE(body.read_all().starts_with("HTTP/1.1 413"));
}

TEST_F(RpcServerTest, UnknownMethodsAreUnimplemented) {
    const auto channel = make_channel(target());
    for (const std::string method : {"/etcdserverpb.KV/Range", "/pb.Worker/None"}) {
        grpc::GenericStub stub(channel);
        grpc::ClientContext context;
        grpc::CompletionQueue queue;
        grpc::ByteBuffer request(nullptr, 0);
        grpc::ByteBuffer response;
        grpc::Status status;
        const auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
        call->StartCall();
        call->Finish(&response, &status, this);
        void* tag = nullptr;
        bool is_ok = false;
        EXPECT_TRUE(queue.Next(&tag, &is_ok));
        EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << status.error_message();
        EXPECT_NE(status_text(status).find("code = Unimplemented"), std::string::npos);
    }
}

TEST_F(RpcServerTest, StoppingCancelsWhatDoesNotEnd) {
    std::string answer;
    Step caller(
        "caller",
        [&](std::stop_token) {
            answer = query("wait");
            worker_.release();
        },
        [](const Error& error) { ADD_FAILURE() << error.what(); });
    worker_.wait_for_caller();
    Client idle(server_.port());
    server_.stop(milliseconds(50));
    caller.join();
    EXPECT_NE(answer.find("rpc error: code = "), std::string::npos) << answer;
    server_.stop();
}

TEST_F(RpcServerTest, ATakenPortIsRefused) {
    RpcServer second({.listen = target(), .listen_key = "master-addr", .owner = ErrorClass::DmMaster}, {}, {});
    try {
        second.start();
        ADD_FAILURE() << "started";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::WorkerServe);
        EXPECT_NE(error.message().find(target()), std::string::npos);
        EXPECT_EQ(error.error_class(), ErrorClass::DmMaster);
        EXPECT_NE(error.workaround().find("`master-addr`"), std::string::npos);
    }
}

TEST_F(RpcServerTest, TlsIsRefusedByName) {
    RpcServer server({.listen = "127.0.0.1:0", .tls = {.ca = "ca.pem"}}, {}, {});
    EXPECT_THROW(server.start(), Error);
    EXPECT_THROW(static_cast<void>(make_channel("h:1", {.tls = {.ca = "ca.pem"}})), Error);
}

TEST_F(RpcServerTest, ConnectsToTheFirstThatAnswers) {
    const std::vector<std::string> addresses{"127.0.0.1:1", "http://" + target()};
    const auto channel = connect_first(addresses, milliseconds(3000));
    EXPECT_EQ(query("x", channel), "x");
    try {
        static_cast<void>(connect_first(std::span(addresses).first(1), milliseconds(3000)));
        ADD_FAILURE() << "connected to nobody";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::MasterGrpcConnect);
        EXPECT_NE(error.message().find("127.0.0.1:1"), std::string::npos);
    }
}

}  // namespace
}  // namespace dm::rpc
