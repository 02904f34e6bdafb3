#include "unit/copy/byte_budget.h"

#include <thread>

#include <gtest/gtest.h>

namespace dm::copy {
namespace {

TEST(ByteBudget, GivesBackWhatIsShrunkOrGone) {
    ByteBudget budget(100);
    {
        auto first = budget.take(60, {});
        ASSERT_TRUE(first.has_value());
        first->shrink(10);
        first->shrink(20);
        EXPECT_EQ(budget.held(), 10U);
        ByteBudget::Share moved = std::move(*first);
        EXPECT_EQ(budget.held(), 10U);
        auto second = budget.take(90, {});
        moved = std::move(*second);
        EXPECT_EQ(budget.held(), 90U) << "what it held before is given back";
    }
    EXPECT_EQ(budget.held(), 0U);
}

TEST(ByteBudget, AnOversizedShareIsGrantedAlone) {
    ByteBudget budget(100);
    auto huge = budget.take(1000, {});
    ASSERT_TRUE(huge.has_value());
    std::stop_source stop;
    stop.request_stop();
    EXPECT_FALSE(budget.take(1, stop.get_token()).has_value());
    huge.reset();
    EXPECT_TRUE(budget.take(1, {}).has_value());
}

TEST(ByteBudget, AWaitEndsWhenBytesAreFree) {
    ByteBudget budget(100);
    std::optional<ByteBudget::Share> first = budget.take(80, {});
    std::jthread other([&] { EXPECT_TRUE(budget.take(50, {}).has_value()); });
    first->shrink(50);
    other.join();
}

}  // namespace
}  // namespace dm::copy
