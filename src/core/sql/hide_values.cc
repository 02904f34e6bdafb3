#include "core/sql/hide_values.h"

#include "base/error.h"
#include "core/sql/lexer.h"

namespace dm::sql {

std::string hide_values(std::string_view statement) {
    std::string shown;
    std::size_t copied = 0;
    Lexer lexer(statement, {});
    try {
        for (Token token = lexer.next(); token.kind != TokenKind::End; token = lexer.next()) {
            shown += statement.substr(copied, token.span.begin - copied);
            const bool is_value =
                token.kind == TokenKind::String || token.kind == TokenKind::Number || token.kind == TokenKind::Binary;
            shown += is_value ? std::string_view("?")
                              : statement.substr(token.span.begin, token.span.end - token.span.begin);
            copied = token.span.end;
        }
    } catch (const Error&) {
        // An unfinished literal: what is left may be its value.
        return shown + "?";
    }
    return shown;
}

}  // namespace dm::sql
