#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dm::binlog {

/// Type byte of a value in MySQL's binary JSON.
enum class JsonType : std::uint8_t {
    SmallObject = 0,
    LargeObject = 1,
    SmallArray = 2,
    LargeArray = 3,
    Literal = 4,
    Int16 = 5,
    UInt16 = 6,
    Int32 = 7,
    UInt32 = 8,
    Int64 = 9,
    UInt64 = 10,
    Double = 11,
    String = 12,
    Opaque = 15,
};

/// Reads the length in front of strings and opaque values: 7 bits a byte, low ones first. Returns the bytes it took.
[[nodiscard]] std::size_t read_json_length(std::string_view bytes, std::uint64_t& length);

/// Bytes a scalar of this type takes from the start of `rest`. Throws Error{BinlogMalformed}.
[[nodiscard]] std::size_t json_scalar_bytes(JsonType type, std::string_view rest);

/// Appends the text of a scalar: numbers, literals, quoted strings; DECIMAL as digits, times and dates quoted, other
/// opaque values as "base64:typeN:...". Throws Error{BinlogMalformed}.
void append_json_scalar(JsonType type, std::string_view bytes, std::string& out);

/// Appends `text` in double quotes, escaped.
void append_json_string(std::string_view text, std::string& out);

}  // namespace dm::binlog
