#include "core/sql/set_statement.h"

#include "core/sql/token_stream.h"

namespace dm::sql {

std::string_view without_set_statement(std::string_view statement, const LexOptions& options) {
    Lexer head(statement, options);
    const auto is_next = [&](std::string_view word) {
        const Token token = head.next();
        return token.kind == TokenKind::Word &&
               equal_ignoring_case(statement.substr(token.span.begin, token.span.size()), word);
    };
    if (!is_next("SET") || !is_next("STATEMENT")) return statement;
    TokenStream tokens(statement, options);
    while (!tokens.is_at_end()) {
        if (tokens.accept("FOR")) return statement.substr(tokens.peek().span.begin);
        tokens.take_item();
    }
    return statement;
}

}  // namespace dm::sql
