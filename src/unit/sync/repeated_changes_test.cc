#include "unit/sync/repeated_changes.h"

#include <gtest/gtest.h>

namespace dm::sync {
namespace {

using Verdict = RepeatedChanges::Verdict;

RepeatedChanges::Change change(std::uint64_t end, std::optional<std::uint64_t> gtid = std::nullopt,
                               const std::string& file = "bin.000001") {
    RepeatedChanges::Change made{.end = {.file = file, .offset = end}, .gtid = std::nullopt, .timestamp = 1};
    if (gtid) made.gtid = model::MySqlGtid{.uuid = {}, .tag = {}, .number = *gtid};
    return made;
}

std::size_t repeated(RepeatedChanges& changes, std::size_t count) {
    std::size_t skipped = 0;
    for (std::size_t i = 1; i <= count; ++i) skipped += changes.take(change(i * 100)) == Verdict::Repeated ? 1U : 0U;
    return skipped;
}

TEST(RepeatedChangesTest, what_was_handled_is_repeated_however_often_the_stream_breaks) {
    RepeatedChanges changes;
    EXPECT_EQ(repeated(changes, 10), 0U);
    changes.begin_again();
    EXPECT_EQ(repeated(changes, 4), 4U);
    changes.begin_again();
    changes.begin_again();
    EXPECT_EQ(repeated(changes, 12), 10U);
    changes.end_transaction();
    EXPECT_EQ(repeated(changes, 3), 0U);
    EXPECT_FALSE(changes.may_be_applied());
}

TEST(RepeatedChangesTest, a_transaction_elsewhere_is_not_the_same) {
    RepeatedChanges changes;
    (void)changes.take(change(100));
    changes.begin_again();
    changes.end_transaction();  // the head of the next file
    EXPECT_EQ(changes.take(change(100, std::nullopt, "bin.000002")), Verdict::Lost);
    EXPECT_EQ(changes.take(change(200, std::nullopt, "bin.000002")), Verdict::New);
    changes.end_transaction();
    EXPECT_TRUE(changes.may_be_applied()) << "what was applied of the lost one stays";
}

TEST(RepeatedChangesTest, the_same_gtid_elsewhere_is_applied_anew) {
    RepeatedChanges changes;
    (void)changes.take(change(100, 7));
    (void)changes.take(change(200, 7));
    changes.begin_again();
    EXPECT_EQ(changes.take(change(300, 7)), Verdict::Moved);
    EXPECT_TRUE(changes.may_be_applied());
    changes.end_transaction();
    EXPECT_FALSE(changes.may_be_applied());
    (void)changes.take(change(500, 8));
    changes.begin_again();
    EXPECT_EQ(changes.take(change(500, 9)), Verdict::Lost);
}

}  // namespace
}  // namespace dm::sync
