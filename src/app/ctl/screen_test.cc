#include "app/ctl/screen.h"

#include <sstream>

#include <gtest/gtest.h>

namespace dm::ctl {
namespace {

TEST(Screen, CutsWhatDoesNotFit) {
    EXPECT_EQ(fitted("a\nb\n", 3, 10), "a\nb\n");
    EXPECT_EQ(fitted("a\nb\nc\nd\n", 4, 10), "a\nb\n... 2 more lines\n");
    EXPECT_EQ(fitted("a\nb\nc\nd\n", 1, 10), "... 4 more lines\n");
    EXPECT_EQ(fitted("a\nb\nc\nd\n", 0, 0), "a\nb\nc\nd\n");
    EXPECT_EQ(fitted("", 4, 10), "");
}

TEST(Screen, CountsTheRowsOfLongLines) {
    EXPECT_EQ(fitted("123456789\nb\nc\n", 4, 5), "123456789\n... 2 more lines\n");
    EXPECT_EQ(fitted("\x1b[32m12345\x1b[0m\nb\n", 3, 5), "\x1b[32m12345\x1b[0m\nb\n") << "colours take no room";
    EXPECT_EQ(fitted("\xc3\xa4\xc3\xb6\xc3\xbc\nb\n", 3, 3), "\xc3\xa4\xc3\xb6\xc3\xbc\nb\n")
        << "umlauts take one column";
}

TEST(Screen, ClearsOnlyBeforeTheFirstText) {
    std::ostringstream out;
    Screen screen(out);
    screen.draw("a\n");
    EXPECT_EQ(out.str(), "\x1b[H\x1b[2Ja\x1b[K\n\x1b[J");
    out.str("");
    screen.draw("b\n");
    EXPECT_EQ(out.str(), "\x1b[Hb\x1b[K\n\x1b[J");
}

}  // namespace
}  // namespace dm::ctl
