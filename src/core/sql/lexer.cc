#include "core/sql/lexer.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "core/sql/sql_mode.h"

namespace dm::sql {

namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr bool is_blank(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool is_word_char(char c) noexcept {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80U;
}
constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

[[noreturn]] void fail_open(std::string_view what, std::string_view text, std::size_t begin) {
    throw Error(ErrorCode::ParseSql, fmt::format("{} opened at {} has no end", what, place_of(text, begin)));
}

/// MariaDB leaves out what MySQL 5.7 and later wrote for itself.
bool is_version_executed(const LexOptions& options, int version) noexcept {
    if (options.is_mariadb && version >= 50700 && version <= 99999) return false;
    return options.server_version == 0 || version <= options.server_version;
}

}  // namespace

LexOptions lex_options(const ParseContext& context) noexcept {
    return {.sql_mode = context.sql_mode,
            .is_mariadb = context.is_mariadb,
            .is_tidb = context.is_tidb,
            .server_version = context.server_version};
}

char Lexer::at(std::size_t ahead) const noexcept {
    return offset_ + ahead < text_.size() ? text_[offset_ + ahead] : '\0';
}

void Lexer::skip_line() {
    while (offset_ < text_.size() && text_[offset_] != '\n') ++offset_;
}

/// Reads the opening of an executable comment at the cursor; false leaves the cursor where it was.
bool Lexer::enter_executed_comment() {
    const bool is_plain_mark = at(2) == '!';
    const bool is_mariadb_mark = at(2) == 'M' && at(3) == '!';
    const bool is_tidb_mark = at(2) == 'T' && at(3) == '!';
    const bool is_ours =
        is_plain_mark || (is_mariadb_mark && options_.is_mariadb) || (is_tidb_mark && options_.is_tidb);
    if (!is_ours || is_in_executed_) return false;
    std::size_t ahead = is_plain_mark ? 3 : 4;
    if (is_tidb_mark && at(ahead) == '[') {
        const auto close = text_.find(']', offset_ + ahead);
        if (close != std::string_view::npos) ahead = close + 1 - offset_;
    }
    int version = 0;
    std::size_t digits = 0;
    while (digits < 6 && is_digit(at(ahead + digits))) version = version * 10 + (at(ahead + digits++) - '0');
    const bool has_version = digits >= 5 && !is_tidb_mark;
    if (has_version && !is_version_executed(options_, version)) return false;
    opening_ = {offset_, offset_ + ahead + (has_version ? digits : 0)};
    is_in_executed_ = true;
    offset_ = opening_.end;
    return true;
}

void Lexer::skip_block_comment() {
    if (enter_executed_comment()) return;
    const std::size_t begin = offset_;
    const auto end = text_.find("*/", begin + 2);
    if (end == std::string_view::npos) fail_open("comment", text_, begin);
    const bool is_executable = at(2) == '!' || (at(2) == 'M' && at(3) == '!');
    offset_ = end + 2;
    if (is_executable) skipped_.push_back({begin, offset_});
}

bool Lexer::skip_comment() {
    const char c = at(0);
    if (c == '#' || (c == '-' && at(1) == '-' && (offset_ + 2 >= text_.size() || is_blank(at(2))))) {
        skip_line();
    } else if (c == '/' && at(1) == '*') {
        skip_block_comment();
    } else if (c == '*' && at(1) == '/' && is_in_executed_) {
        is_in_executed_ = false;
        executed_.push_back({.opening = opening_, .closing = {offset_, offset_ + 2}});
        offset_ += 2;
    } else {
        return false;
    }
    return true;
}

void Lexer::skip_blanks() {
    while (offset_ < text_.size()) {
        if (is_blank(text_[offset_])) {
            ++offset_;
        } else if (!skip_comment()) {
            return;
        }
    }
    if (is_in_executed_) fail_open("comment", text_, opening_.begin);
}

Token Lexer::next() {
    const std::size_t before = offset_;
    const Token previous = previous_;
    skip_blanks();
    const bool is_adjacent = offset_ == before;
    previous_ = read(is_adjacent ? previous : Token{});
    return previous_;
}

/// `adjacent` is the token that ends right here, or an End: it decides how a dot and digits after a dot are read.
Token Lexer::read(const Token& adjacent) {
    const std::size_t begin = offset_;
    if (begin >= text_.size()) return since(TokenKind::End, begin);
    const char c = at(0);
    const bool is_quote_next = at(1) == '\'';
    const bool is_after_name = adjacent.kind == TokenKind::Word || adjacent.kind == TokenKind::QuotedName;
    const bool is_after_dot = adjacent.kind == TokenKind::Symbol && text_[adjacent.span.begin] == '.';
    if (c == '\'' || (c == '"' && (options_.sql_mode & kModeAnsiQuotes) == 0)) return read_string(begin);
    if (c == '`' || c == '"') return read_quoted_name();
    if (c == '@') return read_variable();
    if (is_quote_next && lower(c) == 'n') {
        ++offset_;
        return read_string(begin);
    }
    if (is_quote_next && (lower(c) == 'x' || lower(c) == 'b')) {
        ++offset_;
        return {TokenKind::Binary, read_string(begin).span};
    }
    if ((is_digit(c) && !is_after_dot) || (c == '.' && is_digit(at(1)) && !is_after_name)) return read_number();
    if (is_word_char(c)) return read_word();
    ++offset_;
    return since(TokenKind::Symbol, begin);
}

Token Lexer::read_word() {
    const std::size_t begin = offset_;
    while (is_word_char(at(0))) ++offset_;
    return since(TokenKind::Word, begin);
}

Token Lexer::read_number() {
    const std::size_t begin = offset_;
    const bool is_prefixed = at(0) == '0' && (at(1) == 'x' || at(1) == 'b');
    if (is_prefixed) {
        const bool is_hexadecimal = at(1) == 'x';
        std::size_t ahead = 2;
        while (is_hexadecimal ? is_hex(at(ahead)) : (at(ahead) == '0' || at(ahead) == '1')) ++ahead;
        if (ahead > 2 && !is_word_char(at(ahead))) {
            offset_ += ahead;
            return since(TokenKind::Binary, begin);
        }
        return read_word();
    }
    while (is_digit(at(0))) ++offset_;
    const bool has_exponent =
        lower(at(0)) == 'e' && (is_digit(at(1)) || ((at(1) == '+' || at(1) == '-') && is_digit(at(2))));
    if (is_word_char(at(0)) && !has_exponent) {
        offset_ = begin;
        return read_word();
    }
    if (at(0) == '.') {
        ++offset_;
        while (is_digit(at(0))) ++offset_;
    }
    if (lower(at(0)) == 'e') {
        const std::size_t sign = at(1) == '+' || at(1) == '-' ? 1 : 0;
        if (is_digit(at(1 + sign))) {
            offset_ += 1 + sign;
            while (is_digit(at(0))) ++offset_;
        }
    }
    return since(TokenKind::Number, begin);
}

Token Lexer::read_string(std::size_t begin) {
    const char quote = at(0);
    const bool has_escapes = (options_.sql_mode & kModeNoBackslashEscapes) == 0;
    ++offset_;
    while (offset_ < text_.size()) {
        const char c = text_[offset_];
        if (c == '\\' && has_escapes) {
            offset_ += 2;
        } else if (c != quote) {
            ++offset_;
        } else if (at(1) == quote) {
            offset_ += 2;
        } else {
            ++offset_;
            return since(TokenKind::String, begin);
        }
    }
    fail_open("string", text_, begin);
}

Token Lexer::read_quoted_name() {
    const std::size_t begin = offset_;
    const char quote = at(0);
    ++offset_;
    while (offset_ < text_.size()) {
        if (text_[offset_] != quote) {
            ++offset_;
        } else if (at(1) == quote) {
            offset_ += 2;
        } else {
            ++offset_;
            return since(TokenKind::QuotedName, begin);
        }
    }
    fail_open("quoted name", text_, begin);
}

Token Lexer::read_variable() {
    const std::size_t begin = offset_;
    ++offset_;
    if (at(0) == '@') ++offset_;
    if (at(0) == '`') {
        read_quoted_name();
    } else if (at(0) == '\'' || at(0) == '"') {
        read_string(offset_);
    } else {
        while (is_word_char(at(0)) || at(0) == '.' || at(0) == '%') ++offset_;
    }
    return since(TokenKind::Variable, begin);
}

std::string name_of(std::string_view text, const Token& token) {
    const std::string_view raw = text.substr(token.span.begin, token.span.size());
    if (token.kind != TokenKind::QuotedName) return std::string(raw);
    std::string name;
    name.reserve(raw.size());
    for (std::size_t i = 1; i + 1 < raw.size(); ++i) {
        name += raw[i];
        if (raw[i] == raw.front()) ++i;
    }
    return name;
}

namespace {

/// What `\c` stands for; two characters for the escaped wildcards.
void append_unescaped(std::string& out, char c) {
    switch (c) {
        case '0':
            out += '\0';
            break;
        case 'n':
            out += '\n';
            break;
        case 't':
            out += '\t';
            break;
        case 'r':
            out += '\r';
            break;
        case 'b':
            out += '\b';
            break;
        case 'Z':
            out += '\x1a';
            break;
        case '%':
            out += "\\%";
            break;
        case '_':
            out += "\\_";
            break;
        default:
            out += c;
    }
}

}  // namespace

std::string string_value(std::string_view text, const Token& token, std::uint64_t sql_mode) {
    std::string_view raw = text.substr(token.span.begin, token.span.size());
    if (!raw.empty() && raw.front() != '\'' && raw.front() != '"') raw.remove_prefix(1);
    const bool has_escapes = (sql_mode & kModeNoBackslashEscapes) == 0;
    std::string value;
    value.reserve(raw.size());
    for (std::size_t i = 1; i + 1 < raw.size(); ++i) {
        if (raw[i] == '\\' && has_escapes) {
            append_unescaped(value, raw[++i]);
        } else {
            value += raw[i];
            if (raw[i] == raw.front()) ++i;
        }
    }
    return value;
}

std::string place_of(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const auto line_start = before.rfind('\n');
    const auto column = line_start == std::string_view::npos ? before.size() : before.size() - line_start - 1;
    return fmt::format("line {} column {}", std::count(before.begin(), before.end(), '\n') + 1, column + 1);
}

bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [](char a, char b) { return lower(a) == lower(b); });
}

std::string to_lower(std::string_view text) {
    std::string lowered(text);
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
    return lowered;
}

std::string to_upper(std::string_view text) {
    std::string raised(text);
    std::transform(raised.begin(), raised.end(), raised.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return raised;
}

}  // namespace dm::sql
