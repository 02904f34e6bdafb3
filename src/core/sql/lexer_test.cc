#include "core/sql/lexer.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/sql/sql_mode.h"
#include "core/sql/statement_charset.h"

namespace dm::sql {
namespace {

/// Kinds and texts, "word:a symbol:.".
std::string tokens_of(std::string_view text, const LexOptions& options = {}) {
    static constexpr const char* kKinds[] = {"word", "name", "string", "number", "binary", "variable", "symbol"};
    Lexer lexer(text, options);
    std::string out;
    for (Token token = lexer.next(); token.kind != TokenKind::End; token = lexer.next()) {
        if (!out.empty()) out += ' ';
        out += kKinds[static_cast<int>(token.kind)];
        out += ':';
        out += text.substr(token.span.begin, token.span.size());
    }
    return out;
}

TEST(Lexer, ReadsNumbersAndWordsThatLookLikeNumbers) {
    EXPECT_EQ(tokens_of("1 1.5 .5 1e10 1.e-3 1a 1e5a 0x1F 0xZZ 0b101 0b12"),
              "number:1 number:1.5 number:.5 number:1e10 number:1.e-3 word:1a number:1e5 word:a binary:0x1F word:0xZZ "
              "binary:0b101 word:0b12");
}

TEST(Lexer, ReadsQualifiedNamesThatBeginWithDigits) {
    EXPECT_EQ(tokens_of("a.1b"), "word:a symbol:. word:1b");
    EXPECT_EQ(tokens_of("`a`.1"), "name:`a` symbol:. word:1");
    EXPECT_EQ(tokens_of("a .5"), "word:a number:.5");
}

TEST(Lexer, ReadsStringsWithIntroducers) {
    EXPECT_EQ(tokens_of("_utf8mb4'a' N'b' x'41' B'01' nb"),
              "word:_utf8mb4 string:'a' string:N'b' binary:x'41' binary:B'01' word:nb");
    EXPECT_EQ(tokens_of(R"('a''b' 'a\'b' "c")"), R"(string:'a''b' string:'a\'b' string:"c")");
}

TEST(Lexer, FollowsTheSqlMode) {
    EXPECT_EQ(tokens_of("\"a\"", {.sql_mode = kModeAnsiQuotes}), "name:\"a\"");
    EXPECT_EQ(tokens_of(R"('a\' 'b')", {.sql_mode = kModeNoBackslashEscapes}), R"(string:'a\' string:'b')");
}

TEST(Lexer, ReadsVariables) {
    EXPECT_EQ(tokens_of("@a @@global.x @`b c` @'d' u@`h`"),
              "variable:@a variable:@@global.x variable:@`b c` variable:@'d' word:u variable:@`h`");
}

TEST(Lexer, SkipsComments) {
    EXPECT_EQ(tokens_of("a -- b\nc --d # e\n/* f */g--"), "word:a word:c symbol:- symbol:- word:d word:g");
    EXPECT_EQ(tokens_of("a--"), "word:a");
}

TEST(Lexer, ReadsExecutableCommentsOfTheServer) {
    EXPECT_EQ(tokens_of("/*!50100 a */ /*! b */ /*!999999 c */", {.server_version = 80036}), "word:a word:b");
    EXPECT_EQ(tokens_of("/*!100100 a */ /*!50701 b */ /*!40101 c */ /*M!100000 d */", {.is_mariadb = true}),
              "word:a word:c word:d");
    EXPECT_EQ(tokens_of("/*M! a */ /*T! b */"), "");
    EXPECT_EQ(tokens_of("/*T! a */ /*T![x] b */", {.is_tidb = true}), "word:a word:b");
    EXPECT_EQ(tokens_of("/*! a /* x */ b */ c"), "word:a word:b word:c");
}

TEST(Lexer, SaysWhereSomethingHasNoEnd) {
    for (const char* text : {"a\n 'b", "a\n `b", "a\n /* b", "a\n /*! b"}) {
        try {
            (void)tokens_of(text);
            FAIL() << text;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::ParseSql);
            EXPECT_NE(error.message().find("line 2 column 2"), std::string::npos) << error.message();
        }
    }
}

TEST(Lexer, ResolvesEscapes) {
    const std::string_view text = R"('a\n\t\0\Z\%\_\\\x''"')";
    Lexer lexer(text, {});
    EXPECT_EQ(string_value(text, lexer.next(), 0), std::string("a\n\t\0\x1a\\%\\_\\x'\"", 13));
}

TEST(StatementCharset, ConvertsToUtf8) {
    EXPECT_EQ(statement_to_utf8("a\xe9", "latin1"), "a\xc3\xa9");
    EXPECT_EQ(statement_to_utf8("\x80\x81-\x9d", "latin1"), "\xe2\x82\xac\xc2\x81-\xc2\x9d");
    EXPECT_EQ(statement_to_utf8("\xb1\xed", "gbk"), "\xe8\xa1\xa8");
    EXPECT_EQ(statement_to_utf8("\xff", "utf8mb4"), "\xff");
    EXPECT_EQ(statement_to_utf8("plain", "unheard-of"), "plain");
    EXPECT_THROW(statement_to_utf8("\xe9", "unheard-of"), Error);
    EXPECT_THROW(statement_to_utf8("\x81 \xff", "gbk"), Error);
}

}  // namespace
}  // namespace dm::sql
