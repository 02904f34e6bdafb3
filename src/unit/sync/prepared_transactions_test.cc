#include "unit/sync/prepared_transactions.h"

#include <gtest/gtest.h>

namespace dm::sync {
namespace {

StagedRows rows_of(const std::shared_ptr<const std::string>& bytes) {
    StagedRows rows;
    rows.event.rows = as_bytes(*bytes);
    rows.owner = bytes;
    return rows;
}

class PreparedTransactionsTest : public ::testing::Test {
  protected:
    void stage(const std::string& id, int events) {
        prepared_.open({.file = "bin.000001", .offset = 100});
        for (int i = 0; i < events; ++i) prepared_.add(rows_of(bytes_));
        prepared_.prepare(id);
    }

    const std::shared_ptr<const std::string> bytes_ = std::make_shared<const std::string>(1000, 'x');
    PreparedTransactions prepared_{4 * (1000 + sizeof(StagedRows))};
};

TEST_F(PreparedTransactionsTest, keeps_rows_until_they_are_taken) {
    stage("a", 2);
    stage("b", 1);
    EXPECT_EQ(prepared_.take("a")->rows.size(), 2U);
    EXPECT_FALSE(prepared_.take("a").has_value());
    EXPECT_EQ(prepared_.take("b")->rows.size(), 1U);
    EXPECT_EQ(prepared_.bytes(), 0U);
}

TEST_F(PreparedTransactionsTest, what_is_too_large_is_known_by_its_place_only) {
    stage("a", 3);
    stage("b", 2);
    const auto large = prepared_.take("b");
    ASSERT_TRUE(large.has_value());
    EXPECT_FALSE(large->is_whole);
    EXPECT_TRUE(large->rows.empty());
    EXPECT_EQ(large->start.offset, 100U);
    EXPECT_TRUE(prepared_.take("a")->is_whole);
    EXPECT_EQ(prepared_.bytes(), 0U);
}

TEST_F(PreparedTransactionsTest, an_id_used_again_means_the_newer_transaction) {
    stage("a", 1);
    stage("a", 2);
    EXPECT_EQ(prepared_.take("a")->rows.size(), 2U);
    EXPECT_EQ(prepared_.bytes(), 0U);
}

TEST_F(PreparedTransactionsTest, places_are_forgotten_when_the_stream_goes_on_elsewhere) {
    stage("a", 1);
    stage("large", 9);
    prepared_.open({.file = "bin.000001", .offset = 500});
    prepared_.add(rows_of(bytes_));
    prepared_.forget_places();
    EXPECT_FALSE(prepared_.is_open());
    EXPECT_FALSE(prepared_.take("large").has_value());
    EXPECT_TRUE(prepared_.take("a")->is_whole);
    EXPECT_EQ(prepared_.bytes(), 0U);
}

}  // namespace
}  // namespace dm::sync
