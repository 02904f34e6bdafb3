#include <bit>

#include "core/binlog/column_layout.h"
#include "core/binlog/decimal.h"

namespace dm::binlog {
namespace {

using model::Value;
using model::ValueKind;

template <std::size_t Width>
Value decode_signed(RowCursor& cursor, const ColumnLayout&, const DecodeTarget&) {
    constexpr unsigned kUnused = 64 - 8 * Width;
    return Value::of_int(static_cast<std::int64_t>(cursor.little(Width) << kUnused) >> kUnused);
}

template <std::size_t Width>
Value decode_unsigned(RowCursor& cursor, const ColumnLayout&, const DecodeTarget&) {
    return Value::of_uint(cursor.little(Width));
}

template <std::size_t Width>
ColumnDecoder integer(bool is_unsigned) {
    return is_unsigned ? decode_unsigned<Width> : decode_signed<Width>;
}

Value decode_float(RowCursor& cursor, const ColumnLayout&, const DecodeTarget&) {
    return Value::of_float(std::bit_cast<float>(static_cast<std::uint32_t>(cursor.little(4))));
}

Value decode_double(RowCursor& cursor, const ColumnLayout&, const DecodeTarget&) {
    return Value::of_double(std::bit_cast<double>(cursor.little(8)));
}

Value decode_decimal(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget& target) {
    DecimalText room;
    const std::string_view text = decimal_text(cursor.take(layout.length), layout.precision, layout.scale, room);
    return Value::of_view(ValueKind::Number, target.arena.store(text));
}

Value decode_bit(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget&) {
    return Value::of_uint(cursor.big(layout.length));
}

Value decode_year(RowCursor& cursor, const ColumnLayout&, const DecodeTarget&) {
    constexpr std::uint64_t kBase = 1900;
    const std::uint64_t stored = cursor.little(1);
    return Value::of_uint(stored == 0 ? 0 : kBase + stored);
}

Value decode_null(RowCursor&, const ColumnLayout&, const DecodeTarget&) { return Value::null(); }

ColumnDecoder decimal_column(const TableMapColumn& column, ColumnLayout& layout) {
    const unsigned precision = column.metadata & 0xffU;
    const unsigned scale = column.metadata >> 8U;
    ensure(is_decimal_type(precision, scale), ErrorCode::BinlogMalformed, "DECIMAL with an impossible precision");
    layout.precision = static_cast<std::uint8_t>(precision);
    layout.scale = static_cast<std::uint8_t>(scale);
    layout.length = static_cast<std::uint32_t>(decimal_bytes(precision, scale));
    return decode_decimal;
}

ColumnDecoder bit_column(const TableMapColumn& column, ColumnLayout& layout) {
    const unsigned bits = column.metadata & 0xffU;
    layout.length = (column.metadata >> 8U) + (bits > 0 ? 1 : 0);
    ensure(layout.length >= 1 && layout.length <= 8, ErrorCode::BinlogMalformed, "BIT with an impossible width");
    return decode_bit;
}

}  // namespace

ColumnDecoder number_decoder(const TableMapColumn& column, const ColumnHint& hint, ColumnLayout& layout) {
    switch (column.type) {
        case WireType::Tiny:
            return integer<1>(hint.is_unsigned);
        case WireType::Short:
            return integer<2>(hint.is_unsigned);
        case WireType::Int24:
            return integer<3>(hint.is_unsigned);
        case WireType::Long:
            return integer<4>(hint.is_unsigned);
        case WireType::LongLong:
            return integer<8>(hint.is_unsigned);
        case WireType::Float:
            return decode_float;
        case WireType::Double:
            return decode_double;
        case WireType::NewDecimal:
            return decimal_column(column, layout);
        case WireType::Bit:
            return bit_column(column, layout);
        case WireType::Year:
            return decode_year;
        case WireType::Null:
            return decode_null;
        default:
            return nullptr;
    }
}

}  // namespace dm::binlog
