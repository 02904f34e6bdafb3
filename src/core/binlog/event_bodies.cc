#include "core/binlog/event_bodies.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace dm::binlog {
namespace {

constexpr std::size_t kVersionBytes = 50;
constexpr std::size_t kQueryFixedBytes = 13;
constexpr std::uint16_t kStatementEnd = 0x1;

/// Codes of the fields in front of a query event's statement.
enum class StatusVar : std::uint8_t {
    Flags2 = 0,
    SqlMode = 1,
    CatalogZ = 2,
    AutoIncrement = 3,
    Charsets = 4,
    TimeZone = 5,
    Catalog = 6,
    LcTime = 7,
    DatabaseCollation = 8,
    TableMapForUpdate = 9,
    MasterDataWritten = 10,
    Invoker = 11,
    UpdatedSchemas = 12,
    Microseconds = 13,
    CommitTimestamp = 14,
    CommitTimestamp2 = 15,
    ExplicitTimestampDefault = 16,
    DdlXid = 17,
    Utf8mb4Collation = 18,
    RequirePrimaryKey = 19,
    TableEncryption = 20,
    MariaDbMicroseconds = 128,
    MariaDbXid = 129,
    MariaDbGtidFlags = 130,
    MariaDbCollations = 131,
};

void skip_schemas(ByteCursor& cursor) {
    constexpr std::uint8_t kTooMany = 254;
    const std::uint8_t count = cursor.read_u8();
    if (count == kTooMany) return;
    for (std::uint8_t i = 0; i < count; ++i) (void)cursor.read_zero_terminated();
}

/// Flags of a two-phase ALTER; its second half repeats the sequence number of the first.
void skip_gtid_flags(ByteCursor& cursor) {
    constexpr unsigned kCommitOrRollbackAlter = 0x04 | 0x08;
    if ((cursor.read_u8() & kCommitOrRollbackAlter) != 0) cursor.skip(8);
}

void read_charset_collations(ByteCursor& cursor, Query& query) {
    const std::uint8_t count = cursor.read_u8();
    for (std::uint8_t i = 0; i < count; ++i) {
        const std::uint16_t of_charset = cursor.read_u16();
        query.charset_collations.emplace_back(of_charset, cursor.read_u16());
    }
}

/// Reads one field; false for a code of a later server, whose length nobody here knows.
bool read_status_var(StatusVar code, ByteCursor& cursor, Query& query) {
    switch (code) {
        case StatusVar::Flags2:
            query.execution_flags = cursor.read_u32();
            return true;
        case StatusVar::SqlMode:
            query.sql_mode = cursor.read_u64();
            return true;
        case StatusVar::CatalogZ:
            cursor.skip(cursor.read_u8() + 1U);
            return true;
        case StatusVar::AutoIncrement:
            query.auto_increment_step = cursor.read_u16();
            query.auto_increment_offset = cursor.read_u16();
            return true;
        case StatusVar::Charsets:
            query.client_collation = cursor.read_u16();
            query.connection_collation = cursor.read_u16();
            query.server_collation = cursor.read_u16();
            return true;
        case StatusVar::TimeZone:
            query.time_zone = cursor.read_text(cursor.read_u8());
            return true;
        case StatusVar::Catalog:
            cursor.skip(cursor.read_u8());
            return true;
        case StatusVar::LcTime:
            cursor.skip(2);
            return true;
        case StatusVar::DatabaseCollation:
            query.database_collation = cursor.read_u16();
            return true;
        case StatusVar::TableMapForUpdate:
            cursor.skip(8);
            return true;
        case StatusVar::MasterDataWritten:
            cursor.skip(4);
            return true;
        case StatusVar::Invoker:
            cursor.skip(cursor.read_u8());
            cursor.skip(cursor.read_u8());
            return true;
        case StatusVar::UpdatedSchemas:
            skip_schemas(cursor);
            return true;
        case StatusVar::Microseconds:
        case StatusVar::MariaDbMicroseconds:
            query.microseconds = static_cast<std::uint32_t>(cursor.read_uint(3));
            return true;
        case StatusVar::CommitTimestamp:
        case StatusVar::CommitTimestamp2:
            cursor.skip(7);
            return true;
        case StatusVar::ExplicitTimestampDefault:
            query.is_explicit_timestamp_default = cursor.read_u8() != 0;
            return true;
        case StatusVar::DdlXid:
        case StatusVar::MariaDbXid:
            query.ddl_xid = cursor.read_u64();
            return true;
        case StatusVar::Utf8mb4Collation:
            query.utf8mb4_collation = cursor.read_u16();
            return true;
        case StatusVar::RequirePrimaryKey:
        case StatusVar::TableEncryption:
            cursor.skip(1);
            return true;
        case StatusVar::MariaDbGtidFlags:
            skip_gtid_flags(cursor);
            return true;
        case StatusVar::MariaDbCollations:
            read_charset_collations(cursor, query);
            return true;
    }
    return false;
}

RowsKind kind_of_rows(EventType type) {
    using enum EventType;
    switch (type) {
        case UpdateRowsV0:
        case UpdateRowsV1:
        case UpdateRowsV2:
        case PartialUpdateRows:
        case UpdateRowsCompressedV1:
        case UpdateRowsCompressed:
            return RowsKind::Update;
        case DeleteRowsV0:
        case DeleteRowsV1:
        case DeleteRowsV2:
        case DeleteRowsCompressedV1:
        case DeleteRowsCompressed:
            return RowsKind::Delete;
        default:
            return RowsKind::Write;
    }
}

bool has_extra_data(EventType type) {
    using enum EventType;
    return type == WriteRowsV2 || type == UpdateRowsV2 || type == DeleteRowsV2 || type == PartialUpdateRows ||
           type == WriteRowsCompressed || type == UpdateRowsCompressed || type == DeleteRowsCompressed;
}

bool is_compressed(EventType type) {
    return type >= EventType::QueryCompressed && type <= EventType::DeleteRowsCompressed;
}

EventBody decode_user_var(ByteCursor cursor) {
    UserVar var;
    var.name = cursor.read_text(cursor.read_u32());
    var.is_null = cursor.read_u8() != 0;
    if (var.is_null) return var;
    var.kind = cursor.read_u8();
    var.collation = cursor.read_u32();
    var.value = cursor.read_text(cursor.read_u32());
    return var;
}

}  // namespace

