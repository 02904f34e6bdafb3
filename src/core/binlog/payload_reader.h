#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "core/binlog/event.h"
#include "core/binlog/event_decoder.h"

namespace dm::binlog {

/// Yields the events inside a compressed transaction one by one, decompressing as it goes, so that memory is bounded by
/// the largest event and not by the transaction. The payload's bytes and the decoder must outlive it. One thread.
class PayloadReader {
  public:
    PayloadReader(const TransactionPayload& payload, EventDecoder& decoder);
    ~PayloadReader();
    PayloadReader(const PayloadReader&) = delete;
    PayloadReader& operator=(const PayloadReader&) = delete;

    /// The next inner event; nothing at the end. Rows and statements own their bytes (`owner`); all views are valid
    /// until the next call. Throws Error{BinlogMalformed} for damaged or truncated contents, Error{BinlogUnsupported}
    /// for a compression it does not know.
    [[nodiscard]] std::optional<Event> next();

  private:
    struct Stream;
    std::unique_ptr<Stream> stream_;
    std::shared_ptr<const std::string> current_;  // bytes of the event given out last
    EventDecoder& decoder_;
};

}  // namespace dm::binlog
