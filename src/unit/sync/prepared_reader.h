#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "core/binlog/event_source.h"
#include "core/binlog/xa_id.h"
#include "core/model/location.h"
#include "unit/sync/prepared_transactions.h"
#include "unit/sync/session_links.h"
#include "unit/sync/undone_changes.h"

namespace dm::sync {

/// Reads transactions from the binlog again, over a stream of its own: prepared XA transactions that were too large to
/// be kept, or were prepared before this run began, and what a transaction has undone. One thread. Errors of the stream
/// pass through.
class PreparedReader {
  public:
    using OpenSource = std::function<std::unique_ptr<binlog::EventSource>()>;
    PreparedReader(OpenSource open, SessionLink& upstream) : open_(std::move(open)), upstream_(upstream) {}

    /// What older binlog says of an XA transaction: where the newest of that id begins, and how it ended since.
    struct Traces {
        std::optional<model::BinlogPosition> start;      ///< nothing: no file has its preparation
        std::optional<binlog::XaStatement::Kind> ended;  ///< Commit or Rollback
    };
    /// Looks for transaction `id` before `before`: in that file, then in the older ones. Nothing if stop was requested.
    [[nodiscard]] std::optional<Traces> find(const std::string& id, const model::BinlogPosition& before,
                                             std::stop_token stop);

    /// Hands the rows of the XA transaction that begins at `start` to `sink`; views in them are valid as StagedRows
    /// says. False if stop was requested before all was read. Throws Error{SyncEventUnsupported} if a part of it was
    /// undone.
    using Sink = std::function<void(const StagedRows&)>;
    [[nodiscard]] bool read(const model::BinlogPosition& start, const Sink& sink, std::stop_token stop);

    /// Of the rows events of the transaction that begins at `start`, those from number `begin` up to `end`, counted
    /// from 0: all of them, or as many of the last as take `max_bytes`, but at least one. Nothing if stop was
    /// requested.
    [[nodiscard]] std::optional<std::deque<StagedRows>> read_last(const model::BinlogPosition& start,
                                                                  UndoneChanges::Range range, std::size_t max_bytes,
                                                                  std::stop_token stop);

  private:
    using EventSink = std::function<bool(const binlog::Event&, const std::shared_ptr<const void>&)>;
    bool read_events(const model::BinlogPosition& start, const EventSink& sink, std::stop_token stop);
    bool scan_file(const std::string& id, const std::string& file, const model::BinlogPosition& before, Traces& traces,
                   std::stop_token stop);

    OpenSource open_;
    SessionLink& upstream_;
};

}  // namespace dm::sync