std::size_t BodyInput::fixed_length(std::size_t usual) const {
    const auto index = static_cast<std::size_t>(header.type);
    if (index == 0 || index > format.post_header_lengths.size()) return usual;
    const std::size_t declared = format.post_header_lengths[index - 1];
    return declared == 0 ? usual : declared;
}

FormatDescription decode_format_description(ByteView body) {
    ByteCursor cursor(body);
    FormatDescription format;
    format.binlog_version = cursor.read_u16();
    ensure(format.binlog_version == 4, ErrorCode::BinlogUnsupported,
           fmt::format("binlog format version {}; servers from 5.0 on write version 4", format.binlog_version));
    const std::string_view padded = cursor.read_text(kVersionBytes);
    format.server_version = padded.substr(0, padded.find('\0'));
    const model::ServerVersion version = model::parse_server_version(format.server_version);
    format.flavor = version.flavor;
    format.created_at = cursor.read_u32();
    ensure(cursor.read_u8() == 19, ErrorCode::BinlogMalformed, "event headers are not 19 bytes long");
    std::size_t lengths = cursor.remaining();
    const bool knows_checksums = version.flavor == model::Flavor::MariaDb || version.is_at_least(5, 6);
    if (knows_checksums) {
        ensure(lengths >= 5, ErrorCode::BinlogMalformed, "no room for the checksum algorithm");
        lengths -= 5;
    }
    for (const std::byte length : cursor.read_bytes(lengths))
        format.post_header_lengths.push_back(std::to_integer<std::uint8_t>(length));
    if (!knows_checksums) return format;
    const std::uint8_t algorithm = cursor.read_u8();
    ensure(algorithm <= 1, ErrorCode::BinlogUnsupported, fmt::format("checksum algorithm {}", algorithm));
    format.checksum = static_cast<ChecksumAlgorithm>(algorithm);
    return format;
}

EventBody decode_rotate(const BodyInput& in) {
    ByteCursor cursor(in.body);
    Rotate rotate;
    rotate.position = cursor.read_u64();
    rotate.next_file = as_text(cursor.read_rest());
    rotate.is_fake = in.header.is_artificial || in.header.timestamp == 0;
    return rotate;
}

EventBody decode_query(const BodyInput& in) {
    ByteCursor cursor(in.body);
    Query query;
    query.thread_id = cursor.read_u32();
    query.execution_seconds = cursor.read_u32();
    const std::uint8_t schema_length = cursor.read_u8();
    query.error_code = cursor.read_u16();
    const std::uint16_t status_length = cursor.read_u16();
    const std::size_t usual = in.header.type == EventType::ExecuteLoadQuery ? kQueryFixedBytes + 13 : kQueryFixedBytes;
    const std::size_t fixed = std::max(in.fixed_length(usual), kQueryFixedBytes);
    cursor.skip(fixed - kQueryFixedBytes);
    ByteCursor status(cursor.read_bytes(status_length));
    while (!status.is_at_end() && read_status_var(static_cast<StatusVar>(status.read_u8()), status, query)) {
    }
    query.default_schema = cursor.read_text(schema_length);
    cursor.skip(1);
    if (in.header.type != EventType::QueryCompressed) {
        query.statement = as_text(cursor.read_rest());
        query.owner = in.owner;
        return query;
    }
    const auto statement = inflate_field({}, cursor.read_rest());
    query.statement = *statement;
    query.owner = statement;
    return query;
}

