#include "core/sql/check_constraints.h"

#include <optional>

#include <fmt/format.h>

#include "core/sql/lexer.h"
#include "core/sql/statement_pieces.h"

namespace dm::sql {
namespace {

bool is_name(const Pieces& pieces, std::size_t i) {
    return i < pieces.size() && (pieces[i].kind == PieceKind::Name || pieces[i].kind == PieceKind::Word);
}

/// IF EXISTS or IF NOT EXISTS at `i` is passed over.
std::size_t behind_condition(const Pieces& pieces, std::size_t i) {
    if (!pieces.is_word(i, "IF")) return i;
    while (i < pieces.size() && !pieces.is_word(i, "EXISTS")) i = pieces.after(i);
    return pieces.after(i);
}

/// The word CONSTRAINT that belongs to the CHECK at `check`: right before it, or before a name and its condition.
std::optional<std::size_t> find_constraint(const Pieces& pieces, std::size_t check) {
    auto word = pieces.before(check);
    if (!word || pieces.is_word(*word, "CONSTRAINT") || !is_name(pieces, *word)) return word;
    word = pieces.before(*word);
    for (const auto* condition : {"EXISTS", "NOT", "IF"}) {
        if (word && pieces.is_word(*word, condition)) word = pieces.before(*word);
    }
    return word;
}

/// Where `[ADD] [CONSTRAINT [IF NOT EXISTS] [name]] CHECK` begins; `check` is the last word.
std::size_t begin_of(const Pieces& pieces, std::size_t check) {
    const auto constraint = find_constraint(pieces, check);
    const std::size_t begin = constraint && pieces.is_word(*constraint, "CONSTRAINT") ? *constraint : check;
    const auto add = pieces.before(begin);
    return add && pieces.is_word(*add, "ADD") ? *add : begin;
}

/// Whether it is an element of a list, not a clause of a column.
bool is_listed(const Pieces& pieces, std::size_t begin) {
    const auto previous = pieces.before(begin);
    return pieces.is_word(begin, "ADD") ||
           (previous && (pieces.is_sign(*previous, ',') || pieces.is_sign(*previous, '(')));
}

/// "ALTER TABLE `s`.`t`" and no more.
bool has_no_action(const Pieces& pieces) {
    std::size_t i = pieces.is_void(0) ? pieces.after(0) : 0;
    if (!pieces.is_word(i, "ALTER")) return false;
    while (i < pieces.size() && !pieces.is_word(i, "TABLE")) i = pieces.after(i);
    i = behind_condition(pieces, pieces.after(i));
    while (pieces.is_sign(pieces.after(i), '.')) i = pieces.after(pieces.after(i));
    return pieces.after(i) >= pieces.size();
}

/// The last piece of NOT ENFORCED behind a CHECK that ends at `close`, as words or in a comment; nothing if it is not
/// there.
std::optional<std::size_t> end_of_not_enforced(const Pieces& pieces, std::size_t close) {
    for (std::size_t i = close + 1; i < pieces.size() && pieces.is_void(i); ++i) {
        if (pieces[i].text.starts_with("/*!") && pieces[i].text.find("NOT ENFORCED") != std::string::npos) return i;
    }
    const std::size_t word = pieces.after(close);
    const std::size_t last = pieces.after(word);
    if (pieces.is_word(word, "NOT") && pieces.is_word(last, "ENFORCED")) return last;
    return std::nullopt;
}

std::string left_of(const Pieces& pieces) { return has_no_action(pieces) ? std::string() : pieces.text(); }

/// A CHECK from its first word, which may be ADD or CONSTRAINT, to the parenthesis that closes its condition.
struct Check {
    std::size_t begin = 0;
    std::size_t close = 0;
};

/// Takes it out up to and with `last`, and returns what it said.
std::string take_out(Pieces& pieces, const Check& check, std::size_t last) {
    return is_listed(pieces, check.begin) ? pieces.take_out_listed(check.begin, last)
                                          : pieces.take_out(check.begin, last + 1);
}

/// `take(pieces, check)` takes out what is to go of each CHECK and returns it, or nothing.
AdaptedStatement without(std::string_view statement, const auto& take) {
    Pieces pieces(statement);
    AdaptedStatement adapted;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const std::size_t open = pieces.after(i);
        if (!pieces.is_word(i, "CHECK") || !pieces.is_sign(open, '(')) continue;
        const Check check{.begin = begin_of(pieces, i), .close = pieces.closing(open)};
        if (check.close >= pieces.size()) break;
        const std::string taken = take(pieces, check);
        if (!taken.empty()) adapted.changes.push_back(fmt::format("{} left out", taken));
        i = check.close;
    }
    adapted.text = adapted.changes.empty() ? std::string(statement) : left_of(pieces);
    return adapted;
}

}  // namespace

AdaptedStatement without_checks(std::string_view statement) {
    return without(statement, [](Pieces& pieces, const Check& check) { return take_out(pieces, check, check.close); });
}

AdaptedStatement without_unenforced_checks(std::string_view statement) {
    return without(statement, [](Pieces& pieces, const Check& check) {
        if (const auto last = end_of_not_enforced(pieces, check.close)) return take_out(pieces, check, *last);
        const std::size_t word = pieces.after(check.close);
        return pieces.is_word(word, "ENFORCED") ? pieces.take_out(word, word + 1) : std::string();
    });
}

AdaptedStatement without_drop_constraint(std::string_view statement, std::string_view name) {
    Pieces pieces(statement);
    AdaptedStatement adapted;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const std::size_t word = pieces.after(i);
        if (!pieces.is_word(i, "DROP") || !pieces.is_word(word, "CONSTRAINT")) continue;
        const std::size_t last = behind_condition(pieces, pieces.after(word));
        if (last >= pieces.size() || !equal_ignoring_case(unquoted(pieces[last]), name)) continue;
        adapted.changes.push_back(fmt::format("{} left out", pieces.take_out_listed(i, last)));
    }
    adapted.text = adapted.changes.empty() ? std::string(statement) : left_of(pieces);
    return adapted;
}

}  // namespace dm::sql
