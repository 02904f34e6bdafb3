#include "core/dml/key_fineness.h"

#include <gtest/gtest.h>

namespace dm::dml {
namespace {

using Keys = std::vector<ComparedKey>;

ComparedPart part(std::string column, std::string collation = {}, std::uint32_t prefix = 0) {
    return {.column = std::move(column), .prefix = prefix, .collation = std::move(collation)};
}

TEST(FindCoarserKey, EqualKeysAreNot) {
    const Keys keys = {{part("id")}, {part("k", "utf8mb4_bin"), part("n")}};
    EXPECT_FALSE(find_coarser_key(keys, keys));
    EXPECT_FALSE(find_coarser_key(keys, {}));
}

TEST(FindCoarserKey, NamesTheColumnAndTheCollations) {
    const Keys source = {{part("id")}, {part("K", "utf8mb4_bin")}};
    const Keys target = {{part("id")}, {part("k", "utf8mb4_general_ci")}};
    EXPECT_EQ(find_coarser_key(source, target), "`k` (utf8mb4_bin -> utf8mb4_general_ci)");
}

TEST(FindCoarserKey, AKeyThatOnlyTheTargetHasMayClash) {
    const Keys target = {{part("id")}, {part("v"), part("w")}};
    EXPECT_EQ(find_coarser_key(Keys{{part("id")}}, target), "`v`, `w`");
    EXPECT_EQ(find_coarser_key({}, Keys{{part("v")}}), "`v`");
}

TEST(FindCoarserKey, MoreColumnsTellApartMore) {
    EXPECT_FALSE(find_coarser_key(Keys{{part("id")}}, Keys{{part("source"), part("id")}}));
    EXPECT_TRUE(find_coarser_key(Keys{{part("a"), part("b")}}, Keys{{part("a")}}));
}

TEST(FindCoarserKey, ShorterPrefixesTellApartLess) {
    const auto compare = [](std::uint32_t source, std::uint32_t target) {
        return find_coarser_key(Keys{{part("v", "binary", source)}}, Keys{{part("v", "binary", target)}}).has_value();
    };
    EXPECT_TRUE(compare(0, 10));
    EXPECT_TRUE(compare(20, 10));
    EXPECT_FALSE(compare(10, 20));
    EXPECT_FALSE(compare(10, 0));
}

}  // namespace
}  // namespace dm::dml
