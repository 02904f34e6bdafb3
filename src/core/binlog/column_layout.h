#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "core/binlog/row_layout.h"
#include "core/model/value.h"

namespace dm::binlog {

/// ByteCursor for row images: the same promises, but all inline, for this is the innermost loop of the program.
class RowCursor {
  public:
    explicit RowCursor(ByteView bytes) noexcept
        : at_(reinterpret_cast<const char*>(bytes.data())), end_(at_ + bytes.size()) {}

    [[nodiscard]] bool is_at_end() const noexcept { return at_ == end_; }
    [[nodiscard]] const char* at() const noexcept { return at_; }

    std::string_view take(std::size_t count) {
        if (count > static_cast<std::size_t>(end_ - at_)) fail();
        const std::string_view view(at_, count);
        at_ += count;
        return view;
    }
    /// Little-endian; `width` is best a constant.
    std::uint64_t little(std::size_t width) {
        std::uint64_t value = 0;
        std::memcpy(&value, take(width).data(), width);
        return value;
    }
    std::uint64_t big(std::size_t width) {
        std::uint64_t value = 0;
        for (const char c : take(width)) value = value << 8U | static_cast<unsigned char>(c);
        return value;
    }

  private:
    [[noreturn]] static void fail() { throw Error(ErrorCode::BinlogMalformed, "row image ends inside a value"); }

    const char* at_;
    const char* end_;
};

/// Where decoded values that are not in the event as they are go.
struct DecodeTarget {
    model::ByteArena& arena;
    std::string& scratch;  ///< reused between values
};

struct ColumnLayout;
using ColumnDecoder = model::Value (*)(RowCursor&, const ColumnLayout&, const DecodeTarget&);

/// One column, compiled: the function that decodes it and what this function needs to know.
struct ColumnLayout {
    ColumnDecoder decode = nullptr;
    std::uint32_t length = 0;    ///< bytes of BINARY(n) to pad to; bytes of a fixed-size value
    std::uint8_t width = 0;      ///< bytes of a length prefix
    std::uint8_t precision = 0;  ///< of DECIMAL
    std::uint8_t scale = 0;      ///< of DECIMAL; digits of fractional seconds
    bool is_json = false;        ///< MySQL's binary JSON
    TextHandling text = TextHandling::Bytes;
    std::string charset;  ///< not converted, not binary
    std::vector<std::string> elements;
};

/// Decoders by family; each picks the function for the column or returns null if the type is not of the family.
[[nodiscard]] ColumnDecoder number_decoder(const TableMapColumn& column, const ColumnHint& hint, ColumnLayout& layout);
[[nodiscard]] ColumnDecoder temporal_decoder(const TableMapColumn& column, const ColumnHint& hint,
                                             ColumnLayout& layout);
[[nodiscard]] ColumnDecoder string_decoder(const TableMapColumn& column, const ColumnHint& hint, ColumnLayout& layout);

}  // namespace dm::binlog
