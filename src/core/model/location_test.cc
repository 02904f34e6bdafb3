#include "core/model/location.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::model {
namespace {

using Order = std::strong_ordering;

Order compare(const std::string& a, std::uint64_t a_offset, const std::string& b, std::uint64_t b_offset) {
    return compare_positions({a, a_offset}, {b, b_offset});
}

TEST(BinlogPosition, OrdersByNumberThenOffset) {
    EXPECT_EQ(compare("bin.000009", 900, "bin.000010", 4), Order::less);
    EXPECT_EQ(compare("bin.999999", 900, "bin.1000000", 4), Order::less);
    EXPECT_EQ(compare("bin.000010", 900, "bin.000010", 901), Order::less);
    EXPECT_EQ(compare("bin.000010", 1ULL << 33U, "bin.000010", 5), Order::greater);
    EXPECT_EQ(compare("bin.10", 4, "bin.000010", 4), Order::equal);
    EXPECT_EQ(compare("", 4, "bin.000001", 4), Order::less);
    EXPECT_EQ(compare("a.000009", 4, "b.000001", 4), Order::less);
    EXPECT_EQ(compare("my.bin.000002", 4, "my.bin.000001", 4), Order::greater);
}

TEST(BinlogPosition, RelaySuffixCountsOnlyIfBothHaveIt) {
    EXPECT_EQ(compare("bin|000002.000001", 4, "bin|000001.000009", 4), Order::greater);
    EXPECT_EQ(compare("bin|000002.000001", 4, "bin.000001", 4), Order::equal);
    EXPECT_EQ(compare("bin|000002.000001", 4, "bin.000002", 4), Order::less);
    EXPECT_EQ(compare("bin|x.000001", 4, "bin.000001", 4), Order::greater);
}

TEST(BinlogPosition, ParsesBothForms) {
    EXPECT_EQ(parse_position("mysql-bin.000003:154"), (BinlogPosition{"mysql-bin.000003", 154}));
    EXPECT_EQ(parse_position("(mysql-bin.000003, 154)"), (BinlogPosition{"mysql-bin.000003", 154}));
    EXPECT_EQ(parse_position("(b|000001.000003,8589934592)"), (BinlogPosition{"b|000001.000003", 8589934592}));
    const BinlogPosition position{"bin.000001", 77};
    EXPECT_EQ(parse_position(position.to_string()), position);
    for (const char* text : {"", "bin.000001", "bin:", ":4", "bin:x", "bin:-4", "(bin:4)", "(bin, 4", "bin:4 "}) {
        try {
            (void)parse_position(text);
            ADD_FAILURE() << text;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::PositionInvalid) << text;
        }
    }
}

Location at(const std::string& gtids, std::uint64_t offset) {
    return {{"bin.000001", offset}, GtidSet::parse(Flavor::MariaDb, gtids)};
}

TEST(Location, ComparesByGtidWhereItCan) {
    EXPECT_EQ(compare_locations(at("0-1-5", 100), at("0-1-6", 50), true), Order::less);
    EXPECT_EQ(compare_locations(at("0-1-6", 50), at("0-1-5", 100), true), Order::greater);
    EXPECT_EQ(compare_locations(at("0-1-5", 100), at("0-1-6", 50), false), Order::greater);
    EXPECT_EQ(compare_locations(at("", 900), at("0-1-6", 50), true), Order::less);
    EXPECT_EQ(compare_locations(at("0-1-6", 900), at("0-1-6", 50), true), Order::equal);
    EXPECT_EQ(compare_locations(at("0-1-6,1-1-1", 900), at("0-1-7", 50), true), Order::greater);
}

TEST(Location, Zero) {
    EXPECT_TRUE(Location{}.is_zero());
    EXPECT_FALSE(at("0-1-1", 4).is_zero());
    EXPECT_EQ(at("0-1-1", 4).to_string(), "position: (bin.000001, 4), gtid-set: 0-1-1");
}

}  // namespace
}  // namespace dm::model
