#include "unit/sync/undone_changes.h"

#include <algorithm>

#include "base/error.h"
#include "core/sql/lexer.h"

namespace dm::sync {

namespace {

/// Takes a word, and the space behind it, off the front.
bool accept(std::string_view& text, std::string_view word) {
    if (!sql::equal_ignoring_case(text.substr(0, word.size()), word)) return false;
    if (text.size() > word.size() && text[word.size()] != ' ') return false;
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    return true;
}

/// Names are quoted as the session's sql_mode has it, which may change between two statements.
std::string_view without_quotes(std::string_view name) {
    const bool is_quoted = name.size() > 1 && (name.front() == '`' || name.front() == '"');
    return is_quoted ? name.substr(1, name.size() - 2) : name;
}

}  // namespace

void UndoneChanges::begin_transaction() { *this = {}; }

void UndoneChanges::foresee(std::vector<Range> undone) { foreseen_ = std::move(undone); }

bool UndoneChanges::is_foreseen(std::size_t number) const {
    const auto holds = [number](const Range& range) { return range.begin <= number && number < range.end; };
    return foreseen_ && std::ranges::any_of(*foreseen_, holds);
}

std::vector<UndoneChanges::Range> UndoneChanges::undo(std::size_t from) {
    std::vector<Range> ranges;
    std::size_t begin = from;
    for (const Range& range : undone_) {
        if (range.end <= from) continue;
        if (range.begin > begin) ranges.push_back({begin, range.begin});
        begin = range.end;
    }
    if (count_ > begin) ranges.push_back({begin, count_});
    std::erase_if(undone_, [&](const Range& range) { return range.begin >= from; });
    undone_.push_back({from, count_});
    return ranges;
}

std::optional<std::vector<UndoneChanges::Range>> UndoneChanges::undone_by(std::string_view statement) {
    const bool is_savepoint = accept(statement, "SAVEPOINT");
    if (!is_savepoint) {
        if (!accept(statement, "ROLLBACK")) return std::nullopt;
        if (foreseen_) return std::vector<Range>{};
        accept(statement, "WORK");
        if (!accept(statement, "TO")) return undo(0);
        accept(statement, "SAVEPOINT");
    }
    std::string name(without_quotes(statement));
    const auto found = std::ranges::find_if(
        savepoints_, [&](const Savepoint& savepoint) { return sql::equal_ignoring_case(savepoint.name, name); });
    if (is_savepoint) {
        if (found != savepoints_.end()) savepoints_.erase(found);
        savepoints_.push_back({.name = std::move(name), .place = count_});
        return std::vector<Range>{};
    }
    ensure(found != savepoints_.end(), ErrorCode::BinlogMalformed,
           [&] { return "a transaction goes back to the savepoint `" + name + "`, which it has not set"; });
    savepoints_.erase(found + 1, savepoints_.end());
    return undo(savepoints_.back().place);
}

}  // namespace dm::sync
