#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_cursor.h"
#include "core/model/names.h"

namespace dm::binlog {

/// Type of a column in a table map, as the server numbers it.
enum class WireType : std::uint8_t {
    Decimal = 0,
    Tiny = 1,
    Short = 2,
    Long = 3,
    Float = 4,
    Double = 5,
    Null = 6,
    Timestamp = 7,
    LongLong = 8,
    Int24 = 9,
    Date = 10,
    Time = 11,
    DateTime = 12,
    Year = 13,
    NewDate = 14,
    VarChar = 15,
    Bit = 16,
    Timestamp2 = 17,
    DateTime2 = 18,
    Time2 = 19,
    TypedArray = 20,
    BlobCompressed = 140,
    VarCharCompressed = 141,
    Vector = 242,
    Json = 245,
    NewDecimal = 246,
    Enum = 247,
    Set = 248,
    TinyBlob = 249,
    MediumBlob = 250,
    LongBlob = 251,
    Blob = 252,
    VarString = 253,
    String = 254,
    Geometry = 255,
};

[[nodiscard]] std::string_view wire_type_name(WireType type) noexcept;

/// One column as the table map describes it. What comes from the optional metadata is empty where the server did not
/// log it (binlog_row_metadata MINIMAL leaves out names and members, MariaDB's NO_LOG everything).
struct TableMapColumn {
    WireType type = WireType::Null;  ///< the real type: ENUM and SET are told from CHAR
    std::uint32_t metadata = 0;      ///< lengths, precision or fraction digits, by type; see docs of the wire format
    bool is_nullable = false;
    bool is_visible = true;
    bool is_unsigned = false;           ///< meaningful if TableMap::has_signedness
    std::uint16_t collation = 0;        ///< 0: not logged
    std::string name;                   ///< empty: not logged
    std::vector<std::string> elements;  ///< members of ENUM and SET in the column's charset; empty: not logged
    std::uint32_t geometry_type = 0;
    std::uint32_t vector_dimensions = 0;
};

/// Description of a table that precedes its row events. Owns all it holds; a plain value.
struct TableMap {
    model::TableName name;
    std::uint16_t flags = 0;
    std::vector<TableMapColumn> columns;
    bool has_signedness = false;
    bool has_charsets = false;
    std::vector<std::size_t> primary_key;           ///< column indexes in key order; empty: none or not logged
    std::vector<std::uint32_t> primary_key_prefix;  ///< parallel to primary_key, 0 = whole column
};

/// Decodes what follows table id and flags in a table map. Throws Error{BinlogMalformed}.
[[nodiscard]] TableMap decode_table_map(ByteView body, std::uint16_t flags);

}  // namespace dm::binlog
