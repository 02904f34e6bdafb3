#include "core/config/go_text.h"

#include <gtest/gtest.h>

namespace dm::config {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsWhatGoReads) {
    EXPECT_EQ(parse_duration("300ms"), 300ms);
    EXPECT_EQ(parse_duration("1h30m"), 90min);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration(".5s"), 500ms);
    EXPECT_EQ(parse_duration("-2s"), -2s);
    EXPECT_EQ(parse_duration("+2s"), 2s);
    EXPECT_EQ(parse_duration("0"), 0s);
    EXPECT_EQ(parse_duration("7ns"), 7ns);
    EXPECT_EQ(parse_duration("7us"), 7us);
    EXPECT_EQ(parse_duration("7\xC2\xB5s"), 7us);
    EXPECT_EQ(parse_duration("2540400h"), 2540400h);
}

TEST(Duration, RefusesTheRest) {
    for (const std::string_view text :
         {"", "-", "5", "1d", "s", "1.s.", "1 s", "1h 2m", ".", "1e3s", "99999999999h", "3000000h", "5S"}) {
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    }
}

TEST(Duration, PrintsAsGoDoes) {
    EXPECT_EQ(duration_text(0s), "0s");
    EXPECT_EQ(duration_text(30min), "30m0s");
    EXPECT_EQ(duration_text(90min), "1h30m0s");
    EXPECT_EQ(duration_text(60s), "1m0s");
    EXPECT_EQ(duration_text(1500ms), "1.5s");
    EXPECT_EQ(duration_text(300ms), "300ms");
    EXPECT_EQ(duration_text(1500us), "1.5ms");
    EXPECT_EQ(duration_text(7ns), "7ns");
    EXPECT_EQ(duration_text(1100ns), "1.1\xC2\xB5s");
    EXPECT_EQ(duration_text(-2s), "-2s");
    EXPECT_EQ(duration_text(1h + 1ns), "1h0m0.000000001s");
    EXPECT_EQ(parse_duration(duration_text(std::chrono::nanoseconds::max())), std::chrono::nanoseconds::max());
}

TEST(ByteSize, ReadsBinaryMultiples) {
    EXPECT_EQ(parse_byte_size("1024"), 1024U);
    EXPECT_EQ(parse_byte_size("500m"), 500U << 20U);
    EXPECT_EQ(parse_byte_size("64 MiB"), 64U << 20U);
    EXPECT_EQ(parse_byte_size("64MB"), 64U << 20U);
    EXPECT_EQ(parse_byte_size("1.5k"), 1536U);
    EXPECT_EQ(parse_byte_size("2T"), 2ULL << 40U);
    EXPECT_EQ(parse_byte_size("1P"), 1ULL << 50U);
    EXPECT_EQ(parse_byte_size("10b"), 10U);
}

TEST(ByteSize, RefusesTheRest) {
    for (const std::string_view text :
         {"", "m", "-1", "1x", "1mm", "1.2.3", ".", "99999999999999999999", "99999999p", "1 0"}) {
        EXPECT_EQ(parse_byte_size(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace dm::config
