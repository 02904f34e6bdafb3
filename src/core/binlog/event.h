#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/byte_cursor.h"
#include "core/binlog/event_header.h"
#include "core/binlog/table_map.h"
#include "core/model/gtid_set.h"

namespace dm::binlog {

// Bodies. Views point into the bytes given to the decoder, or into `owner` where there is one.

struct FormatDescription {
    std::uint16_t binlog_version = 0;
    std::string server_version;
    model::Flavor flavor = model::Flavor::MySql;
    std::uint32_t created_at = 0;
    ChecksumAlgorithm checksum = ChecksumAlgorithm::None;
    std::vector<std::uint8_t> post_header_lengths;  ///< index is the event type minus 1
};

struct Rotate {
    std::string_view next_file;
    std::uint64_t position = 4;
    bool is_fake = false;  ///< tells the current file's name at the start of a stream; nothing was rotated
};

struct Query {
    std::uint32_t thread_id = 0;
    std::uint32_t execution_seconds = 0;
    std::uint16_t error_code = 0;
    std::string_view default_schema;
    std::string_view statement;  ///< in the charset of `client_collation`
    std::optional<std::uint32_t>
        execution_flags;                    ///< FLAGS2: foreign_key_checks off is bit 26, unique_checks off bit 27
    std::optional<std::uint64_t> sql_mode;  ///< the server's bits; MySQL and MariaDB differ above bit 30
    std::string_view time_zone;             ///< empty: not logged
    std::optional<std::uint16_t> client_collation;  ///< character_set_client
    std::optional<std::uint16_t> connection_collation;
    std::optional<std::uint16_t> server_collation;
    std::optional<std::uint16_t> database_collation;
    std::optional<std::uint16_t> utf8mb4_collation;                           ///< default_collation_for_utf8mb4
    std::vector<std::pair<std::uint16_t, std::uint16_t>> charset_collations;  ///< MariaDB: (any of a charset, its own)
    std::optional<std::uint16_t> auto_increment_step;
    std::optional<std::uint16_t> auto_increment_offset;
    std::optional<bool> is_explicit_timestamp_default;  ///< explicit_defaults_for_timestamp
    std::optional<std::uint64_t> ddl_xid;
    std::uint32_t microseconds = 0;     ///< below the header's second
    std::shared_ptr<const void> owner;  ///< of `statement`, if the event was compressed
};

struct Xid {
    std::uint64_t number = 0;
};

/// End of the first phase of an XA transaction: its changes are logged before it, their fate comes later as a
/// statement.
struct XaPrepare {
    bool is_one_phase = false;  ///< XA COMMIT ... ONE PHASE: committed
    std::string_view xid;       ///< format id, lengths and data as in the event
};

struct GtidEvent {
    bool is_anonymous = false;
    model::MySqlGtid gtid;  ///< number 0 if anonymous
    std::int64_t last_committed = 0;
    std::int64_t sequence_number = 0;
    std::uint64_t immediate_commit_us =
        0;  ///< microseconds since 1970 on the server read from; 0: not logged (before 8.0)
    std::uint64_t original_commit_us = 0;  ///< the same on the server where it was first committed
    std::uint64_t transaction_length = 0;  ///< bytes from this event to the last of the transaction; 0: not logged
    std::uint32_t immediate_server_version = 0;
    std::uint32_t original_server_version = 0;
};

struct MariaDbGtidEvent {
    model::MariaDbGtid gtid;
    std::uint8_t flags = 0;
    std::uint8_t extra_flags = 0;
    std::uint64_t commit_id = 0;
    bool is_standalone = false;  ///< one statement without a closing COMMIT or XID
    bool is_transactional = false;
    bool is_ddl = false;
    bool is_xa_prepare = false;   ///< FL_PREPARED_XA
    bool is_xa_complete = false;  ///< FL_COMPLETED_XA
    bool is_start_alter = false;  ///< first half of a two-phase ALTER: nothing is committed yet
    bool is_commit_alter = false;
    bool is_rollback_alter = false;
    std::uint64_t start_alter_sequence = 0;
};

/// Transactions in the files before this one (MySQL's previous GTIDs, MariaDB's GTID list).
struct PreviousGtids {
    model::GtidSet set;
};
struct MariaDbGtidList {
    model::GtidSet set;
    std::uint8_t flags = 0;
};

struct TableMapEvent {
    std::uint64_t table_id = 0;
    std::shared_ptr<const TableMap> table;  ///< the same object while the table's description stays the same
};

enum class RowsKind : std::uint8_t { Write, Update, Delete };

struct RowsEvent {
    RowsKind kind = RowsKind::Write;
    std::uint64_t table_id = 0;
    std::uint16_t flags = 0;
    bool is_statement_end = false;  ///< table ids become void after it
    bool is_partial_json = false;   ///< JSON columns of after images may be differences
    std::size_t column_count = 0;
    ByteView columns_before;            ///< one bit per column: in the before image; empty for Write
    ByteView columns_after;             ///< one bit per column: in the after image; empty for Delete
    ByteView rows;                      ///< row images, undecoded
    std::shared_ptr<const void> owner;  ///< of the three views above, if the event was compressed; otherwise empty

    /// Columns that an image leaves out (binlog_row_image is not FULL), by index; empty if all are there.
    [[nodiscard]] std::vector<std::size_t> missing_columns() const;
};

struct Heartbeat {
    std::string_view file;
    std::uint64_t position = 0;
};

/// A whole transaction in one event; PayloadReader yields what is inside.
struct TransactionPayload {
    PayloadCompression compression = PayloadCompression::None;
    std::uint64_t uncompressed_size = 0;
    ByteView payload;
};

/// The statement behind the row events that follow (RowsQuery of MySQL, Annotate of MariaDB).
struct RowsQuery {
    std::string_view statement;
};

struct Intvar {
    std::uint8_t kind = 0;
    std::uint64_t value = 0;
};  ///< 1 LAST_INSERT_ID, 2 INSERT_ID
struct Rand {
    std::uint64_t seed1 = 0;
    std::uint64_t seed2 = 0;
};
struct UserVar {
    std::string_view name;
    bool is_null = false;
    std::uint8_t kind = 0;
    std::uint32_t collation = 0;
    std::string_view value;
};
struct Stop {};
struct Incident {
    std::uint16_t number = 0;
    std::string_view message;
};
struct BinlogCheckpoint {
    std::string_view file;
};
struct StartEncryption {
    std::uint8_t scheme = 0;
    std::uint32_t key_version = 0;
};

/// A type this room does not decode. Fatal to a reader unless the header says ignorable or the type is known harmless.
struct Unknown {
    EventType type = EventType::Unknown;
    bool is_ignorable = false;
    ByteView body;
};

using EventBody =
    std::variant<FormatDescription, Rotate, Query, Xid, XaPrepare, GtidEvent, MariaDbGtidEvent, PreviousGtids,
                 MariaDbGtidList, TableMapEvent, RowsEvent, Heartbeat, TransactionPayload, RowsQuery, Intvar, Rand,
                 UserVar, Stop, Incident, BinlogCheckpoint, StartEncryption, Unknown>;

/// One decoded event. A plain value; its views live as long as the bytes it was decoded from.
struct Event {
    EventHeader header;
    EventBody body;

    template <typename Body>
    [[nodiscard]] const Body* get_if() const noexcept {
        return std::get_if<Body>(&body);
    }
};

}  // namespace dm::binlog
