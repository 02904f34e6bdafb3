#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// A statement cut into pieces that make it up again when they are joined: for rewriting texts that no parser need
/// understand. Pure functions; they never fail.
namespace dm::sql {

enum class PieceKind : std::uint8_t {
    Word,     ///< keyword, unquoted name or number
    Name,     ///< `name`
    Text,     ///< 'text' or "text"
    Comment,  ///< of any kind, executable ones too
    Blank,
    Sign,  ///< any other single character
};

struct Piece {
    PieceKind kind = PieceKind::Sign;
    std::string text;
};

/// Reads without ANSI_QUOTES and with backslash escapes. What has no end goes to the end of the statement.
[[nodiscard]] std::vector<Piece> split_pieces(std::string_view statement);

[[nodiscard]] std::string join_pieces(const std::vector<Piece>& pieces);

/// The piece's text without quotes, doubled quotes made single.
[[nodiscard]] std::string unquoted(const Piece& piece);

}  // namespace dm::sql
