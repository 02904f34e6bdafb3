#include "core/binlog/event_decoder.h"

#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <libdeflate.h>

#include "core/binlog/event_bodies.h"

namespace dm::binlog {
namespace {

constexpr std::size_t kHeaderBytes = 19;
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kFlagsOffset = 17;
constexpr std::uint16_t kInUse = 0x1;
constexpr std::uint16_t kArtificial = 0x20;
constexpr std::uint16_t kIgnorable = 0x80;
constexpr std::size_t kMaxKnownTables = 16'384;

using BodyDecoder = EventBody (*)(const BodyInput&);

constexpr std::array<BodyDecoder, 256> make_decoders() {
    std::array<BodyDecoder, 256> table{};
    table.fill(decode_small);
    const auto set = [&table](BodyDecoder decoder, auto... types) {
        ((table[static_cast<std::size_t>(types)] = decoder), ...);
    };
    using enum EventType;
    set(decode_rotate, Rotate);
    set(decode_query, Query, QueryCompressed, ExecuteLoadQuery);
    set(decode_rows_event, WriteRowsV0, UpdateRowsV0, DeleteRowsV0, WriteRowsV1, UpdateRowsV1, DeleteRowsV1,
        WriteRowsV2, UpdateRowsV2, DeleteRowsV2, PartialUpdateRows, WriteRowsCompressedV1, UpdateRowsCompressedV1,
        DeleteRowsCompressedV1, WriteRowsCompressed, UpdateRowsCompressed, DeleteRowsCompressed);
    set(decode_gtid, Gtid, AnonymousGtid);
    set(decode_tagged_gtid, GtidTagged);
    set(decode_previous_gtids, PreviousGtids);
    set(decode_mariadb_gtid, MariaDbGtid);
    set(decode_mariadb_gtid_list, MariaDbGtidList);
    set(decode_heartbeat, Heartbeat);
    set(decode_heartbeat_v2, HeartbeatV2);
    set(decode_transaction_payload, TransactionPayload);
    return table;
}

constexpr std::array<BodyDecoder, 256> kDecoders = make_decoders();

std::uint32_t crc(std::uint32_t seed, ByteView bytes) { return libdeflate_crc32(seed, bytes.data(), bytes.size()); }

/// The checksum as written: a file in use has a flag that is not part of it.
std::uint32_t checksum_of(const EventHeader& header, ByteView covered) {
    if (header.type != EventType::FormatDescription || (header.flags & kInUse) == 0) return crc(0, covered);
    const std::array<std::byte, 1> flags{covered[kFlagsOffset] & ~std::byte{kInUse}};
    std::uint32_t sum = crc(0, covered.first(kFlagsOffset));
    sum = crc(sum, flags);
    return crc(sum, covered.subspan(kFlagsOffset + 1));
}

/// A field at a fixed place, where the caller knows that there are bytes enough.
template <typename Number>
Number load(ByteView bytes, std::size_t offset) {
    Number number = 0;
    std::memcpy(&number, bytes.data() + offset, sizeof(number));
    return number;
}

std::uint32_t stored_checksum(ByteView event) { return load<std::uint32_t>(event, event.size() - kChecksumBytes); }

}  // namespace

EventHeader decode_header(ByteView event) {
    ensure(event.size() >= kHeaderBytes, ErrorCode::BinlogMalformed,
           [&] { return fmt::format("{} bytes are no event: its header alone has {}", event.size(), kHeaderBytes); });
    EventHeader header;
    header.timestamp = load<std::uint32_t>(event, 0);
    header.type = static_cast<EventType>(event[4]);
    header.server_id = load<std::uint32_t>(event, 5);
    header.event_size = load<std::uint32_t>(event, 9);
    header.log_pos = load<std::uint32_t>(event, 13);
    header.flags = load<std::uint16_t>(event, kFlagsOffset);
    header.is_artificial = (header.flags & kArtificial) != 0;
    header.is_ignorable = (header.flags & kIgnorable) != 0;
    ensure(header.event_size >= kHeaderBytes, ErrorCode::BinlogMalformed, "event smaller than its header");
    return header;
}

Event EventDecoder::decode(ByteView event) {
    const EventHeader header = decode_header(event);
    try {
        ensure(header.event_size == event.size(), ErrorCode::BinlogMalformed,
               [&] { return fmt::format("event of {} bytes says it has {}", event.size(), header.event_size); });
        if (header.type == EventType::FormatDescription) {
            FormatDescription format = decode_format_description(event.subspan(kHeaderBytes));
            if (options_.verify_checksum && format.checksum == ChecksumAlgorithm::Crc32) {
                ensure(checksum_of(header, event.first(event.size() - kChecksumBytes)) == stored_checksum(event),
                       ErrorCode::BinlogChecksum, "checksum does not match");
            }
            format_ = std::move(format);
            has_format_ = true;
            tables_.clear();
            return {header, format_};
        }
        return decode_body(header, without_checksum(header, event).subspan(kHeaderBytes), {});
    } catch (const Error& error) {
        throw error.with_context(fmt::format("{} event that ends at {}", event_type_name(header.type), header.log_pos));
    }
}

Event EventDecoder::decode_inner(ByteView event, const std::shared_ptr<const void>& owner) {
    const EventHeader header = decode_header(event);
    ensure(header.event_size == event.size(), ErrorCode::BinlogMalformed, "inner event with a wrong size");
    try {
        return decode_body(header, event.subspan(kHeaderBytes), owner);
    } catch (const Error& error) {
        throw error.with_context(fmt::format("{} event inside a transaction payload", event_type_name(header.type)));
    }
}

ByteView EventDecoder::without_checksum(const EventHeader& header, ByteView event) const {
    if (!has_format_) {
        // A fake rotate comes before the format description that would say whether it has a checksum.
        if (event.size() < kHeaderBytes + kChecksumBytes) return event;
        const ByteView covered = event.first(event.size() - kChecksumBytes);
        return checksum_of(header, covered) == stored_checksum(event) ? covered : event;
    }
    if (format_.checksum == ChecksumAlgorithm::None) return event;
    ensure(event.size() >= kHeaderBytes + kChecksumBytes, ErrorCode::BinlogMalformed, "no room for the checksum");
    const ByteView covered = event.first(event.size() - kChecksumBytes);
    if (options_.verify_checksum) {
        ensure(checksum_of(header, covered) == stored_checksum(event), ErrorCode::BinlogChecksum,
               "checksum does not match");
    }
    return covered;
}

Event EventDecoder::decode_body(const EventHeader& header, ByteView body, const std::shared_ptr<const void>& owner) {
    const BodyInput in{header, body, format_, owner};
    if (header.type == EventType::TableMap) return {header, decode_table_map_event(in)};
    return {header, kDecoders[static_cast<std::size_t>(header.type)](in)};
}

TableMapEvent EventDecoder::decode_table_map_event(const BodyInput& in) {
    ByteCursor cursor(in.body);
    TableMapEvent event;
    event.table_id = cursor.read_uint(in.fixed_length(8) == 6 ? 4 : 6);
    const std::uint16_t flags = cursor.read_u16();
    const ByteView definition = cursor.read_rest();
    if (tables_.size() >= kMaxKnownTables) tables_.clear();
    KnownTable& known = tables_[event.table_id];
    if (!known.table || known.definition != as_text(definition)) {
        known.table = std::make_shared<const TableMap>(decode_table_map(definition, flags));
        known.definition = as_text(definition);
    }
    event.table = known.table;
    return event;
}

}  // namespace dm::binlog
