#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"

namespace dm::etcd {

/// How our own etcd is started.
struct EtcdChildOptions {
    std::string program = "etcd";  ///< looked up in PATH
    std::string name;
    std::string data_dir;             ///< etcd's own folder `member` is made below it
    std::string peer_urls;            ///< "http://127.0.0.1:8291", several with commas
    std::string advertise_peer_urls;  ///< empty: peer_urls
    /// Where only this host reaches it: "http://127.0.0.1:<port>" with a port, or with port 0 a free one.
    std::string client_url = "http://127.0.0.1:0";
    /// What the member list shows to others: the master's own address, which forwards. Empty: client_url.
    std::string advertise_client_urls;
    std::string initial_cluster;  ///< empty: itself only
    std::string initial_cluster_state = "new";
    unsigned max_txn_ops = 2048;
    std::size_t max_request_bytes = 1'572'864;
    std::string auto_compaction_mode = "periodic";
    std::string auto_compaction_retention = "1h";
    std::uint64_t quota_backend_bytes = 2ULL << 30U;
    std::chrono::milliseconds ready_timeout{10'000};
    std::chrono::milliseconds stop_timeout{5'000};  ///< between SIGTERM and SIGKILL
};

/// The command line for these options; element 0 is the program.
[[nodiscard]] std::vector<std::string> etcd_arguments(const EtcdChildOptions& options);

/// A TCP port of the loopback interface that is free at this moment. Throws Error{MasterEtcdStart} if there is none.
[[nodiscard]] std::uint16_t free_loopback_port();

/// A supervised etcd process: it dies with us, its log goes into ours, and if it dies alone it is started again with
/// growing waits (1 s to 30 s). Owned by main; `start` and `stop` are called by the owner only.
class EtcdChild {
  public:
    explicit EtcdChild(EtcdChildOptions options);
    /// Stops.
    ~EtcdChild();
    EtcdChild(const EtcdChild&) = delete;
    EtcdChild& operator=(const EtcdChild&) = delete;

    /// Starts and waits until it answers. Throws Error{MasterEtcdStart} with its last log line if it does not in time.
    void start();
    /// SIGTERM, then SIGKILL. May be called twice.
    void stop();

    /// gRPC target of the client interface, for EtcdOptions::endpoints and RpcServer::Options::etcd_target.
    [[nodiscard]] const std::string& client_target() const;
    /// Process id at this moment; 0 while there is none.
    [[nodiscard]] int pid() const;
    /// The last problem in its log if it is not running or has only just been started again, else nothing. Thread-safe.
    [[nodiscard]] std::string why_down() const;
    /// How often it was started again by itself.
    [[nodiscard]] int restarts() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::etcd
