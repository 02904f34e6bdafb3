#include "base/byte_cursor.h"

#include <cassert>
#include <cstring>

#include <fmt/format.h>

namespace dm {

void ByteCursor::need(std::size_t count) const {
    if (count > remaining()) {
        throw Error(ErrorCode::BinlogMalformed,
                    fmt::format("{} bytes wanted at offset {} of {}", count, offset_, bytes_.size()));
    }
}

std::uint64_t ByteCursor::read_uint(std::size_t width) {
    assert(width >= 1 && width <= 8);
    need(width);
    std::uint64_t value = 0;
    std::memcpy(&value, bytes_.data() + offset_, width);
    offset_ += width;
    return value;
}

std::int64_t ByteCursor::read_int(std::size_t width) {
    const std::uint64_t raw = read_uint(width);
    const unsigned unused = static_cast<unsigned>(64 - 8 * width);
    return static_cast<std::int64_t>(raw << unused) >> unused;
}

std::uint64_t ByteCursor::read_uint_be(std::size_t width) {
    assert(width >= 1 && width <= 8);
    std::uint64_t value = 0;
    for (const std::byte byte : read_bytes(width)) value = value << 8U | static_cast<std::uint64_t>(byte);
    return value;
}

std::uint64_t ByteCursor::read_packed_uint() {
    const std::uint8_t first = read_u8();
    switch (first) {
        case 0xfc:
            return read_uint(2);
        case 0xfd:
            return read_uint(3);
        case 0xfe:
            return read_uint(8);
        case 0xfb:
        case 0xff:
            throw Error(ErrorCode::BinlogMalformed,
                        fmt::format("length-encoded integer starts with {:#x} at offset {}", first, offset_ - 1));
        default:
            return first;
    }
}

ByteView ByteCursor::read_bytes(std::size_t count) {
    need(count);
    const ByteView view = bytes_.subspan(offset_, count);
    offset_ += count;
    return view;
}

std::string_view ByteCursor::read_zero_terminated() {
    const std::string_view rest = as_text(bytes_.subspan(offset_));
    const auto end = rest.find('\0');
    ensure(end != std::string_view::npos, ErrorCode::BinlogMalformed, "text without its closing zero byte");
    offset_ += end + 1;
    return rest.substr(0, end);
}

}  // namespace dm