EventBody decode_rows_event(const BodyInput& in) {
    ByteCursor cursor(in.body);
    RowsEvent rows;
    rows.kind = kind_of_rows(in.header.type);
    rows.table_id = cursor.read_uint(in.fixed_length(8) == 6 ? 4 : 6);
    rows.flags = cursor.read_u16();
    rows.is_statement_end = (rows.flags & kStatementEnd) != 0;
    rows.is_partial_json = in.header.type == EventType::PartialUpdateRows;
    if (has_extra_data(in.header.type)) {
        const std::uint16_t length = cursor.read_u16();
        ensure(length >= 2, ErrorCode::BinlogMalformed, "extra row data shorter than its length field");
        cursor.skip(length - 2U);
    }
    rows.column_count = cursor.read_packed_uint();
    ensure(rows.column_count <= cursor.remaining() * 8, ErrorCode::BinlogMalformed, "more columns than bits");
    const std::size_t bitmap = (rows.column_count + 7) / 8;
    const std::size_t bitmaps = rows.kind == RowsKind::Update ? 2 * bitmap : bitmap;
    ByteView bits = cursor.read_bytes(bitmaps);
    rows.rows = cursor.read_rest();
    rows.owner = in.owner;
    if (is_compressed(in.header.type)) {
        const auto inflated = inflate_field(bits, rows.rows);
        bits = as_bytes(*inflated).first(bitmaps);
        rows.rows = as_bytes(*inflated).subspan(bitmaps);
        rows.owner = inflated;
    }
    if (rows.kind != RowsKind::Write) rows.columns_before = bits.first(bitmap);
    if (rows.kind != RowsKind::Delete) rows.columns_after = bits.last(bitmap);
    return rows;
}

EventBody decode_heartbeat(const BodyInput& in) {
    ByteCursor cursor(in.body);
    Heartbeat heartbeat;
    heartbeat.position = in.header.log_pos;
    // MariaDB puts offsets over 4 GiB in front of the name.
    const bool has_long_position = in.format.flavor == model::Flavor::MariaDb && in.header.log_pos == 0;
    if (has_long_position && cursor.remaining() > 8) heartbeat.position = cursor.read_u64();
    heartbeat.file = as_text(cursor.read_rest());
    return heartbeat;
}

EventBody decode_heartbeat_v2(const BodyInput& in) {
    enum : std::uint64_t { End = 0, File = 1, Position = 2 };
    ByteCursor cursor(in.body);
    Heartbeat heartbeat;
    while (!cursor.is_at_end()) {
        const std::uint64_t field = cursor.read_packed_uint();
        if (field == End) break;
        ByteCursor value(cursor.read_bytes(cursor.read_packed_uint()));
        if (field == File) heartbeat.file = as_text(value.read_rest());
        if (field == Position) heartbeat.position = value.read_packed_uint();
    }
    return heartbeat;
}

EventBody decode_transaction_payload(const BodyInput& in) {
    enum : std::uint64_t { End = 0, Size = 1, Compression = 2, UncompressedSize = 3 };
    ByteCursor cursor(in.body);
    TransactionPayload payload;
    std::uint64_t size = 0;
    for (std::uint64_t field = cursor.read_packed_uint(); field != End; field = cursor.read_packed_uint()) {
        ByteCursor value(cursor.read_bytes(cursor.read_packed_uint()));
        if (field == Size) size = value.read_packed_uint();
        if (field == UncompressedSize) payload.uncompressed_size = value.read_packed_uint();
        if (field == Compression) payload.compression = static_cast<PayloadCompression>(value.read_packed_uint());
    }
    payload.payload = cursor.read_bytes(size);
    if (payload.uncompressed_size == 0) payload.uncompressed_size = size;
    return payload;
}

EventBody decode_small(const BodyInput& in) {
    ByteCursor cursor(in.body);
    switch (in.header.type) {
        case EventType::Xid:
            return Xid{cursor.read_u64()};
        case EventType::XaPrepare: {
            const bool one_phase = cursor.read_u8() != 0;
            return XaPrepare{one_phase, as_text(cursor.read_rest())};
        }
        case EventType::RowsQuery:
            cursor.skip(1);
            return RowsQuery{as_text(cursor.read_rest())};
        case EventType::Annotate:
            return RowsQuery{as_text(cursor.read_rest())};
        case EventType::Intvar: {
            const std::uint8_t kind = cursor.read_u8();
            return Intvar{kind, cursor.read_u64()};
        }
        case EventType::Rand: {
            const std::uint64_t seed = cursor.read_u64();
            return Rand{seed, cursor.read_u64()};
        }
        case EventType::UserVar:
            return decode_user_var(cursor);
        case EventType::Stop:
            return Stop{};
        case EventType::Incident: {
            const std::uint16_t number = cursor.read_u16();
            return Incident{number, cursor.is_at_end() ? "" : cursor.read_text(cursor.read_u8())};
        }
        case EventType::BinlogCheckpoint:
            return BinlogCheckpoint{cursor.read_text(cursor.read_u32())};
        case EventType::StartEncryption: {
            const std::uint8_t scheme = cursor.read_u8();
            return StartEncryption{scheme, cursor.read_u32()};
        }
        default:
            return Unknown{in.header.type, in.header.is_ignorable, in.body};
    }
}

}  // namespace dm::binlog
