#include "core/sql/mariadb_clauses.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "core/sql/token_stream.h"

namespace dm::sql {
namespace {

/// As the rewriter writes: without ANSI_QUOTES.
LexOptions own_options() { return {.sql_mode = 0, .is_mariadb = true, .is_tidb = false, .server_version = 0}; }

bool may_have_clauses(StatementKind kind) {
    switch (kind) {
        case StatementKind::AlterTable:
        case StatementKind::CreateIndex:
        case StatementKind::DropIndex:
        case StatementKind::DropTable:
        case StatementKind::RenameTable:
        case StatementKind::TruncateTable:
            return true;
        default:
            return false;
    }
}

struct Clauses {
    std::vector<Span> waits;
    std::vector<Span> conditions;  ///< IF [NOT] EXISTS
    bool has_list_condition = false;
    bool has_several_actions = false;
};

Clauses find_clauses(TokenStream& tokens, StatementKind kind) {
    Clauses clauses;
    int depth = 0;
    // The rewriter qualifies tables in back quotes: what follows the first of them may wait.
    bool was_table = false;
    while (!tokens.is_at_end()) {
        const std::size_t begin = tokens.peek().span.begin;
        const bool may_wait = depth == 0 && (was_table || kind == StatementKind::CreateIndex);
        const bool is_wait = tokens.is_word("WAIT") && tokens.peek(1).kind == TokenKind::Number;
        const bool is_no_wait = tokens.is_word("NOWAIT") && !tokens.is_symbol('(', 1);
        was_table = false;
        if (may_wait && (is_wait || is_no_wait)) {
            if (tokens.take(); is_wait) tokens.take();
            clauses.waits.push_back({begin, tokens.peek().span.begin});
        } else if (depth == 0 && (tokens.accept({"IF", "EXISTS"}) || tokens.accept({"IF", "NOT", "EXISTS"}))) {
            clauses.conditions.push_back({begin, tokens.peek().span.begin});
            if (tokens.is_symbol('(')) clauses.has_list_condition = true;
        } else {
            if (depth == 0 && tokens.is_symbol(',')) clauses.has_several_actions = true;
            if (tokens.is_symbol('(')) ++depth;
            if (tokens.is_symbol(')')) --depth;
            const bool is_qualified = tokens.is_symbol('.') && tokens.peek(1).kind == TokenKind::QuotedName;
            tokens.take();
            if (!is_qualified) continue;
            tokens.take();
            was_table = true;
        }
    }
    return clauses;
}

bool is_of_table(std::string_view statement, const Span& condition) {
    // "ALTER TABLE IF EXISTS", "DROP TABLE IF EXISTS": before any name.
    return statement.substr(0, condition.begin).find('`') == std::string_view::npos;
}

}  // namespace

std::string without_mariadb_clauses(std::string_view statement, StatementKind kind) {
    if (!may_have_clauses(kind)) return std::string(statement);
    TokenStream tokens(statement, own_options());
    const Clauses clauses = find_clauses(tokens, kind);
    std::vector<Span> cuts = clauses.waits;
    for (const Span& condition : clauses.conditions) {
        // Every server knows DROP TABLE IF EXISTS.
        if (kind == StatementKind::DropTable) continue;
        const bool is_single = !clauses.has_several_actions && !clauses.has_list_condition;
        if (kind == StatementKind::AlterTable && !is_single && !is_of_table(statement, condition)) {
            throw Error(ErrorCode::SyncDdlUnsupported,
                        fmt::format("only MariaDB knows IF [NOT] EXISTS within ALTER TABLE, and taking it out of a "
                                    "statement with several actions could lose the others: {}",
                                    statement))
                .with_workaround(
                    "Execute what is missing on the target, then let a filter with a sql-pattern skip the statement.");
        }
        cuts.push_back(condition);
    }
    std::string text(statement);
    std::ranges::sort(cuts, std::ranges::greater{}, &Span::begin);
    for (const Span& cut : cuts) text.erase(cut.begin, cut.size());
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
}

bool has_several_actions(std::string_view statement) {
    TokenStream tokens(statement, own_options());
    while (!tokens.is_at_end() && !tokens.is_symbol('.')) tokens.take();
    int depth = 0;
    bool is_column_list = false;
    while (!tokens.is_at_end()) {
        if (depth == 0 && tokens.is_word("ADD")) {
            const std::size_t next = tokens.is_word("COLUMN", 1) ? 2 : 1;
            is_column_list = tokens.is_symbol('(', next);
        }
        if (tokens.is_symbol('(')) ++depth;
        if (tokens.is_symbol(')')) --depth;
        if (tokens.is_symbol(',') && (depth == 0 || (depth == 1 && is_column_list))) return true;
        tokens.take();
    }
    return false;
}

}  // namespace dm::sql
