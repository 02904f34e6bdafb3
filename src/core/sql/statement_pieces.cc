#include "core/sql/statement_pieces.h"

#include <algorithm>
#include <cctype>

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

}  // namespace dm::sql
