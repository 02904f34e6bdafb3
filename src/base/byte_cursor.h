#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace dm {

using ByteView = std::span<const std::byte>;

/// The bytes of a string, without copying.
[[nodiscard]] inline ByteView as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// The string over bytes, without copying.
[[nodiscard]] inline std::string_view as_text(ByteView bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads little-endian fields from a byte buffer that it does not own and never alters.
/// Reading past the end throws Error{BinlogMalformed} naming the offset; nothing is consumed then. Not thread-safe.
class ByteCursor {
  public:
    explicit ByteCursor(ByteView bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
    [[nodiscard]] std::size_t remaining() const noexcept { return bytes_.size() - offset_; }
    [[nodiscard]] bool is_at_end() const noexcept { return remaining() == 0; }

    /// Unsigned little-endian integer of 1 to 8 bytes.
    std::uint64_t read_uint(std::size_t width);
    /// Signed little-endian integer of 1 to 8 bytes, sign-extended.
    std::int64_t read_int(std::size_t width);
    /// Unsigned big-endian integer of 1 to 8 bytes.
    std::uint64_t read_uint_be(std::size_t width);
    std::uint8_t read_u8() { return static_cast<std::uint8_t>(read_uint(1)); }
    std::uint16_t read_u16() { return static_cast<std::uint16_t>(read_uint(2)); }
    std::uint32_t read_u32() { return static_cast<std::uint32_t>(read_uint(4)); }
    std::uint64_t read_u64() { return read_uint(8); }
    /// MySQL's length-encoded integer; the NULL marker 0xfb and 0xff are malformed here.
    std::uint64_t read_packed_uint();
    /// `count` bytes; the view is valid as long as the buffer.
    ByteView read_bytes(std::size_t count);
    std::string_view read_text(std::size_t count) { return as_text(read_bytes(count)); }
    /// Text up to a zero byte, which is consumed and not returned.
    std::string_view read_zero_terminated();
    ByteView read_rest() { return read_bytes(remaining()); }
    void skip(std::size_t count) { read_bytes(count); }

  private:
    void need(std::size_t count) const;

    ByteView bytes_;
    std::size_t offset_ = 0;
};

}  // namespace dm
