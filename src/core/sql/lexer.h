#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/sql/ddl.h"

namespace dm::sql {

enum class TokenKind : std::uint8_t {
    Word,        ///< keyword or unquoted name
    QuotedName,  ///< `name`, and "name" under ANSI_QUOTES
    String,      ///< 'text', N'text', and "text" without ANSI_QUOTES
    Number,
    Binary,    ///< x'..', b'..', 0x.., 0b..
    Variable,  ///< @name, @@name, also the @host of an account
    Symbol,    ///< any other single character
    End,
};

struct Token {
    TokenKind kind = TokenKind::End;
    Span span;
};

/// How the server that wrote the statement read it.
struct LexOptions {
    std::uint64_t sql_mode = 0;
    bool is_mariadb = false;
    bool is_tidb = false;    ///< reads the text of /*T! */ comments
    int server_version = 0;  ///< as in `/*!NNNNN */`; 0 reads them whatever their version
};

/// The marks around the text of an executable comment.
struct ExecutedComment {
    Span opening;  ///< with the version
    Span closing;
};

[[nodiscard]] LexOptions lex_options(const ParseContext& context) noexcept;

/// Cuts a statement (UTF-8 or another charset whose bytes below 0x80 are ASCII) into tokens, one at a time. Plain
/// comments vanish; the text of executable comments is read as if they were not there. Views the text, which must
/// outlive it.
class Lexer {
  public:
    Lexer(std::string_view text, const LexOptions& options) noexcept : text_(text), options_(options) {}

    /// The next token, End for ever after the last. Throws Error{ParseSql} for a string, name or comment without an
    /// end.
    Token next();

    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    [[nodiscard]] const LexOptions& options() const noexcept { return options_; }
    /// Executable comments met so far that the server did not execute (other kind of server or a later version).
    [[nodiscard]] const std::vector<Span>& skipped_comments() const noexcept { return skipped_; }
    /// Those that it did, and that have ended.
    [[nodiscard]] const std::vector<ExecutedComment>& executed_comments() const noexcept { return executed_; }

  private:
    void skip_blanks();
    bool skip_comment();
    void skip_block_comment();
    bool enter_executed_comment();
    Token read(const Token& adjacent);
    void skip_line();
    Token read_word();
    Token read_number();
    Token read_string(std::size_t begin);
    Token read_quoted_name();
    Token read_variable();
    [[nodiscard]] char at(std::size_t ahead) const noexcept;
    [[nodiscard]] Token since(TokenKind kind, std::size_t begin) const noexcept { return {kind, {begin, offset_}}; }

    std::string_view text_;
    LexOptions options_;
    std::size_t offset_ = 0;
    Span opening_;  ///< of the open executable comment
    bool is_in_executed_ = false;
    Token previous_;
    std::vector<Span> skipped_;
    std::vector<ExecutedComment> executed_;
};

/// A name token without its quotes; the text itself for words.
[[nodiscard]] std::string name_of(std::string_view text, const Token& token);

/// A string token's value: without introducer and quotes, escapes resolved as `sql_mode` says.
[[nodiscard]] std::string string_value(std::string_view text, const Token& token, std::uint64_t sql_mode);

/// "line 1 column 8", counted from 1 in bytes.
[[nodiscard]] std::string place_of(std::string_view text, std::size_t offset);

/// Compares without regard to ASCII case.
[[nodiscard]] bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept;
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string to_upper(std::string_view text);

}  // namespace dm::sql
