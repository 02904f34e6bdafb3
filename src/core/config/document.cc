#include "core/config/document.h"

#include <fmt/format.h>

#include "core/config/read_options.h"

namespace dm::config {
namespace {

/// Length of the well-formed UTF-8 character at the front of `text`; 0 if there is none.
std::size_t character_size(std::string_view text) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4) return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) return 0;
    }
    const bool is_overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
    const bool is_surrogate = first == 0xED && byte(1) > 0x9F;
    const bool is_too_high = first == 0xF4 && byte(1) > 0x8F;
    return is_overlong || is_surrogate || is_too_high ? 0 : size;
}

}  // namespace

const Node* Node::find(std::string_view key) const noexcept {
    for (const auto& [name, value] : fields) {
        if (name == key) return &value;
    }
    return nullptr;
}

Error syntax_error(const DocumentOrigin& origin, int line, std::string_view text) {
    return line > 0 ? Error(origin.syntax, fmt::format("{}:{}: {}", origin.file_name, line, text))
                    : Error(origin.syntax, fmt::format("{}: {}", origin.file_name, text));
}

void check_text(std::string_view text, const DocumentOrigin& origin) {
    if (text.size() > kMaxConfigBytes) {
        throw syntax_error(origin, 0,
                           fmt::format("the text has {} bytes; at most {} are read", text.size(), kMaxConfigBytes));
    }
    int line = 1;
    while (!text.empty()) {
        const char c = text.front();
        const std::size_t size = character_size(text);
        if (size == 0) throw syntax_error(origin, line, "the text is not UTF-8");
        const bool is_control = static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\r' && c != '\t';
        if (is_control || c == '\x7F') {
            throw syntax_error(origin, line, fmt::format("control character 0x{:02x}", static_cast<unsigned char>(c)));
        }
        if (c == '\n') ++line;
        text.remove_prefix(size);
    }
}

}  // namespace dm::config
