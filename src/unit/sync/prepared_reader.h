#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "core/binlog/event_source.h"
#include "core/model/location.h"
#include "unit/sync/prepared_transactions.h"
#include "unit/sync/session_links.h"

namespace dm::sync {

/// Reads a prepared XA transaction from the binlog again, over a stream of its own: when it was too large to be kept,
/// or was prepared before this run began. One thread. Errors of the stream pass through.
class PreparedReader {
  public:
    using OpenSource = std::function<std::unique_ptr<binlog::EventSource>()>;
    PreparedReader(OpenSource open, SessionLink& upstream) : open_(std::move(open)), upstream_(upstream) {}

    /// Where the newest transaction `id` that was prepared before `before`, and neither committed nor rolled back
    /// since, begins: looked for in the file of `before`, then in the older ones. Nothing if stop was requested. Throws
    /// Error{SyncBinlogPurged} if no file has it.
    [[nodiscard]] std::optional<model::BinlogPosition> find(const std::string& id, const model::BinlogPosition& before,
                                                            std::stop_token stop);

    /// Hands the rows of the transaction that begins at `start` to `sink`; views in them are valid as StagedRows says.
    /// False if stop was requested before all was read.
    using Sink = std::function<void(const StagedRows&)>;
    [[nodiscard]] bool read(const model::BinlogPosition& start, const Sink& sink, std::stop_token stop);

  private:
    enum class Mention : std::uint8_t { None, Prepared, Ended, Cut };
    struct Found {
        Mention mention = Mention::None;
        model::BinlogPosition start;
    };
    Found scan_file(const std::string& id, const std::string& file, const model::BinlogPosition& before,
                    std::stop_token stop);

    OpenSource open_;
    SessionLink& upstream_;
};

}  // namespace dm::sync
