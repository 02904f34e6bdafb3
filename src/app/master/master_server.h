#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/master/master_context.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "core/config/master_config.h"
#include "core/config/secret.h"
#include "core/meta/kv_store.h"
#include "core/meta/members.h"

namespace dm::master {

/// A running dm-master without its etcd: leadership, scheduler, and the port with gRPC and HTTP. The parts are chosen
/// by main and must outlive it. `start` and `stop` belong to the owner.
class MasterServer {
  public:
    struct Parts {
        meta::KvStore& store;
        meta::MemberList& members;
        Clock& clock;
        metrics::Registry& registry;
        ConnectDatabase connect;
        ProbePosition probe_position;
        OpenBinlog open_binlog;
        std::string etcd_target;  ///< gRPC target that calls of etcd's own services are passed on to; empty: none
    };

    MasterServer(config::MasterConfig config, std::optional<config::SecretKey> key, Parts parts);
    /// Stops.
    ~MasterServer();
    MasterServer(const MasterServer&) = delete;
    MasterServer& operator=(const MasterServer&) = delete;

    /// Opens the port and campaigns for leadership. Throws Error if the port cannot be opened.
    void start();
    /// Resigns, ends the calls that wait, closes the port. May be called twice.
    void stop();
    [[nodiscard]] std::uint16_t port() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::master
