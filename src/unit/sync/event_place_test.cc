#include "unit/sync/event_place.h"

#include <gtest/gtest.h>

namespace dm::sync {
namespace {

TEST(EventPlace, is_told_from_the_first_start_to_the_last_end) {
    const auto first = std::make_shared<const TransactionPlace>(
        TransactionPlace{.file = "bin.000001", .gtid = model::MariaDbGtid{.domain = 0, .server = 1, .sequence = 7}});
    const auto last = std::make_shared<const TransactionPlace>(TransactionPlace{.file = "bin.000002", .gtid = {}});
    EXPECT_EQ(
        locations({.transaction = first, .start = 100, .end = 200}, {.transaction = last, .start = 4, .end = 300}),
        "startLocation: [position: (bin.000001, 100), gtid: 0-1-7], endLocation: [position: (bin.000002, 300)]");
    EXPECT_EQ(locations({}, {}), "");
}

}  // namespace
}  // namespace dm::sync
