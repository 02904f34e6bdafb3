#include "core/sql/statement_pieces.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/sql/lexer.h"

namespace dm::sql {
namespace {

bool is_word_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || (c & '\x80') != 0;
}

bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

/// End of what is quoted from `begin` on; a doubled quote and, in texts, a backslash continue it.
std::size_t end_of_quoted(std::string_view text, std::size_t begin) {
    const char quote = text[begin];
    std::size_t i = begin + 1;
    while (i < text.size()) {
        if (text[i] == '\\' && quote != '`') {
            i += 2;
        } else if (text[i] != quote) {
            ++i;
        } else if (i + 1 < text.size() && text[i + 1] == quote) {
            i += 2;
        } else {
            return i + 1;
        }
    }
    return text.size();
}

template <typename Predicate>
std::size_t end_of_run(std::string_view text, std::size_t begin, const Predicate& belongs) {
    while (begin < text.size() && belongs(text[begin])) ++begin;
    return begin;
}

Piece next_piece(std::string_view text, std::size_t begin) {
    const char c = text[begin];
    const bool is_line_comment = c == '#' || (c == '-' && text.substr(begin, 2) == "--" &&
                                              (begin + 2 == text.size() || is_blank(text[begin + 2])));
    PieceKind kind = PieceKind::Sign;
    std::size_t end = begin + 1;
    if (is_line_comment) {
        kind = PieceKind::Comment;
        end = std::min(text.find('\n', begin), text.size());
    } else if (c == '`') {
        kind = PieceKind::Name;
        end = end_of_quoted(text, begin);
    } else if (c == '\'' || c == '"') {
        kind = PieceKind::Text;
        end = end_of_quoted(text, begin);
    } else if (text.substr(begin, 2) == "/*") {
        kind = PieceKind::Comment;
        const std::size_t close = text.find("*/", begin + 2);
        end = close == std::string_view::npos ? text.size() : close + 2;
    } else if (is_blank(c)) {
        kind = PieceKind::Blank;
        end = end_of_run(text, begin, is_blank);
    } else if (is_word_char(c)) {
        kind = PieceKind::Word;
        end = end_of_run(text, begin, is_word_char);
    }
    return {kind, std::string(text.substr(begin, end - begin))};
}

}  // namespace

std::vector<Piece> split_pieces(std::string_view statement) {
    std::vector<Piece> pieces;
    for (std::size_t i = 0; i < statement.size();) {
        pieces.push_back(next_piece(statement, i));
        i += pieces.back().text.size();
    }
    return pieces;
}

std::string join_pieces(const std::vector<Piece>& pieces) {
    std::string text;
    for (const Piece& piece : pieces) text += piece.text;
    return text;
}

std::string unquoted(const Piece& piece) {
    if (piece.kind != PieceKind::Name && piece.kind != PieceKind::Text) return piece.text;
    std::string text;
    for (std::size_t i = 1; i + 1 < piece.text.size(); ++i) {
        if (piece.text[i] == piece.text[0]) ++i;  // doubled
        text += piece.text[i];
    }
    return text;
}

bool Pieces::is_word(std::size_t i, std::string_view word) const {
    return i < size() && pieces_[i].kind == PieceKind::Word && equal_ignoring_case(pieces_[i].text, word);
}

bool Pieces::is_sign(std::size_t i, char sign) const {
    return i < size() && pieces_[i].kind == PieceKind::Sign && pieces_[i].text.starts_with(sign);
}

bool Pieces::is_void(std::size_t i) const {
    return pieces_[i].text.empty() || pieces_[i].kind == PieceKind::Blank || pieces_[i].kind == PieceKind::Comment;
}

std::size_t Pieces::after(std::size_t i) const {
    for (++i; i < size() && is_void(i);) ++i;
    return i;
}

std::optional<std::size_t> Pieces::before(std::size_t i) const {
    while (i-- > 0) {
        if (!is_void(i)) return i;
    }
    return std::nullopt;
}

bool Pieces::is_word_before(std::size_t i, std::string_view word) const {
    const auto previous = before(i);
    return previous && is_word(*previous, word);
}

std::size_t Pieces::value_after(std::size_t i) const {
    const std::size_t next = after(i);
    return is_sign(next, '=') ? after(next) : next;
}

std::size_t Pieces::closing(std::size_t i) const {
    for (int depth = 0; i < size(); ++i) {
        if (is_sign(i, '(')) ++depth;
        if (is_sign(i, ')') && --depth == 0) break;
    }
    return i;
}

std::optional<std::size_t> Pieces::charset_at(std::size_t i) const {
    std::size_t keyword = i;
    if (is_word(i, "CHARACTER") || is_word(i, "CHAR")) {
        keyword = after(i);
        if (!is_word(keyword, "SET")) return std::nullopt;
    } else if (!is_word(i, "CHARSET")) {
        return std::nullopt;
    }
    const std::size_t value = value_after(keyword);
    if (value >= size() || pieces_[value].kind == PieceKind::Sign) return std::nullopt;
    return value;
}

std::string Pieces::take_out(std::size_t begin, std::size_t end) {
    std::string taken;
    for (std::size_t i = begin; i < end && i < size(); ++i) taken += std::exchange(pieces_[i].text, {});
    return taken;
}

std::string Pieces::take_out_listed(std::size_t first, std::size_t last) {
    const auto previous = before(first);
    const std::size_t behind = after(last);
    std::string taken = take_out(first, last + 1);
    if (first > 0 && pieces_[first - 1].kind == PieceKind::Blank) pieces_[first - 1].text.clear();
    if (previous && is_sign(*previous, ',')) {
        pieces_[*previous].text.clear();
    } else if (is_sign(behind, ',')) {
        pieces_[behind].text.clear();
    }
    return taken;
}

}  // namespace dm::sql
