#include "core/binlog/json_binary.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "base/byte_cursor.h"
#include "base/error.h"

namespace {

using namespace dm::binlog;

template <typename Print>
std::optional<std::string> text_of(Print print) {
    std::string text;
    try {
        print(text);
    } catch (const dm::Error&) {
        return std::nullopt;
    }
    return text;
}

}  // namespace

/// The input is the length of a document, the document, and differences. Printing directly and through the tree agree.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const std::size_t length = std::min<std::size_t>(data[0] | static_cast<std::size_t>(data[1]) << 8U, size - 2);
    const std::string_view document = all.substr(2, length);
    const std::string_view differences = all.substr(2 + length);
    const auto direct = text_of([&](std::string& out) { append_json(document, out); });
    const auto by_tree = text_of([&](std::string& out) { append_json(parse_json_tree(document), out); });
    if (direct != by_tree) std::abort();
    (void)text_of([&](std::string& out) { append_patched_json(document, differences, out); });
    return 0;
}
