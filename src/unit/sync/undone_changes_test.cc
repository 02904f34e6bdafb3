#include "unit/sync/undone_changes.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::sync {
namespace {

using Ranges = std::vector<UndoneChanges::Range>;

class UndoneChangesTest : public ::testing::Test {
  protected:
    void count(int events) {
        for (; events > 0; --events) (void)changes_.count();
    }
    UndoneChanges changes_;
};

TEST_F(UndoneChangesTest, a_rollback_undoes_what_is_left) {
    count(2);
    EXPECT_EQ(changes_.undone_by("SAVEPOINT `a`"), Ranges{});
    count(3);
    EXPECT_EQ(changes_.undone_by("ROLLBACK TO `A`"), (Ranges{{2, 5}}));
    EXPECT_EQ(changes_.undone_by("rollback work to savepoint \"a\""), Ranges{});
    count(1);
    EXPECT_EQ(changes_.undone_by("ROLLBACK"), (Ranges{{0, 2}, {5, 6}}));
}

TEST_F(UndoneChangesTest, savepoints_lie_within_each_other) {
    (void)changes_.undone_by("SAVEPOINT a");
    count(1);
    (void)changes_.undone_by("SAVEPOINT b");
    count(1);
    (void)changes_.undone_by("SAVEPOINT `c``c`");
    count(1);
    EXPECT_EQ(changes_.undone_by("ROLLBACK TO `c``c`"), (Ranges{{2, 3}}));
    count(1);
    EXPECT_EQ(changes_.undone_by("ROLLBACK TO b"), (Ranges{{1, 2}, {3, 4}}));
    EXPECT_THROW((void)changes_.undone_by("ROLLBACK TO `c``c`"), Error);
    count(1);
    EXPECT_EQ(changes_.undone_by("ROLLBACK TO a"), (Ranges{{0, 1}, {4, 5}}));
}

TEST_F(UndoneChangesTest, a_savepoint_that_is_set_again_is_the_later_one) {
    (void)changes_.undone_by("SAVEPOINT a");
    count(1);
    (void)changes_.undone_by("SAVEPOINT A");
    count(1);
    EXPECT_EQ(changes_.undone_by("ROLLBACK TO a"), (Ranges{{1, 2}}));
    changes_.begin_transaction();
    count(1);
    EXPECT_EQ(changes_.undone_by("ROLLBACK"), (Ranges{{0, 1}}));
}

TEST_F(UndoneChangesTest, what_is_foreseen_is_not_undone_again) {
    changes_.foresee({{1, 2}, {4, 6}});
    for (const std::size_t number : {0, 2, 3, 6}) EXPECT_FALSE(changes_.is_foreseen(number));
    for (const std::size_t number : {1, 4, 5}) EXPECT_TRUE(changes_.is_foreseen(number));
    count(6);
    EXPECT_EQ(changes_.undone_by("ROLLBACK TO a"), Ranges{});
    EXPECT_EQ(changes_.undone_by("ROLLBACK"), Ranges{});
    changes_.begin_transaction();
    EXPECT_FALSE(changes_.is_foreseen(1));
    count(1);
    EXPECT_EQ(changes_.undone_by("ROLLBACK"), (Ranges{{0, 1}}));
}

TEST_F(UndoneChangesTest, other_statements_are_none_of_its_business) {
    for (const auto* text : {"BEGIN", "COMMIT", "XA ROLLBACK 'a'", "DROP TABLE t", "SAVEPOINTS", ""})
        EXPECT_EQ(changes_.undone_by(text), std::nullopt);
}

}  // namespace
}  // namespace dm::sync
