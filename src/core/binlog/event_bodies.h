#pragma once

#include <cstddef>
#include <memory>

#include "base/byte_cursor.h"
#include "core/binlog/event.h"

namespace dm::binlog {

/// What the decoder of a body needs besides its bytes.
struct BodyInput {
    const EventHeader& header;
    ByteView body;                             ///< without header and checksum
    const FormatDescription& format;           ///< of the stream; as for current servers before the first one
    const std::shared_ptr<const void>& owner;  ///< of `body`, if it has one that the event should keep

    /// Length of the event type's fixed part as the stream declares it, `usual` if it does not.
    [[nodiscard]] std::size_t fixed_length(std::size_t usual) const;
};

/// Decoders of single bodies, all throwing Error{BinlogMalformed}. Pure.
[[nodiscard]] FormatDescription decode_format_description(ByteView body);
[[nodiscard]] EventBody decode_rotate(const BodyInput& in);
[[nodiscard]] EventBody decode_query(const BodyInput& in);
[[nodiscard]] EventBody decode_rows_event(const BodyInput& in);
[[nodiscard]] EventBody decode_gtid(const BodyInput& in);
[[nodiscard]] EventBody decode_tagged_gtid(const BodyInput& in);
[[nodiscard]] EventBody decode_previous_gtids(const BodyInput& in);
[[nodiscard]] EventBody decode_mariadb_gtid(const BodyInput& in);
[[nodiscard]] EventBody decode_mariadb_gtid_list(const BodyInput& in);
[[nodiscard]] EventBody decode_heartbeat(const BodyInput& in);
[[nodiscard]] EventBody decode_heartbeat_v2(const BodyInput& in);
[[nodiscard]] EventBody decode_transaction_payload(const BodyInput& in);
/// Xid, XaPrepare, RowsQuery, Annotate, Intvar, Rand, UserVar, Stop, Incident, BinlogCheckpoint, StartEncryption,
/// others.
[[nodiscard]] EventBody decode_small(const BodyInput& in);

/// Inflates one of MariaDB's compressed fields (a byte of algorithm and length size, the length, deflated bytes) behind
/// a copy of `prefix`. Throws Error{BinlogMalformed}, and Error{BinlogUnsupported} for an algorithm it does not know.
[[nodiscard]] std::shared_ptr<const std::string> inflate_field(ByteView prefix, ByteView compressed);

}  // namespace dm::binlog
