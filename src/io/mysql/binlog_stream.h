#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/binlog/event_source.h"
#include "io/mysql/connect_options.h"

namespace dm::mysql {

/// Reads a server's binlog as a replica does. Threads as EventSource says: one reads, any may cancel.
/// Each `start` opens a new connection and, unless the id is fixed, chooses a new random server id; ids already used by
/// the server itself or its replicas are avoided. A stop request in `next` shuts the connection down: start again.
class BinlogStream final : public binlog::EventSource {
  public:
    struct Options {
        ConnectOptions connect;
        std::uint32_t server_id = 0;          ///< 0 = random
        std::string host_name = "dm-worker";  ///< as the server lists us
        std::chrono::seconds heartbeat_period{30};
        std::chrono::seconds read_timeout{60};  ///< longer than the heartbeat period
    };

    explicit BinlogStream(Options options);
    ~BinlogStream() override;

    /// Throws Error{DbBadConnection, DbDriver} if the login fails, Error{SyncBinlogPurged}, or Error{SyncStartStream}.
    void start(const binlog::StartPoint& from) override;
    [[nodiscard]] std::optional<ByteView> next(std::stop_token stop) override;
    [[nodiscard]] bool has_more() const override;
    [[nodiscard]] std::string_view kind() const override { return "remote"; }
    void cancel() noexcept override;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace dm::mysql
