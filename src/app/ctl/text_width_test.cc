#include "app/ctl/text_width.h"

#include <gtest/gtest.h>

namespace dm::ctl {
namespace {

TEST(TextWidth, CountsColumnsAsATerminalDoes) {
    EXPECT_EQ(columns_of(""), 0U);
    EXPECT_EQ(columns_of("abc"), 3U);
    EXPECT_EQ(columns_of("\xc3\xa4\xc3\xb6"), 2U) << "umlauts";
    EXPECT_EQ(columns_of("a\xcc\x88"), 1U) << "an umlaut of two characters";
    EXPECT_EQ(columns_of("\xe5\x90\x8d\xe5\x89\x8d"), 4U) << "two Japanese characters";
    EXPECT_EQ(columns_of("\xed\x95\x9c"), 2U) << "a Korean one";
    EXPECT_EQ(columns_of("\xf0\x9f\x98\x80"), 2U) << "an emoji";
    EXPECT_EQ(columns_of("\x1b[31mab\x1b[0m"), 2U) << "colours";
    EXPECT_EQ(columns_of("a\xff"), 2U) << "a byte that is no character";
}

TEST(TextWidth, NamesCannotMoveTheCursor) {
    EXPECT_EQ(printable("a b\xc3\xa4\xe5\x90\x8d"), "a b\xc3\xa4\xe5\x90\x8d");
    EXPECT_EQ(printable("a\nb\x1b[2J\x7f\xc2\x9b\xff"), "a?b?[2J???");
}

}  // namespace
}  // namespace dm::ctl
