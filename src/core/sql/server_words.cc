#include "core/sql/server_words.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/sql/lexer.h"

namespace dm::sql {
namespace {

using Note = std::function<void(std::string)>;
using Columns = std::vector<ColumnPieces>;

bool is_in_column(const Columns& columns, std::size_t i) {
    return std::ranges::any_of(columns, [&](const ColumnPieces& one) { return one.type <= i && i < one.end; });
}

/// The word TABLE, DATABASE or SCHEMA of CREATE and ALTER; size() if it is another statement.
std::size_t find_object(const Pieces& pieces) {
    std::size_t i = pieces.is_void(0) ? pieces.after(0) : 0;
    if (!pieces.is_word(i, "ALTER") && !pieces.is_word(i, "CREATE")) return pieces.size();
    while (i < pieces.size() && pieces[i].kind == PieceKind::Word) {
        if (pieces.is_word(i, "TABLE") || pieces.is_word(i, "DATABASE") || pieces.is_word(i, "SCHEMA")) return i;
        i = pieces.after(i);
    }
    return pieces.size();
}

/// Where nothing of a statement is left but the name it is about, one that does nothing.
void close_empty(Pieces& pieces) {
    std::size_t i = find_object(pieces);
    if (i >= pieces.size() || pieces.is_word_before(i, "CREATE")) return;
    i = pieces.after(i);
    if (pieces.is_word(i, "IF")) i = pieces.after(pieces.after(i));
    while (pieces.is_sign(pieces.after(i), '.')) i = pieces.after(pieces.after(i));
    if (pieces.after(i) < pieces.size()) return;
    pieces.take_out(0, pieces.size());
    pieces[0].text = kNothingToDo;
}

bool is_schema_statement(const Pieces& pieces) {
    const std::size_t object = find_object(pieces);
    return object < pieces.size() && !pieces.is_word(object, "TABLE");
}

void leave_out(Pieces& pieces, std::size_t first, std::size_t last, const Note& note) {
    note(fmt::format("{} left out", pieces.take_out(first, last + 1)));
}

void leave_out_listed(Pieces& pieces, std::size_t first, std::size_t last, const Note& note) {
    note(fmt::format("{} left out", pieces.take_out_listed(first, last)));
}

void replace(Piece& piece, std::string_view text, const Note& note) {
    note(fmt::format("{} -> {}", piece.text, text));
    piece.text = text;
}

/// `words` one after the other from `i`; the last of them, if they are there.
template <std::size_t N>
std::optional<std::size_t> last_of(const Pieces& pieces, std::size_t i, const std::array<std::string_view, N>& words) {
    std::size_t last = i;
    for (const std::string_view word : words) {
        if (!pieces.is_word(i, word)) return std::nullopt;
        last = std::exchange(i, pieces.after(i));
    }
    return last;
}

/// The parenthesis that closes the expression of a generated column, if it is one.
std::optional<std::size_t> end_of_expression(const Pieces& pieces, const ColumnPieces& column) {
    for (std::size_t i = column.type; i < column.end; ++i) {
        const std::size_t open = pieces.after(i);
        if (pieces.is_word(i, "AS") && pieces.is_sign(open, '(')) return pieces.closing(open);
        if (pieces.is_sign(i, '(')) i = pieces.closing(i);
    }
    return std::nullopt;
}

// --- for MariaDB

/// Clauses behind the expression of a generated column that MariaDB does not have there.
void drop_nullability(Pieces& pieces, const ColumnPieces& column, const Note& note) {
    const auto expression = end_of_expression(pieces, column);
    if (!expression) return;
    for (std::size_t i = *expression + 1; i < column.end; ++i) {
        if (const auto last = last_of(pieces, i, std::to_array<std::string_view>({"NOT", "NULL"})))
            leave_out(pieces, i, *last, note);
        else if (pieces.is_word(i, "NULL"))
            leave_out(pieces, i, i, note);
    }
}

void adapt_column_to_mariadb(Pieces& pieces, const ColumnPieces& column, const Note& note) {
    drop_nullability(pieces, column, note);
    for (std::size_t i = pieces.after(column.type); i < column.end; ++i) {
        const std::size_t value = pieces.after(i);
        const bool is_number = value < column.end && pieces[value].kind == PieceKind::Word &&
                               std::ranges::all_of(pieces[value].text, [](char c) { return c >= '0' && c <= '9'; });
        if (pieces.is_word(i, "SRID") && is_number) leave_out(pieces, i, value, note);
        if (pieces.is_word(i, "VISIBLE")) leave_out(pieces, i, i, note);
        if (pieces.is_word(i, "COLUMN_FORMAT") || pieces.is_word(i, "STORAGE")) leave_out(pieces, i, value, note);
        if (pieces.is_sign(i, '(')) i = pieces.closing(i);
    }
}

/// Where an index definition begins whose word KEY, INDEX or UNIQUE is at `i`: with ADD or UNIQUE before it.
std::size_t begin_of_index(const Pieces& pieces, std::size_t i) {
    while (const auto previous = pieces.before(i)) {
        if (!pieces.is_word(*previous, "UNIQUE") && !pieces.is_word(*previous, "ADD")) break;
        i = *previous;
    }
    return i;
}

std::size_t last_of_element(const Pieces& pieces, std::size_t i) {
    for (std::size_t end = i; end < pieces.size(); ++end) {
        if (pieces.is_sign(end, ',') || pieces.is_sign(end, ')')) return pieces.before(end).value_or(i);
        if (pieces.is_sign(end, '(')) end = pieces.closing(end);
    }
    return pieces.before(pieces.size()).value_or(i);
}

/// The parenthesis around the parts of the index whose word KEY or INDEX is at `i`, if it defines one.
std::optional<std::size_t> parts_of_index(const Pieces& pieces, std::size_t i) {
    if (!pieces.is_word(i, "KEY") && !pieces.is_word(i, "INDEX") && !pieces.is_word(i, "UNIQUE")) return std::nullopt;
    // Name, USING BTREE, ON `s`.`t`: a few words.
    std::size_t at = pieces.after(i);
    for (int words = 0; words < 8 && at < pieces.size(); ++words, at = pieces.after(at)) {
        if (pieces.is_sign(at, '(')) return at;
        if (pieces.is_sign(at, ',') || pieces.is_sign(at, ')')) return std::nullopt;
    }
    return std::nullopt;
}

bool has_expression(const Pieces& pieces, std::size_t open) {
    const std::size_t close = pieces.closing(open);
    for (std::size_t i = open; i < close; i = pieces.after(i)) {
        const bool is_begin = i == open || pieces.is_sign(i, ',');
        if (is_begin && pieces.is_sign(pieces.after(i), '(')) return true;
        if (i != open && pieces.is_sign(i, '(')) i = pieces.closing(i);
    }
    return false;
}

/// Of an expression MariaDB makes no index; it takes generated columns only.
void drop_expression_index(Pieces& pieces, std::size_t i, const Note& note) {
    const auto open = parts_of_index(pieces, i);
    if (!open || !has_expression(pieces, *open)) return;
    const std::size_t begin = begin_of_index(pieces, i);
    if (pieces.is_word_before(begin, "CREATE")) {
        note(fmt::format("{} left out", pieces.take_out(0, pieces.size())));
        pieces[0].text = kNothingToDo;
        return;
    }
    leave_out_listed(pieces, begin, last_of_element(pieces, *open), note);
}

/// ALTER [COLUMN] `c` SET VISIBLE: MariaDB wants the whole column again.
bool drop_column_visibility(Pieces& pieces, std::size_t i, const Note& note) {
    const auto set = pieces.before(i);
    if (!set || !pieces.is_word(*set, "SET")) return false;
    auto begin = pieces.before(*set);
    while (begin && !pieces.is_word(*begin, "ALTER")) begin = pieces.before(*begin);
    if (begin) leave_out_listed(pieces, *begin, i, note);
    return true;
}

void adapt_index_visibility(Pieces& pieces, std::size_t i, const model::ServerVersion& target, const Note& note) {
    const bool is_hidden = pieces.is_word(i, "INVISIBLE");
    const auto previous = pieces.before(i);
    const bool is_name = previous && (pieces.is_sign(*previous, '(') || pieces.is_sign(*previous, ',') ||
                                      pieces.is_word(*previous, "COLUMN") || pieces.is_word(*previous, "DROP"));
    if (is_name || (!is_hidden && !pieces.is_word(i, "VISIBLE"))) return;
    if (drop_column_visibility(pieces, i, note)) return;
    if (target.is_at_least(10, 6)) return replace(pieces[i], is_hidden ? "IGNORED" : "NOT IGNORED", note);
    leave_out(pieces, i, i, note);
}

/// DROP CHECK `c`; ALTER CHECK `c` [NOT] ENFORCED, where a constraint that is not enforced goes.
void adapt_check_action(Pieces& pieces, std::size_t i, const Note& note) {
    const std::size_t word = pieces.after(i);
    const bool is_check = pieces.is_word(word, "CHECK");
    if (pieces.is_word(i, "DROP") && is_check) return replace(pieces[word], "CONSTRAINT", note);
    if (!pieces.is_word(i, "ALTER") || (!is_check && !pieces.is_word(word, "CONSTRAINT"))) return;
    const std::size_t name = pieces.after(word);
    const std::size_t first = pieces.after(name);
    if (pieces.is_word(first, "ENFORCED")) return leave_out_listed(pieces, i, first, note);
    const auto last = last_of(pieces, first, std::to_array<std::string_view>({"NOT", "ENFORCED"}));
    if (!last) return;
    replace(pieces[i], "DROP", note);
    pieces[word].text = "CONSTRAINT";
    leave_out(pieces, first, *last, note);
}

// --- for MySQL

/// Types whose columns take no literal as a default.
bool is_long_type(std::string_view type) {
    const std::string name = to_upper(type);
    return name.ends_with("TEXT") || name.ends_with("BLOB") || name == "JSON";
}

/// DEFAULT NEXTVAL(`s`), DEFAULT (NEXT VALUE FOR `s`): the target has no sequences.
bool is_of_sequence(const Pieces& pieces, std::size_t value) {
    while (pieces.is_sign(value, '(')) value = pieces.after(value);
    return pieces.is_word(value, "NEXTVAL") || pieces.is_word(value, "LASTVAL") ||
           (pieces.is_word(value, "NEXT") && pieces.is_word(pieces.after(value), "VALUE"));
}

void adapt_default(Pieces& pieces, const ColumnPieces& column, std::size_t i, const model::ServerVersion& target,
                   const Note& note) {
    const std::size_t value = pieces.after(i);
    if (value >= column.end) return;
    const std::size_t open = pieces.is_sign(value, '(') ? value : pieces.after(value);
    if (is_of_sequence(pieces, value) && pieces.is_sign(open, '('))
        return leave_out(pieces, i, pieces.closing(open), note);
    const bool is_literal = pieces[value].kind == PieceKind::Text;
    if (!is_literal || !is_long_type(pieces[column.type].text)) return;
    if (!target.is_at_least(8, 0)) return leave_out(pieces, i, value, note);
    replace(pieces[value], fmt::format("({})", pieces[value].text), note);
}

void adapt_column_to_mysql(Pieces& pieces, const ColumnPieces& column, const model::ServerVersion& target,
                           const Note& note) {
    for (std::size_t i = pieces.after(column.type); i < column.end; ++i) {
        if (pieces.is_word(i, "PERSISTENT")) {
            replace(pieces[i], "STORED", note);
        } else if (pieces.is_word(i, "COMPRESSED")) {
            const bool has_method = pieces.is_sign(pieces.after(i), '=');
            leave_out(pieces, i, has_method ? pieces.value_after(i) : i, note);
        } else if (pieces.is_word(i, "REF_SYSTEM_ID")) {
            leave_out(pieces, i, pieces.value_after(i), note);
        } else if (pieces.is_word(i, "DEFAULT")) {
            adapt_default(pieces, column, i, target, note);
        } else if (pieces.is_sign(i, '(')) {
            i = pieces.closing(i);
        }
    }
}

void adapt_ignored_index(Pieces& pieces, std::size_t i, const model::ServerVersion& target, const Note& note) {
    if (!pieces.is_word(i, "IGNORED")) return;
    const auto previous = pieces.before(i);
    const bool is_used = previous && pieces.is_word(*previous, "NOT");
    if (is_used) pieces[*previous].text.clear();
    if (target.is_at_least(8, 0)) return replace(pieces[i], is_used ? "VISIBLE" : "INVISIBLE", note);
    leave_out(pieces, i, i, note);
}

}  // namespace

void adapt_to_mariadb(Pieces& pieces, const Columns& columns, const model::ServerVersion& target, const Note& note) {
    for (const ColumnPieces& column : columns) adapt_column_to_mariadb(pieces, column, note);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (is_in_column(columns, i)) continue;
        drop_expression_index(pieces, i, note);
        adapt_index_visibility(pieces, i, target, note);
        adapt_check_action(pieces, i, note);
        const auto only = last_of(pieces, i, std::to_array<std::string_view>({"READ", "ONLY"}));
        if (only && pieces.is_sign(pieces.after(*only), '=')) leave_out(pieces, i, pieces.value_after(*only), note);
    }
    close_empty(pieces);
}

void adapt_to_mysql(Pieces& pieces, const Columns& columns, const model::ServerVersion& target, const Note& note) {
    for (const ColumnPieces& column : columns) adapt_column_to_mysql(pieces, column, target, note);
    const bool is_schema = is_schema_statement(pieces);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (is_in_column(columns, i)) continue;
        adapt_ignored_index(pieces, i, target, note);
        const auto period = last_of(pieces, i, std::to_array<std::string_view>({"DROP", "PERIOD", "FOR"}));
        if (period && !pieces.is_word(pieces.after(*period), "SYSTEM_TIME"))
            leave_out_listed(pieces, i, pieces.after(*period), note);
        if (is_schema && pieces.is_word(i, "COMMENT")) leave_out(pieces, i, pieces.value_after(i), note);
    }
    close_empty(pieces);
}

}  // namespace dm::sql
