#include "core/sql/tidb_words.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/sql/lexer.h"

namespace dm::sql {
namespace {

using Note = std::function<void(std::string)>;

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::ranges::find(words, word) != words.end();
}

/// The last piece of the definition or action that `i` is in: before its comma, or before the parenthesis around it.
std::size_t last_of_element(const Pieces& pieces, std::size_t i) {
    std::size_t end = i;
    for (; end < pieces.size(); ++end) {
        if (pieces.is_sign(end, ',') || pieces.is_sign(end, ')')) break;
        if (pieces.is_sign(end, '(')) end = pieces.closing(end);
    }
    return pieces.before(std::min(end, pieces.size())).value_or(i);
}

/// "FULLTEXT KEY `x` (`a`)" in CREATE TABLE, "ADD SPATIAL INDEX (`g`)" in ALTER TABLE, with the comma on one side of
/// it; all of CREATE FULLTEXT INDEX.
void drop_index(Pieces& pieces, std::size_t i, const Note& note) {
    if (pieces.is_word_before(i, "CREATE")) {
        note(fmt::format("{} left out", pieces.take_out(0, pieces.size())));
        pieces[0].text = "DO 0";
        return;
    }
    std::size_t begin = i;
    if (const auto add = pieces.before(i); add && pieces.is_word(*add, "ADD")) begin = *add;
    note(fmt::format("{} left out", pieces.take_out_listed(begin, last_of_element(pieces, i))));
}

void adapt_charset(Piece& value, const Note& note) {
    static constexpr auto kKnown =
        std::to_array<std::string_view>({"utf8mb4", "utf8", "utf8mb3", "latin1", "ascii", "binary", "gbk"});
    const std::string name = to_lower(unquoted(value));
    if (is_one_of(name, kKnown)) return;
    note(fmt::format("charset {} -> utf8mb4", name));
    value.text = "utf8mb4";
}

/// DEFAULT (expression): TiDB knows a few functions there.
void drop_default(Pieces& pieces, std::size_t i, const Note& note) {
    static constexpr auto kKnown =
        std::to_array<std::string_view>({"RAND", "UUID", "UUID_TO_BIN", "DATE_FORMAT", "STR_TO_DATE", "UPPER",
                                         "REPLACE", "JSON_OBJECT", "JSON_ARRAY", "JSON_QUOTE", "VEC_FROM_TEXT"});
    const std::size_t open = pieces.after(i);
    if (!pieces.is_sign(open, '(')) return;
    const std::size_t first = pieces.after(open);
    const bool is_call =
        first < pieces.size() && pieces[first].kind == PieceKind::Word && pieces.is_sign(pieces.after(first), '(');
    if (is_call && is_one_of(to_upper(pieces[first].text), kKnown)) return;
    note(fmt::format("{} left out", pieces.take_out(i, pieces.closing(open) + 1)));
}

/// Words behind a column's type. A column of that name stands behind a sign or a word like ADD, and before its type.
bool is_attribute(const Pieces& pieces, std::size_t i) {
    static constexpr auto kUnknown = std::to_array<std::string_view>({"INVISIBLE", "COMPRESSED"});
    if (pieces[i].kind != PieceKind::Word || !is_one_of(to_upper(pieces[i].text), kUnknown)) return false;
    const std::size_t next = pieces.after(i);
    const auto previous = pieces.before(i);
    const bool is_value = previous && (pieces.is_sign(*previous, '=') || pieces.is_word(*previous, "ROW_FORMAT"));
    const bool is_first = !previous || pieces.is_sign(*previous, ',') || pieces.is_sign(*previous, '(');
    const bool ends = next >= pieces.size() || pieces.is_sign(next, ',') || pieces.is_sign(next, ')') ||
                      pieces.is_word(next, "DEFAULT") || pieces.is_word(next, "NOT") || pieces.is_word(next, "NULL") ||
                      pieces.is_word(next, "COMMENT") || pieces.is_word(next, "CHARACTER");
    return !is_value && !is_first && ends;
}

}  // namespace

std::string tidb_collation(const std::string& name, const model::ServerVersion& target) {
    static constexpr auto kKnown = std::to_array<std::string_view>(
        {"binary", "ascii_bin", "latin1_bin", "gbk_bin", "gbk_chinese_ci", "utf8_bin", "utf8_general_ci",
         "utf8_unicode_ci", "utf8mb3_bin", "utf8mb3_general_ci", "utf8mb3_unicode_ci", "utf8mb4_bin",
         "utf8mb4_general_ci", "utf8mb4_unicode_ci"});
    // What tells apart by the root rules of Unicode, letters only: the newest rules known tell apart at least as much.
    static constexpr auto kRoot =
        std::to_array<std::string_view>({"unicode_520_ci", "unicode_520_nopad_ci", "unicode_nopad_ci", "0900_ai_ci",
                                         "uca1400_ai_ci", "uca1400_nopad_ai_ci"});
    static constexpr auto kCharsets = std::to_array<std::string_view>({"ascii", "latin1", "gbk", "utf8", "utf8mb3"});
    if (is_one_of(name, kKnown)) return name;
    const bool has_0900 = target.is_tidb_at_least(7, 4);
    if (has_0900 && (name == "utf8mb4_0900_ai_ci" || name == "utf8mb4_0900_bin")) return name;
    const std::size_t line = name.find('_');
    const std::string charset = name.substr(0, line);
    const std::string rest = line == std::string::npos ? std::string() : name.substr(line + 1);
    const bool is_bare = charset == "uca1400";
    if ((charset == "utf8mb4" || is_bare) && is_one_of(is_bare ? name : rest, kRoot))
        return has_0900 ? "utf8mb4_0900_ai_ci" : "utf8mb4_bin";
    return fmt::format("{}_bin", is_one_of(charset, kCharsets) ? charset : "utf8mb4");
}

std::string_view tidb_type(std::string_view type) {
    static constexpr auto kSpatial =
        std::to_array<std::string_view>({"GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING",
                                         "MULTIPOLYGON", "GEOMETRYCOLLECTION", "GEOMCOLLECTION"});
    return is_one_of(type, kSpatial) ? "longblob" : type;
}

void adapt_to_tidb(Pieces& pieces, const Note& note) {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (pieces.is_word(i, "FULLTEXT") || pieces.is_word(i, "SPATIAL")) {
            drop_index(pieces, i, note);
        } else if (const auto charset = pieces.charset_at(i)) {
            adapt_charset(pieces[*charset], note);
        } else if (pieces.is_word(i, "DEFAULT")) {
            drop_default(pieces, i, note);
        } else if (is_attribute(pieces, i)) {
            note(fmt::format("{} left out", std::exchange(pieces[i].text, {})));
        }
    }
}

}  // namespace dm::sql
