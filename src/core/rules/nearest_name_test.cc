#include "core/rules/nearest_name.h"

#include <array>

#include <gtest/gtest.h>

namespace dm::rules {
namespace {

constexpr auto kKnown = std::to_array<std::string_view>({"worker-count", "batch", "queue-size", "a"});

TEST(NearestName, FindsTheFewestEdits) {
    EXPECT_EQ(nearest_name("worker_count", kKnown), "worker-count");
    EXPECT_EQ(nearest_name("bacth", kKnown), "batch");
    EXPECT_EQ(nearest_name("queuesize", kKnown), "queue-size");
}

TEST(NearestName, SaysNothingAboutFarNames) {
    EXPECT_EQ(nearest_name("zzzzzzz", kKnown), std::nullopt);
    EXPECT_EQ(nearest_name("b", kKnown), std::nullopt) << "a name of which nothing is left is no help";
    EXPECT_EQ(nearest_name("", kKnown), std::nullopt);
    EXPECT_EQ(nearest_name(std::string(1000, 'a'), kKnown), std::nullopt);
}

}  // namespace
}  // namespace dm::rules
