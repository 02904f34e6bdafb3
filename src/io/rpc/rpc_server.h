#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "io/rpc/call_meter.h"
#include "io/rpc/http.h"

namespace grpc {
class Service;
}

namespace dm::rpc {

/// TLS files of a port or a client. All empty: plain text.
struct TlsFiles {
    std::string ca;
    std::string cert;
    std::string key;
    std::vector<std::string> allowed_names;  ///< common names a client certificate may have; empty: any

    [[nodiscard]] bool is_empty() const { return ca.empty() && cert.empty() && key.empty(); }
};

/// One port that speaks gRPC and HTTP/1.1: each connection's first bytes decide (HTTP/2 preface or not). The services
/// must outlive it. `start` and `stop` belong to the owner; handlers and services are called on pool threads.
/// A connection that says nothing for `sniff_timeout`, or says garbage, is closed.
class RpcServer {
  public:
    struct Options {
        std::string listen;                       ///< "host:port"; port 0 takes a free one, see port()
        std::string listen_key = "worker-addr";   ///< the setting it comes from, for the error if it cannot be used
        ErrorClass owner = ErrorClass::DmWorker;  ///< of that error
        TlsFiles tls;                             ///< not offered yet: start() refuses anything but empty
        int max_receive_bytes = 4 << 20;          ///< of one gRPC message; -1 = no limit
        std::size_t max_header_bytes = 64U << 10U;
        std::size_t max_body_bytes = 16U << 20U;
        std::chrono::milliseconds sniff_timeout{10'000};
        std::chrono::milliseconds http_idle_timeout{60'000};
        int http_threads = 4;
        /// Where calls of /etcdserverpb.*, /v3lockpb.* and /v3electionpb.* are passed on to, byte for byte; a gRPC
        /// target such as "127.0.0.1:2379" or "unix:/path". Empty: they are answered as unknown.
        std::string etcd_target;
        CallObserver on_call;  ///< of the services given; may be empty
    };

    RpcServer(Options options, std::vector<grpc::Service*> services, HttpRouter router);
    /// Stops.
    ~RpcServer();
    RpcServer(const RpcServer&) = delete;
    RpcServer& operator=(const RpcServer&) = delete;

    /// Binds and serves. Throws Error{WorkerServe} if the address cannot be used.
    void start();
    /// Closes the port, lets calls finish for up to `grace`, cancels the rest, joins all threads. May be called twice.
    void stop(std::chrono::milliseconds grace = std::chrono::seconds(1));
    /// The port in use after start.
    [[nodiscard]] std::uint16_t port() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::rpc
