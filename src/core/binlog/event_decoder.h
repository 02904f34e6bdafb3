#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_cursor.h"
#include "core/binlog/event.h"

namespace dm::binlog {

struct BodyInput;

/// Decodes the 19 bytes of a header; throws Error{BinlogMalformed} if there are fewer or the size is less than 19.
[[nodiscard]] EventHeader decode_header(ByteView event);

/// Turns the events of one stream into values. Keeps what the stream's format description says (checksums, lengths of
/// fixed parts) and the table descriptions seen last. One per stream, one thread. Before the first format description
/// it expects the events of current servers, and finds out by itself whether a rotate event has a checksum.
/// After an Error the decoder can go on with the next event.
class EventDecoder {
  public:
    struct Options {
        bool verify_checksum = true;
    };
    EventDecoder() = default;
    explicit EventDecoder(Options options) : options_(options) {}

    /// Decodes one whole event, header to checksum. Views in the result point into `event`, or into memory that the
    /// result owns. Throws Error{BinlogChecksum}, Error{BinlogMalformed}; a type it does not know is a value (Unknown).
    [[nodiscard]] Event decode(ByteView event);

    /// The same for an event out of a transaction payload: these have no checksum. `owner` keeps `event` alive.
    [[nodiscard]] Event decode_inner(ByteView event, const std::shared_ptr<const void>& owner);

    /// What the last format description said.
    [[nodiscard]] ChecksumAlgorithm checksum() const noexcept { return format_.checksum; }
    [[nodiscard]] model::Flavor flavor() const noexcept { return format_.flavor; }
    [[nodiscard]] const FormatDescription& format() const noexcept { return format_; }

  private:
    struct KnownTable {
        std::string definition;
        std::shared_ptr<const TableMap> table;
    };

    Event decode_body(const EventHeader& header, ByteView body, const std::shared_ptr<const void>& owner);
    ByteView without_checksum(const EventHeader& header, ByteView event) const;
    TableMapEvent decode_table_map_event(const BodyInput& in);

    Options options_{true};
    FormatDescription format_;
    bool has_format_ = false;                     // a format description was seen
    std::map<std::uint64_t, KnownTable> tables_;  // by table id; emptied at each format description
};

}  // namespace dm::binlog
