#pragma once

#include <cstdint>
#include <string_view>

namespace dm::binlog {

/// Number of an event as the server writes it; 160 and up are MariaDB's.
enum class EventType : std::uint8_t {
    Unknown = 0,
    StartV3 = 1,
    Query = 2,
    Stop = 3,
    Rotate = 4,
    Intvar = 5,
    Load = 6,
    Slave = 7,
    CreateFile = 8,
    AppendBlock = 9,
    ExecLoad = 10,
    DeleteFile = 11,
    NewLoad = 12,
    Rand = 13,
    UserVar = 14,
    FormatDescription = 15,
    Xid = 16,
    BeginLoadQuery = 17,
    ExecuteLoadQuery = 18,
    TableMap = 19,
    WriteRowsV0 = 20,
    UpdateRowsV0 = 21,
    DeleteRowsV0 = 22,
    WriteRowsV1 = 23,
    UpdateRowsV1 = 24,
    DeleteRowsV1 = 25,
    Incident = 26,
    Heartbeat = 27,
    Ignorable = 28,
    RowsQuery = 29,
    WriteRowsV2 = 30,
    UpdateRowsV2 = 31,
    DeleteRowsV2 = 32,
    Gtid = 33,
    AnonymousGtid = 34,
    PreviousGtids = 35,
    TransactionContext = 36,
    ViewChange = 37,
    XaPrepare = 38,
    PartialUpdateRows = 39,
    TransactionPayload = 40,
    HeartbeatV2 = 41,
    GtidTagged = 42,
    Annotate = 160,
    BinlogCheckpoint = 161,
    MariaDbGtid = 162,
    MariaDbGtidList = 163,
    StartEncryption = 164,
    QueryCompressed = 165,
    WriteRowsCompressedV1 = 166,
    UpdateRowsCompressedV1 = 167,
    DeleteRowsCompressedV1 = 168,
    WriteRowsCompressed = 169,
    UpdateRowsCompressed = 170,
    DeleteRowsCompressed = 171,
};

/// "WRITE_ROWS_V2" and so on; "UNKNOWN" for a number without a name.
[[nodiscard]] std::string_view event_type_name(EventType type) noexcept;

/// How events and transaction payloads are protected and packed.
enum class ChecksumAlgorithm : std::uint8_t { None = 0, Crc32 = 1 };
enum class PayloadCompression : std::uint8_t { Zstd = 0, None = 255 };

/// The 19 bytes every event starts with.
struct EventHeader {
    std::uint32_t timestamp = 0;  ///< seconds since 1970
    EventType type = EventType::Unknown;
    std::uint32_t server_id = 0;
    std::uint32_t event_size = 0;  ///< header, body and checksum
    std::uint32_t log_pos = 0;     ///< end of the event in its file as sent: the low 32 bits; 0 in artificial events
    std::uint16_t flags = 0;
    bool is_artificial = false;  ///< made by the server for the connection, not in the file
    bool is_ignorable = false;   ///< may be passed over by readers that do not know the type
};

}  // namespace dm::binlog
