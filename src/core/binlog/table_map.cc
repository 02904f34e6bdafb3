#include "core/binlog/table_map.h"

#include <algorithm>

#include <fmt/format.h>

namespace dm::binlog {
namespace {

/// Kinds of the fields behind the null bits.
enum class Extra : std::uint8_t {
    Signedness = 1,
    DefaultCharset = 2,
    ColumnCharset = 3,
    ColumnName = 4,
    SetMembers = 5,
    EnumMembers = 6,
    GeometryType = 7,
    PrimaryKey = 8,
    PrimaryKeyPrefix = 9,
    EnumSetDefaultCharset = 10,
    EnumSetColumnCharset = 11,
    Visibility = 12,
    VectorDimensions = 13,
};

bool is_numeric(WireType type) {
    switch (type) {
        case WireType::Tiny:
        case WireType::Short:
        case WireType::Int24:
        case WireType::Long:
        case WireType::LongLong:
        case WireType::NewDecimal:
        case WireType::Float:
        case WireType::Double:
            return true;
        default:
            return false;
    }
}

bool is_character(WireType type) {
    switch (type) {
        case WireType::String:
        case WireType::VarString:
        case WireType::VarChar:
        case WireType::TinyBlob:
        case WireType::MediumBlob:
        case WireType::LongBlob:
        case WireType::Blob:
        case WireType::BlobCompressed:
        case WireType::VarCharCompressed:
            return true;
        default:
            return false;
    }
}

bool is_enum_or_set(WireType type) { return type == WireType::Enum || type == WireType::Set; }
bool is_enum(WireType type) { return type == WireType::Enum; }
bool is_set(WireType type) { return type == WireType::Set; }
bool is_geometry(WireType type) { return type == WireType::Geometry; }
bool is_vector(WireType type) { return type == WireType::Vector; }

std::size_t metadata_bytes(WireType type) {
    switch (type) {
        case WireType::Float:
        case WireType::Double:
        case WireType::TinyBlob:
        case WireType::MediumBlob:
        case WireType::LongBlob:
        case WireType::Blob:
        case WireType::BlobCompressed:
        case WireType::Geometry:
        case WireType::Json:
        case WireType::Vector:
        case WireType::Timestamp2:
        case WireType::DateTime2:
        case WireType::Time2:
            return 1;
        case WireType::VarChar:
        case WireType::VarCharCompressed:
        case WireType::Bit:
        case WireType::NewDecimal:
        case WireType::String:
        case WireType::VarString:
        case WireType::Enum:
        case WireType::Set:
            return 2;
        default:
            return 0;
    }
}

/// CHAR, ENUM and SET share one type number; the metadata tells them apart and holds the length's upper bits.
void split_string_type(TableMapColumn& column) {
    const unsigned real = column.metadata & 0xffU;
    const unsigned length = column.metadata >> 8U;
    if ((real & 0x30U) != 0x30U) {
        column.type = static_cast<WireType>(real | 0x30U);
        column.metadata = length | ((real & 0x30U) ^ 0x30U) << 4U;
        return;
    }
    column.type = static_cast<WireType>(real);
    column.metadata = length;
}

void read_metadata(ByteCursor cursor, std::vector<TableMapColumn>& columns) {
    for (TableMapColumn& column : columns) {
        ensure(column.type != WireType::TypedArray, ErrorCode::BinlogUnsupported,
               "table map with a typed array column");
        const std::size_t width = metadata_bytes(column.type);
        if (width > 0) column.metadata = static_cast<std::uint32_t>(cursor.read_uint(width));
        if (column.type == WireType::String && column.metadata != 0) split_string_type(column);
    }
}

bool bit_from_top(ByteView bits, std::size_t index) {
    return index / 8 < bits.size() && (static_cast<unsigned>(bits[index / 8]) << (index % 8) & 0x80U) != 0;
}

template <typename Use>
void for_each_of(TableMap& table, bool (*wanted)(WireType), Use use) {
    for (TableMapColumn& column : table.columns) {
        if (wanted(column.type)) use(column);
    }
}

void read_default_charset(ByteCursor cursor, TableMap& table, bool (*wanted)(WireType)) {
    const auto usual = static_cast<std::uint16_t>(cursor.read_packed_uint());
    std::vector<TableMapColumn*> columns;
    for_each_of(table, wanted, [&](TableMapColumn& column) {
        column.collation = usual;
        columns.push_back(&column);
    });
    while (!cursor.is_at_end()) {
        const std::uint64_t index = cursor.read_packed_uint();
        ensure(index < columns.size(), ErrorCode::BinlogMalformed, "table map: charset of a column that is not there");
        columns[index]->collation = static_cast<std::uint16_t>(cursor.read_packed_uint());
    }
}

void read_column_charsets(ByteCursor cursor, TableMap& table, bool (*wanted)(WireType)) {
    for_each_of(table, wanted, [&](TableMapColumn& column) {
        column.collation = static_cast<std::uint16_t>(cursor.read_packed_uint());
    });
}

void read_members(ByteCursor cursor, TableMap& table, bool (*wanted)(WireType)) {
    for_each_of(table, wanted, [&](TableMapColumn& column) {
        const std::uint64_t count = cursor.read_packed_uint();
        ensure(count <= cursor.remaining(), ErrorCode::BinlogMalformed, "table map: more members than bytes");
        for (std::uint64_t i = 0; i < count; ++i)
            column.elements.emplace_back(cursor.read_text(cursor.read_packed_uint()));
    });
}

void read_primary_key(ByteCursor cursor, TableMap& table, bool has_prefix) {
    while (!cursor.is_at_end()) {
        const std::uint64_t index = cursor.read_packed_uint();
        ensure(index < table.columns.size(), ErrorCode::BinlogMalformed, "table map: key column that is not there");
        table.primary_key.push_back(index);
        table.primary_key_prefix.push_back(has_prefix ? static_cast<std::uint32_t>(cursor.read_packed_uint()) : 0);
    }
}

void read_extra(Extra kind, ByteView value, TableMap& table) {
    ByteCursor cursor(value);
    std::size_t index = 0;
    switch (kind) {
        case Extra::Signedness:
            for_each_of(table, is_numeric, [&](TableMapColumn& c) { c.is_unsigned = bit_from_top(value, index++); });
            table.has_signedness = true;
            return;
        case Extra::DefaultCharset:
            table.has_charsets = true;
            return read_default_charset(cursor, table, is_character);
        case Extra::ColumnCharset:
            table.has_charsets = true;
            return read_column_charsets(cursor, table, is_character);
        case Extra::EnumSetDefaultCharset:
            return read_default_charset(cursor, table, is_enum_or_set);
        case Extra::EnumSetColumnCharset:
            return read_column_charsets(cursor, table, is_enum_or_set);
        case Extra::ColumnName:
            for (TableMapColumn& column : table.columns) column.name = cursor.read_text(cursor.read_packed_uint());
            return;
        case Extra::SetMembers:
            return read_members(cursor, table, is_set);
        case Extra::EnumMembers:
            return read_members(cursor, table, is_enum);
        case Extra::GeometryType:
            return for_each_of(table, is_geometry, [&](TableMapColumn& c) {
                c.geometry_type = static_cast<std::uint32_t>(cursor.read_packed_uint());
            });
        case Extra::VectorDimensions:
            return for_each_of(table, is_vector, [&](TableMapColumn& c) {
                c.vector_dimensions = static_cast<std::uint32_t>(cursor.read_packed_uint());
            });
        case Extra::PrimaryKey:
            return read_primary_key(cursor, table, false);
        case Extra::PrimaryKeyPrefix:
            return read_primary_key(cursor, table, true);
        case Extra::Visibility:
            for (TableMapColumn& column : table.columns) column.is_visible = bit_from_top(value, index++);
            return;
    }
    // A later server's field: it adds knowledge, so leaving it out is harmless.
}

}  // namespace

std::string_view wire_type_name(WireType type) noexcept {
    switch (type) {
        case WireType::Decimal:
            return "decimal(old)";
        case WireType::Tiny:
            return "tiny";
        case WireType::Short:
            return "short";
        case WireType::Long:
            return "long";
        case WireType::Float:
            return "float";
        case WireType::Double:
            return "double";
        case WireType::Null:
            return "null";
        case WireType::Timestamp:
            return "timestamp(old)";
        case WireType::LongLong:
            return "longlong";
        case WireType::Int24:
            return "int24";
        case WireType::Date:
            return "date";
        case WireType::Time:
            return "time(old)";
        case WireType::DateTime:
            return "datetime(old)";
        case WireType::Year:
            return "year";
        case WireType::NewDate:
            return "newdate";
        case WireType::VarChar:
            return "varchar";
        case WireType::Bit:
            return "bit";
        case WireType::Timestamp2:
            return "timestamp";
        case WireType::DateTime2:
            return "datetime";
        case WireType::Time2:
            return "time";
        case WireType::TypedArray:
            return "array";
        case WireType::BlobCompressed:
            return "blob(compressed)";
        case WireType::VarCharCompressed:
            return "varchar(compressed)";
        case WireType::Vector:
            return "vector";
        case WireType::Json:
            return "json";
        case WireType::NewDecimal:
            return "decimal";
        case WireType::Enum:
            return "enum";
        case WireType::Set:
            return "set";
        case WireType::TinyBlob:
            return "tinyblob";
        case WireType::MediumBlob:
            return "mediumblob";
        case WireType::LongBlob:
            return "longblob";
        case WireType::Blob:
            return "blob";
        case WireType::VarString:
            return "varstring";
        case WireType::String:
            return "string";
        case WireType::Geometry:
            return "geometry";
    }
    return "unknown";
}

TableMap decode_table_map(ByteView body, std::uint16_t flags) {
    ByteCursor cursor(body);
    TableMap table;
    table.flags = flags;
    table.name.schema = cursor.read_text(cursor.read_packed_uint());
    cursor.skip(1);
    table.name.table = cursor.read_text(cursor.read_packed_uint());
    cursor.skip(1);
    const std::uint64_t count = cursor.read_packed_uint();
    const ByteView types = cursor.read_bytes(count);
    table.columns.resize(types.size());
    std::transform(types.begin(), types.end(), table.columns.begin(), [](std::byte type) {
        TableMapColumn column;
        column.type = static_cast<WireType>(type);
        return column;
    });
    read_metadata(ByteCursor(cursor.read_bytes(cursor.read_packed_uint())), table.columns);
    const ByteView nullable = cursor.read_bytes((types.size() + 7) / 8);
    for (std::size_t i = 0; i < types.size(); ++i) {
        table.columns[i].is_nullable = (static_cast<unsigned>(nullable[i / 8]) >> (i % 8) & 1U) != 0;
    }
    while (!cursor.is_at_end()) {
        const auto kind = static_cast<Extra>(cursor.read_u8());
        read_extra(kind, cursor.read_bytes(cursor.read_packed_uint()), table);
    }
    return table;
}

}  // namespace dm::binlog
