#include "core/config/document.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "core/config/read_options.h"

namespace dm::config {

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
        const std::size_t size = utf8_length(text);
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
