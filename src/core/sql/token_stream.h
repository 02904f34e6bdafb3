#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/sql/lexer.h"

namespace dm::sql {

/// All tokens of one statement with a cursor: what the parsers are written with. Keywords are given in upper case and
/// match unquoted words in any case. Views the text, which must outlive it. Not thread-safe.
class TokenStream {
  public:
    /// Throws Error{ParseSql} if the text cannot be cut into tokens.
    TokenStream(std::string_view text, const LexOptions& options);

    /// The token `ahead` of the cursor; End beyond the last.
    [[nodiscard]] const Token& peek(std::size_t ahead = 0) const noexcept;
    [[nodiscard]] bool is_at_end() const noexcept { return peek().kind == TokenKind::End; }
    Token take() noexcept;
    /// Index of the cursor's token, to come back to with `rewind`.
    [[nodiscard]] std::size_t position() const noexcept { return position_; }
    void rewind(std::size_t position) noexcept { position_ = position; }
    /// Where the token before the cursor ends.
    [[nodiscard]] std::size_t previous_end() const noexcept;

    [[nodiscard]] bool is_word(std::string_view keyword, std::size_t ahead = 0) const noexcept;
    [[nodiscard]] bool is_any_word(std::initializer_list<std::string_view> keywords,
                                   std::size_t ahead = 0) const noexcept;
    [[nodiscard]] bool is_symbol(char symbol, std::size_t ahead = 0) const noexcept;
    /// Whether the token can be a name (quoted or not).
    [[nodiscard]] bool is_name(std::size_t ahead = 0) const noexcept;
    /// Takes the keywords if all of them come next.
    bool accept(std::string_view keyword) noexcept;
    bool accept(std::initializer_list<std::string_view> keywords) noexcept;
    bool accept_symbol(char symbol) noexcept;
    void expect(std::string_view keyword);
    void expect_symbol(char symbol);
    /// Takes a name. Throws Error{ParseSql} naming `what` if there is none.
    std::string take_name(std::string_view what);
    /// Takes a balanced parenthesised group, which must come next; returns its span with the parentheses.
    Span take_group();
    /// Takes one token, or a whole group if that is next.
    void take_item();

    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    [[nodiscard]] std::string_view text(Span span) const noexcept { return text_.substr(span.begin, span.size()); }
    [[nodiscard]] std::string_view text(const Token& token) const noexcept { return text(token.span); }
    [[nodiscard]] const LexOptions& options() const noexcept { return options_; }
    [[nodiscard]] const std::vector<Token>& tokens() const noexcept { return tokens_; }
    [[nodiscard]] const std::vector<Span>& skipped_comments() const noexcept { return skipped_; }

    /// Throws Error{ParseSql}: what was expected, what stands there and where.
    [[noreturn]] void fail(std::string_view expected) const;

  private:
    std::string_view text_;
    LexOptions options_;
    std::vector<Token> tokens_;
    std::vector<Span> skipped_;
    Token end_;
    std::size_t position_ = 0;
};

}  // namespace dm::sql
