#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dm::schema {

/// A charset and one of its collations, by the names that MySQL 8 uses: "utf8" and "utf8_..." become "utf8mb3" and
/// "utf8mb3_...", whatever the server calls them. "binary" with "binary" for bytes.
struct CharsetPair {
    std::string charset;
    std::string collation;
    bool operator==(const CharsetPair&) const = default;
};

[[nodiscard]] std::string canonical_charset(std::string_view charset);
[[nodiscard]] std::string canonical_collation(std::string_view collation);

/// Most bytes one character takes; 1 for an unknown charset.
[[nodiscard]] std::uint32_t max_char_bytes(std::string_view charset) noexcept;

/// The collation of a charset where only the charset is named, in servers that set nothing else; "<charset>_general_ci"
/// if the charset is unknown.
[[nodiscard]] std::string builtin_collation(std::string_view charset);

/// The charset a collation belongs to. MariaDB's short names ("uca1400_ai_ci") belong to no charset: then it is empty.
[[nodiscard]] std::string charset_of_collation(std::string_view collation);

}  // namespace dm::schema
