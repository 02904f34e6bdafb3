#include "core/sql/comment_text.h"

#include <array>
#include <vector>

#include "core/sql/lexer.h"

namespace dm::sql {
namespace {

/// What MySQL writes for itself in the statements that it logs, and no row depends on.
constexpr auto kOfOneServer = std::to_array<std::string_view>(
    {"INVISIBLE", "VISIBLE", "ENCRYPTION", "TABLESPACE", "STORAGE", "COLUMN_FORMAT", "SECONDARY_ENGINE",
     "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE", "AUTOEXTEND_SIZE", "SRID"});

[[nodiscard]] bool executes(const model::ServerVersion& target, std::string_view opening) {
    const LexOptions options{
        .sql_mode = 0,
        .is_mariadb = target.flavor == model::Flavor::MariaDb,
        .is_tidb = target.is_tidb,
        .server_version = target.is_tidb ? 0 : target.major * 10000 + target.minor * 100 + target.patch};
    const std::string comment = std::string(opening) + " */";
    Lexer lexer(comment, options);
    (void)lexer.next();
    return !lexer.executed_comments().empty();
}

/// Whether the first words of a comment's text are of one server.
bool is_of_one_server(std::string_view text) {
    Lexer lexer(text, {});
    Token token = lexer.next();
    const auto word = [&] { return text.substr(token.span.begin, token.span.size()); };
    if (equal_ignoring_case(word(), "DEFAULT")) token = lexer.next();
    for (const std::string_view known : kOfOneServer) {
        if (equal_ignoring_case(word(), known)) return true;
    }
    return false;
}

bool is_blank_at(std::string_view text, std::size_t i) {
    return i >= text.size() || text[i] == ' ' || text[i] == '\n' || text[i] == '\t';
}

}  // namespace

std::string open_comments(std::string_view statement, bool is_from_mariadb, const model::ServerVersion& target) {
    Lexer lexer(statement, {.sql_mode = 0, .is_mariadb = is_from_mariadb});
    while (lexer.next().kind != TokenKind::End) {
    }
    std::string text;
    std::size_t done = 0;
    const auto cut = [&](Span mark) {
        text += statement.substr(done, mark.begin - done);
        // A mark parts words.
        const bool is_parted = text.empty() || is_blank_at(text, text.size() - 1) || is_blank_at(statement, mark.end);
        if (!is_parted) text += ' ';
        done = mark.end;
    };
    for (const auto& [opening, closing] : lexer.executed_comments()) {
        if (executes(target, statement.substr(opening.begin, opening.size()))) continue;
        if (is_of_one_server(statement.substr(opening.end, closing.begin - opening.end))) continue;
        cut(opening);
        cut(closing);
    }
    text += statement.substr(done);
    return text;
}

}  // namespace dm::sql
