#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <zlib.h>

#include "core/binlog/collations.h"
#include "core/binlog/column_layout.h"
#include "core/binlog/fixed_forms.h"
#include "core/binlog/json_binary.h"
#include "core/binlog/latin1.h"

namespace dm::binlog {
namespace {

using model::Value;
using model::ValueKind;

std::string_view take_prefixed(RowCursor& cursor, const ColumnLayout& layout) {
    switch (layout.width) {  // constants let the compiler read without a loop
        case 1:
            return cursor.take(cursor.little(1));
        case 2:
            return cursor.take(cursor.little(2));
        case 3:
            return cursor.take(cursor.little(3));
        default:
            return cursor.take(cursor.little(4));
    }
}

Value decode_text(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget&) {
    return Value::of_view(ValueKind::Text, take_prefixed(cursor, layout));
}

Value decode_latin1(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget& target) {
    return Value::of_view(ValueKind::Text, latin1_to_utf8(take_prefixed(cursor, layout), target.arena));
}

Value decode_bytes(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget&) {
    return Value::of_view(ValueKind::Bytes, take_prefixed(cursor, layout));
}

Value decode_padded(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget& target) {
    const std::string_view stored = take_prefixed(cursor, layout);
    if (stored.size() >= layout.length) return Value::of_view(ValueKind::Bytes, stored);
    const std::span<char> room = target.arena.allocate(layout.length);
    std::fill(std::copy(stored.begin(), stored.end(), room.begin()), room.end(), '\0');
    return Value::of_view(ValueKind::Bytes, {room.data(), room.size()});
}

template <std::string_view (*Print)(const std::array<std::uint8_t, 16>&, FixedText&)>
Value decode_form(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget& target) {
    const std::string_view stored = take_prefixed(cursor, layout);
    std::array<std::uint8_t, 16> bytes{};
    ensure(stored.size() <= bytes.size(), ErrorCode::BinlogMalformed, "fixed binary value longer than 16 bytes");
    std::transform(stored.begin(), stored.end(), bytes.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
    FixedText room;
    return Value::of_view(ValueKind::Text, target.arena.store(Print(bytes, room)));
}

Value decode_json(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget& target) {
    target.scratch.clear();
    append_json(take_prefixed(cursor, layout), target.scratch);
    return Value::of_view(ValueKind::Json, target.arena.store(target.scratch));
}

Value decode_number_of_member(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget&) {
    return Value::of_uint(cursor.little(layout.length));
}

Value decode_enum(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget&) {
    const std::uint64_t number = cursor.little(layout.length);
    // The error value reads as an empty text, but is not the member of that name.
    if (number == 0 && std::ranges::find(layout.elements, std::string_view()) == layout.elements.end())
        return Value::of_view(ValueKind::Text, {});
    if (number == 0 || number > layout.elements.size()) return Value::of_uint(number);
    return Value::of_view(ValueKind::Text, layout.elements[number - 1]);
}

Value decode_set(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget& target) {
    const std::uint64_t bits = cursor.little(layout.length);
    const std::size_t members = layout.elements.size();
    if (members < 64 && bits >> members != 0) return Value::of_uint(bits);
    target.scratch.clear();
    for (std::size_t i = 0; i < members; ++i) {
        if ((bits >> i & 1U) == 0) continue;
        if (!target.scratch.empty()) target.scratch += ',';
        target.scratch += layout.elements[i];
    }
    return Value::of_view(ValueKind::Text, target.arena.store(target.scratch));
}

/// MariaDB's COMPRESSED columns: a byte of method and length size, the length, deflated bytes; 0 and the bytes
/// themselves.
std::string_view inflate_value(std::string_view stored, model::ByteArena& arena) {
    constexpr unsigned kLengthMask = 0x07;
    constexpr unsigned kRawDeflate = 0x08;
    constexpr unsigned kMethodDeflate = 8;
    constexpr std::uint64_t kBestRatio = 1'100;
    if (stored.empty()) return {};
    const auto head = static_cast<unsigned char>(stored.front());
    if (head == 0) return stored.substr(1);
    ensure(head >> 4U == kMethodDeflate, ErrorCode::BinlogUnsupported,
           [&] { return fmt::format("compressed column with method {}", head >> 4U); });
    RowCursor cursor(as_bytes(stored.substr(1)));
    const unsigned width = head & kLengthMask;
    ensure(width >= 1 && width <= 4, ErrorCode::BinlogMalformed, "compressed value without a length");
    const std::uint64_t length = cursor.big(width);
    const std::string_view deflated = stored.substr(1 + width);
    ensure(length <= deflated.size() * kBestRatio, ErrorCode::BinlogMalformed,
           "compressed value with an impossible length");
    const std::span<char> room = arena.allocate(length);
    z_stream stream{};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(deflated.data()));  // zlib does not write to it
    stream.avail_in = static_cast<uInt>(deflated.size());
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = static_cast<uInt>(room.size());
    ensure(inflateInit2(&stream, (head & kRawDeflate) != 0 ? -MAX_WBITS : MAX_WBITS) == Z_OK,
           ErrorCode::BinlogMalformed, "compressed value cannot be inflated");
    const int result = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    ensure(result == Z_STREAM_END && stream.avail_out == 0, ErrorCode::BinlogMalformed,
           "compressed value cannot be inflated");
    return {room.data(), room.size()};
}

Value decode_compressed(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget& target) {
    const std::string_view plain = inflate_value(take_prefixed(cursor, layout), target.arena);
    switch (layout.text) {
        case TextHandling::AsIs:
            return Value::of_view(ValueKind::Text, plain);
        case TextHandling::Latin1:
            return Value::of_view(ValueKind::Text, latin1_to_utf8(plain, target.arena));
        case TextHandling::Bytes:
            break;
    }
    return Value::of_view(ValueKind::Bytes, plain);
}

ColumnDecoder text_decoder(const ColumnLayout& layout) {
    switch (layout.text) {
        case TextHandling::AsIs:
            return decode_text;
        case TextHandling::Latin1:
            return decode_latin1;
        case TextHandling::Bytes:
            break;
    }
    return decode_bytes;
}

bool is_binary(const ColumnHint& hint) { return hint.charset.empty() || hint.charset == "binary"; }

ColumnDecoder fixed_string_decoder(const TableMapColumn& column, const ColumnHint& hint, ColumnLayout& layout) {
    switch (hint.form) {
        case FixedForm::Uuid:
            return decode_form<uuid_from_record>;
        case FixedForm::Inet4:
            return decode_form<inet4_text>;
        case FixedForm::Inet6:
            return decode_form<inet6_text>;
        case FixedForm::None:
            break;
    }
    if (!is_binary(hint)) return text_decoder(layout);
    layout.length = hint.fixed_length > 0 ? hint.fixed_length : column.metadata;
    return decode_padded;
}

ColumnDecoder member_decoder(const TableMapColumn& column, const ColumnHint& hint, ColumnLayout& layout) {
    layout.length = column.metadata;
    ensure(layout.length >= 1 && layout.length <= 8, ErrorCode::BinlogMalformed,
           "ENUM or SET with an impossible width");
    layout.elements = hint.elements;
    if (layout.elements.empty()) return decode_number_of_member;
    return column.type == WireType::Enum ? decode_enum : decode_set;
}

void set_text(const ColumnHint& hint, ColumnLayout& layout) {
    layout.text = text_handling(hint.charset);
    if (layout.text == TextHandling::Bytes && !is_binary(hint)) layout.charset = hint.charset;
}

void set_blob_width(const TableMapColumn& column, ColumnLayout& layout) {
    ensure(column.metadata >= 1 && column.metadata <= 4, ErrorCode::BinlogMalformed,
           "BLOB with an impossible length prefix");
    layout.width = static_cast<std::uint8_t>(column.metadata);
}

}  // namespace

ColumnDecoder string_decoder(const TableMapColumn& column, const ColumnHint& hint, ColumnLayout& layout) {
    constexpr std::uint32_t kShortString = 255;
    layout.width = column.metadata > kShortString ? 2 : 1;
    switch (column.type) {
        case WireType::VarChar:
        case WireType::VarString:
            set_text(hint, layout);
            return text_decoder(layout);
        case WireType::String:
            set_text(hint, layout);
            return fixed_string_decoder(column, hint, layout);
        case WireType::VarCharCompressed:
            set_text(hint, layout);
            return decode_compressed;
        case WireType::BlobCompressed:
            set_text(hint, layout);
            set_blob_width(column, layout);
            return decode_compressed;
        case WireType::TinyBlob:
        case WireType::Blob:
        case WireType::MediumBlob:
        case WireType::LongBlob:
            set_text(hint, layout);
            set_blob_width(column, layout);
            return text_decoder(layout);
        case WireType::Geometry:
        case WireType::Vector:
            set_blob_width(column, layout);
            return decode_bytes;
        case WireType::Json:
            set_blob_width(column, layout);
            layout.is_json = true;
            return decode_json;
        case WireType::Enum:
        case WireType::Set:
            return member_decoder(column, hint, layout);
        default:
            return nullptr;
    }
}

}  // namespace dm::binlog
