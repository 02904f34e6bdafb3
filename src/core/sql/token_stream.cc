#include "core/sql/token_stream.h"

#include <fmt/format.h>

#include "base/error.h"

namespace dm::sql {

TokenStream::TokenStream(std::string_view text, const LexOptions& options) : text_(text), options_(options) {
    Lexer lexer(text, options);
    for (Token token = lexer.next(); token.kind != TokenKind::End; token = lexer.next()) tokens_.push_back(token);
    while (!tokens_.empty() && text_[tokens_.back().span.begin] == ';' && tokens_.back().kind == TokenKind::Symbol) {
        tokens_.pop_back();
    }
    skipped_ = lexer.skipped_comments();
    end_ = {TokenKind::End, {text.size(), text.size()}};
}

const Token& TokenStream::peek(std::size_t ahead) const noexcept {
    return position_ + ahead < tokens_.size() ? tokens_[position_ + ahead] : end_;
}

Token TokenStream::take() noexcept {
    const Token token = peek();
    if (position_ < tokens_.size()) ++position_;
    return token;
}

std::size_t TokenStream::previous_end() const noexcept { return position_ == 0 ? 0 : tokens_[position_ - 1].span.end; }

bool TokenStream::is_word(std::string_view keyword, std::size_t ahead) const noexcept {
    const Token& token = peek(ahead);
    return token.kind == TokenKind::Word && equal_ignoring_case(text(token), keyword);
}

bool TokenStream::is_any_word(std::initializer_list<std::string_view> keywords, std::size_t ahead) const noexcept {
    for (const auto keyword : keywords) {
        if (is_word(keyword, ahead)) return true;
    }
    return false;
}

bool TokenStream::is_symbol(char symbol, std::size_t ahead) const noexcept {
    const Token& token = peek(ahead);
    return token.kind == TokenKind::Symbol && text_[token.span.begin] == symbol;
}

bool TokenStream::is_name(std::size_t ahead) const noexcept {
    const TokenKind kind = peek(ahead).kind;
    return kind == TokenKind::Word || kind == TokenKind::QuotedName;
}

bool TokenStream::accept(std::string_view keyword) noexcept {
    if (!is_word(keyword)) return false;
    ++position_;
    return true;
}

bool TokenStream::accept(std::initializer_list<std::string_view> keywords) noexcept {
    std::size_t ahead = 0;
    for (const auto keyword : keywords) {
        if (!is_word(keyword, ahead++)) return false;
    }
    position_ += ahead;
    return true;
}

bool TokenStream::accept_symbol(char symbol) noexcept {
    if (!is_symbol(symbol)) return false;
    ++position_;
    return true;
}

void TokenStream::expect(std::string_view keyword) {
    if (!accept(keyword)) fail(keyword);
}

void TokenStream::expect_symbol(char symbol) {
    if (!accept_symbol(symbol)) fail(fmt::format("'{}'", symbol));
}

std::string TokenStream::take_name(std::string_view what) {
    if (!is_name()) fail(what);
    return name_of(text_, take());
}

Span TokenStream::take_group() {
    const std::size_t begin = peek().span.begin;
    expect_symbol('(');
    for (std::size_t depth = 1; depth > 0; take()) {
        if (is_at_end())
            throw Error(ErrorCode::ParseSql, "parenthesis opened at " + place_of(text_, begin) + " has no end");
        if (is_symbol('(')) ++depth;
        if (is_symbol(')')) --depth;
    }
    return {begin, previous_end()};
}

void TokenStream::take_item() {
    if (is_symbol('(')) {
        take_group();
    } else {
        take();
    }
}

void TokenStream::fail(std::string_view expected) const {
    const Token& token = peek();
    const std::string found = token.kind == TokenKind::End
                                  ? "the statement ends"
                                  : fmt::format("\"{}\" stands there", text(token).substr(0, 64));
    throw Error(ErrorCode::ParseSql,
                fmt::format("expected {} at {}, but {}", expected, place_of(text_, token.span.begin), found));
}

}  // namespace dm::sql
