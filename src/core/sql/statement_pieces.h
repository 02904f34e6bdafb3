#pragma once

#include <cstdint>
#include <optional>
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

/// A statement's pieces with a reader's questions. A position behind the last piece answers no.
class Pieces {
  public:
    explicit Pieces(std::string_view statement) : pieces_(split_pieces(statement)) {}

    [[nodiscard]] std::size_t size() const { return pieces_.size(); }
    [[nodiscard]] Piece& operator[](std::size_t i) { return pieces_[i]; }
    [[nodiscard]] const Piece& operator[](std::size_t i) const { return pieces_[i]; }
    [[nodiscard]] std::string text() const { return join_pieces(pieces_); }

    /// `word` is in capitals.
    [[nodiscard]] bool is_word(std::size_t i, std::string_view word) const;
    [[nodiscard]] bool is_sign(std::size_t i, char sign) const;
    /// Left out already, blank or a comment.
    [[nodiscard]] bool is_void(std::size_t i) const;
    /// The next piece that says something; size() if there is none.
    [[nodiscard]] std::size_t after(std::size_t i) const;
    /// Likewise backwards; nothing before the first.
    [[nodiscard]] std::optional<std::size_t> before(std::size_t i) const;
    [[nodiscard]] bool is_word_before(std::size_t i, std::string_view word) const;
    /// The value of "OPTION value" or "OPTION = value".
    [[nodiscard]] std::size_t value_after(std::size_t i) const;
    /// The sign that closes the parenthesis at `i`; size() if none does.
    [[nodiscard]] std::size_t closing(std::size_t i) const;
    /// The character set named at `i` or after it: "CHARSET [=] x", "CHARACTER SET [=] x"; nothing if none is.
    [[nodiscard]] std::optional<std::size_t> charset_at(std::size_t i) const;
    /// Empties the pieces from `begin` to before `end` and returns what they said.
    std::string take_out(std::size_t begin, std::size_t end);
    /// The same up to and with `last`, and the blank before them, and the comma on one side.
    std::string take_out_listed(std::size_t first, std::size_t last);

  private:
    std::vector<Piece> pieces_;
};

}  // namespace dm::sql
