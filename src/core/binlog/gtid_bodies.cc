#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "core/binlog/event_bodies.h"

namespace dm::binlog {
namespace {

constexpr std::uint64_t kMaxTag = 32;

// MariaDB's flags.
constexpr unsigned kStandalone = 0x01;
constexpr unsigned kGroupCommitId = 0x02;
constexpr unsigned kTransactional = 0x04;
constexpr unsigned kDdl = 0x20;
constexpr unsigned kPreparedXa = 0x40;
constexpr unsigned kCompletedXa = 0x80;
constexpr unsigned kExtraMultiEngine = 0x01;
constexpr unsigned kExtraStartAlter = 0x02;
constexpr unsigned kExtraCommitAlter = 0x04;
constexpr unsigned kExtraRollbackAlter = 0x08;

model::Uuid read_uuid(ByteCursor& cursor) {
    model::Uuid uuid{};
    const ByteView bytes = cursor.read_bytes(uuid.size());
    std::transform(bytes.begin(), bytes.end(), uuid.begin(),
                   [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
    return uuid;
}

// MySQL's serialization of tagged GTIDs: integers of 1 to 9 bytes whose length is the number of low one bits of the
// first.
std::uint64_t read_varlen(ByteCursor& cursor) {
    const std::uint8_t first = cursor.read_u8();
    const auto extra = static_cast<unsigned>(std::countr_one(first));
    if (extra == 0) return first >> 1U;
    const std::uint64_t rest = cursor.read_uint(extra);
    if (extra >= 7) return rest;
    return rest << (7 - extra) | static_cast<std::uint64_t>(first) >> (extra + 1);
}

std::int64_t read_signed_varlen(ByteCursor& cursor) {
    const std::uint64_t raw = read_varlen(cursor);
    const std::uint64_t magnitude = raw >> 1U;
    return static_cast<std::int64_t>((raw & 1U) != 0 ? ~magnitude : magnitude);
}

std::string read_tag(ByteCursor& cursor) {
    const std::uint64_t length = read_varlen(cursor);
    ensure(length <= kMaxTag, ErrorCode::BinlogMalformed, "GTID tag longer than 32 characters");
    return std::string(cursor.read_text(length));
}

/// Numbers of the fields of a tagged GTID event.
enum class TaggedField : std::uint64_t {
    Flags = 0,
    Uuid = 1,
    Number = 2,
    Tag = 3,
    LastCommitted = 4,
    SequenceNumber = 5,
    ImmediateCommit = 6,
    OriginalCommit = 7,
    Length = 8,
    ImmediateVersion = 9,
    OriginalVersion = 10,
    CommitGroupTicket = 11,
};

void read_tagged_field(TaggedField field, ByteCursor& cursor, GtidEvent& event) {
    switch (field) {
        case TaggedField::Flags:
            (void)read_varlen(cursor);
            return;
        case TaggedField::Uuid:
            for (std::uint8_t& byte : event.gtid.uuid) byte = static_cast<std::uint8_t>(read_varlen(cursor));
            return;
        case TaggedField::Number:
            event.gtid.number = static_cast<std::uint64_t>(read_signed_varlen(cursor));
            return;
        case TaggedField::Tag:
            event.gtid.tag = read_tag(cursor);
            return;
        case TaggedField::LastCommitted:
            event.last_committed = read_signed_varlen(cursor);
            return;
        case TaggedField::SequenceNumber:
            event.sequence_number = read_signed_varlen(cursor);
            return;
        case TaggedField::ImmediateCommit:
            event.immediate_commit_us = read_varlen(cursor);
            return;
        case TaggedField::OriginalCommit:
            event.original_commit_us = read_varlen(cursor);
            return;
        case TaggedField::Length:
            event.transaction_length = read_varlen(cursor);
            return;
        case TaggedField::ImmediateVersion:
            event.immediate_server_version = static_cast<std::uint32_t>(read_varlen(cursor));
            return;
        case TaggedField::OriginalVersion:
            event.original_server_version = static_cast<std::uint32_t>(read_varlen(cursor));
            return;
        case TaggedField::CommitGroupTicket:
            (void)read_varlen(cursor);
            return;
    }
    throw Error(ErrorCode::BinlogUnsupported,
                fmt::format("field {} of a tagged GTID", static_cast<std::uint64_t>(field)));
}

/// Values that the server leaves out when they equal those of the server it was read from.
void fill_originals(GtidEvent& event) {
    if (event.original_commit_us == 0) event.original_commit_us = event.immediate_commit_us;
    if (event.original_server_version == 0) event.original_server_version = event.immediate_server_version;
}

void read_commit_times(ByteCursor& cursor, GtidEvent& event) {
    constexpr std::uint64_t kHasOriginal = 1ULL << 55U;
    if (cursor.remaining() < 7) return;
    const std::uint64_t immediate = cursor.read_uint(7);
    event.immediate_commit_us = immediate & ~kHasOriginal;
    if ((immediate & kHasOriginal) != 0) event.original_commit_us = cursor.read_uint(7);
    if (!cursor.is_at_end()) event.transaction_length = cursor.read_packed_uint();
}

void read_server_versions(ByteCursor& cursor, GtidEvent& event) {
    constexpr std::uint32_t kVersionHasOriginal = 1U << 31U;
    if (cursor.remaining() < 4) return;
    const std::uint32_t immediate = cursor.read_u32();
    event.immediate_server_version = immediate & ~kVersionHasOriginal;
    if ((immediate & kVersionHasOriginal) != 0) event.original_server_version = cursor.read_u32();
}

/// XA transactions carry their name: format id, two lengths, data.
void skip_xa_name(ByteCursor& cursor) {
    cursor.skip(4);
    const std::size_t global = cursor.read_u8();
    const std::size_t branch = cursor.read_u8();
    cursor.skip(global + branch);
}

void read_extra_flags(ByteCursor& cursor, MariaDbGtidEvent& event) {
    event.extra_flags = cursor.read_u8();
    event.is_start_alter = (event.extra_flags & kExtraStartAlter) != 0;
    event.is_commit_alter = (event.extra_flags & kExtraCommitAlter) != 0;
    event.is_rollback_alter = (event.extra_flags & kExtraRollbackAlter) != 0;
    if ((event.extra_flags & kExtraMultiEngine) != 0) cursor.skip(1);
    if (event.is_commit_alter || event.is_rollback_alter) event.start_alter_sequence = cursor.read_u64();
}

}  // namespace

EventBody decode_gtid(const BodyInput& in) {
    constexpr std::uint8_t kLogicalTimestamps = 2;
    ByteCursor cursor(in.body);
    GtidEvent event;
    event.is_anonymous = in.header.type == EventType::AnonymousGtid;
    cursor.skip(1);
    event.gtid.uuid = read_uuid(cursor);
    event.gtid.number = cursor.read_u64();
    if (cursor.is_at_end() || cursor.read_u8() != kLogicalTimestamps) return event;
    event.last_committed = cursor.read_int(8);
    event.sequence_number = cursor.read_int(8);
    read_commit_times(cursor, event);
    read_server_versions(cursor, event);
    fill_originals(event);
    return event;
}

EventBody decode_tagged_gtid(const BodyInput& in) {
    ByteCursor cursor(in.body);
    GtidEvent event;
    const std::uint64_t version = read_varlen(cursor);
    ensure(version == 1, ErrorCode::BinlogUnsupported, fmt::format("version {} of tagged GTID events", version));
    (void)read_varlen(cursor);  // size of the message
    (void)read_varlen(cursor);  // last field that must be understood
    while (!cursor.is_at_end()) read_tagged_field(static_cast<TaggedField>(read_varlen(cursor)), cursor, event);
    fill_originals(event);
    return event;
}

EventBody decode_previous_gtids(const BodyInput& in) {
    ByteCursor cursor(in.body);
    PreviousGtids event{model::GtidSet(model::Flavor::MySql)};
    std::uint64_t count = cursor.read_u64();
    const bool has_tags = count >> 56U == 1;
    if (has_tags) count = count >> 8U & 0xffff'ffff'ffffULL;
    for (std::uint64_t i = 0; i < count; ++i) {
        model::GtidSet::SidTag sid{read_uuid(cursor), {}};
        if (has_tags) sid.tag = read_tag(cursor);
        const std::uint64_t intervals = cursor.read_u64();
        for (std::uint64_t j = 0; j < intervals; ++j) {
            const std::uint64_t begin = cursor.read_u64();
            const std::uint64_t end = cursor.read_u64();
            ensure(begin >= 1 && begin < end, ErrorCode::BinlogMalformed, "interval of GTIDs is empty");
            event.set.add(sid, {begin, end});
        }
    }
    return event;
}

EventBody decode_mariadb_gtid(const BodyInput& in) {
    ByteCursor cursor(in.body);
    MariaDbGtidEvent event;
    event.gtid.sequence = cursor.read_u64();
    event.gtid.domain = cursor.read_u32();
    event.gtid.server = in.header.server_id;
    event.flags = cursor.read_u8();
    event.is_standalone = (event.flags & kStandalone) != 0;
    event.is_transactional = (event.flags & kTransactional) != 0;
    event.is_ddl = (event.flags & kDdl) != 0;
    event.is_xa_prepare = (event.flags & kPreparedXa) != 0;
    event.is_xa_complete = (event.flags & kCompletedXa) != 0;
    if ((event.flags & kGroupCommitId) != 0) event.commit_id = cursor.read_u64();
    if (event.is_xa_prepare || event.is_xa_complete) skip_xa_name(cursor);
    // Without any of these the rest is padding with zeros, which reads as no extra flags.
    if (!cursor.is_at_end()) read_extra_flags(cursor, event);
    return event;
}

EventBody decode_mariadb_gtid_list(const BodyInput& in) {
    ByteCursor cursor(in.body);
    MariaDbGtidList event{model::GtidSet(model::Flavor::MariaDb)};
    const std::uint32_t head = cursor.read_u32();
    event.flags = static_cast<std::uint8_t>(head >> 28U);
    const std::uint32_t count = head & 0x0fff'ffffU;
    for (std::uint32_t i = 0; i < count; ++i) {
        model::MariaDbGtid gtid;
        gtid.domain = cursor.read_u32();
        gtid.server = cursor.read_u32();
        gtid.sequence = cursor.read_u64();
        event.set.add(gtid);
    }
    return event;
}

}  // namespace dm::binlog
