#include <string>

#include <fmt/format.h>
#include <zlib.h>

#include "core/binlog/event_bodies.h"

namespace dm::binlog {
namespace {

constexpr unsigned kCompressedMark = 0x80;
constexpr unsigned kMarkMask = 0xe0;
constexpr unsigned kAlgorithmMask = 0x18;
constexpr unsigned kLengthMask = 0x07;
constexpr std::uint64_t kBestRatio = 1'100;  // deflate cannot do better

}  // namespace

std::shared_ptr<const std::string> inflate_field(ByteView prefix, ByteView compressed) {
    ByteCursor cursor(compressed);
    const unsigned head = cursor.read_u8();
    const unsigned width = head & kLengthMask;
    ensure((head & kMarkMask) == kCompressedMark && width >= 1 && width <= 4, ErrorCode::BinlogMalformed,
           "compressed field with a wrong first byte");
    ensure((head & kAlgorithmMask) == 0, ErrorCode::BinlogUnsupported, "compressed field that is not deflated");
    const std::uint64_t length = cursor.read_uint_be(width);
    const ByteView deflated = cursor.read_rest();
    ensure(length <= deflated.size() * kBestRatio, ErrorCode::BinlogMalformed,
           [&] { return fmt::format("compressed field of {} bytes claims to hold {}", deflated.size(), length); });
    auto text = std::make_shared<std::string>(as_text(prefix));
    text->resize(prefix.size() + length);
    auto size = static_cast<uLongf>(length);
    const int result = uncompress(reinterpret_cast<Bytef*>(text->data() + prefix.size()), &size,
                                  reinterpret_cast<const Bytef*>(deflated.data()), static_cast<uLong>(deflated.size()));
    ensure(result == Z_OK && size == length, ErrorCode::BinlogMalformed, "compressed field cannot be inflated");
    return text;
}

}  // namespace dm::binlog
