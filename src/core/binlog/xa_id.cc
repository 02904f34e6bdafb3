#include "core/binlog/xa_id.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/byte_cursor.h"

namespace dm::binlog {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return text;
}

}  // namespace

std::optional<XaStatement> parse_xa_statement(std::string_view statement) {
    using Kind = XaStatement::Kind;
    constexpr auto kStarts = std::to_array<std::pair<std::string_view, Kind>>({{"xa start ", Kind::Start},
                                                                               {"xa end ", Kind::End},
                                                                               {"xa commit ", Kind::Commit},
                                                                               {"xa rollback ", Kind::Rollback}});
    for (const auto& [start, kind] : kStarts) {
        const bool is_it =
            std::ranges::equal(statement.substr(0, start.size()), start, [](char a, char b) { return lower(a) == b; });
        if (!is_it) continue;
        XaStatement xa{.kind = kind, .id = {}};
        for (const char c : statement.substr(start.size())) {
            if (c != ' ' && c != ';') xa.id += lower(c);
        }
        return xa;
    }
    return std::nullopt;
}

std::string xa_id(const XaPrepare& event) {
    ByteCursor cursor(as_bytes(event.xid));
    const std::uint32_t format = cursor.read_u32();
    const std::size_t global = cursor.read_u32();
    const std::size_t branch = cursor.read_u32();
    const std::string global_hex = hex(cursor.read_text(global));
    return fmt::format("x'{}',x'{}',{}", global_hex, hex(cursor.read_text(branch)), format);
}

}  // namespace dm::binlog
