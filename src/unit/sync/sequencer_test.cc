#include "unit/sync/sequencer.h"

#include <gtest/gtest.h>

namespace dm::sync {
namespace {

/// A sequencer with four lanes whose queues nobody reads until it has ended.
class SequencerTest : public ::testing::Test {
  protected:
    SequencerTest() {
        for (int i = 0; i < 4; ++i) lanes_.push_back(std::make_unique<LaneQueue>(1'000, 1UL << 30U));
    }

    /// A transaction that inserts `rows` rows; the keys of transactions differ by `first_key`.
    void add_transaction(std::size_t rows, dml::CausalityKey first_key) {
        auto item = std::make_shared<RowsItem>();
        item->plan = plan_;
        item->after = model::RowBatch(1);
        for (std::size_t i = 0; i < rows; ++i) {
            item->after.append()[0] = model::Value::of_uint(first_key + i);
            item->keys.push_back(first_key + i);
            item->key_ends.push_back(static_cast<std::uint32_t>(item->keys.size()));
        }
        item->bytes = item->after.bytes();
        items_.emplace_back(std::move(item));
        items_.emplace_back(TransactionEnd{});
    }

    /// Hands everything to the sequencer as one piece.
    void run(Sequencer::Options options) {
        SequencerQueue input(10, 1UL << 20U);
        ASSERT_TRUE(input.push(std::move(items_), 1, {}));
        input.close();
        Sequencer(options, input, lanes_, progress_, metrics_).run({});
    }

    /// Rows of each slice that a lane was given.
    std::vector<std::size_t> slices(std::size_t lane) {
        std::vector<std::size_t> sizes;
        while (auto slice = lanes_[lane]->try_pop()) sizes.push_back(slice->size());
        return sizes;
    }

    const std::shared_ptr<const dml::TablePlan> plan_ = std::make_shared<dml::TablePlan>();
    metrics::Registry registry_;
    SystemClock clock_;
    SyncMetrics metrics_{registry_, {.task = "t", .source_id = "s1", .worker = "w"}, clock_};
    Progress progress_{4, clock_};
    std::vector<std::unique_ptr<LaneQueue>> lanes_;
    SequencerItems items_;
};

using Sizes = std::vector<std::size_t>;

TEST_F(SequencerTest, neighbouring_transactions_fill_a_slice_before_the_next_lane_is_taken) {
    for (dml::CausalityKey i = 0; i < 10; ++i) add_transaction(4, 100 * i);
    run({.slice_rows = 16, .spread_rows = 64});
    EXPECT_EQ(slices(0), Sizes{16});
    EXPECT_EQ(slices(1), Sizes{16});
    EXPECT_EQ(slices(2), Sizes{8});
    EXPECT_EQ(slices(3), Sizes{});
}

TEST_F(SequencerTest, a_large_transaction_goes_on_with_other_lanes) {
    add_transaction(40, 0);
    run({.slice_rows = 5, .spread_rows = 10});
    for (std::size_t lane = 0; lane < 4; ++lane) EXPECT_EQ(slices(lane), (Sizes{5, 5})) << lane;
}

TEST_F(SequencerTest, changes_that_share_a_key_stay_on_one_lane_in_their_order) {
    for (int i = 0; i < 6; ++i) add_transaction(2, 7);
    run({.slice_rows = 4, .spread_rows = 4});
    EXPECT_EQ(slices(0), (Sizes{4, 4, 4}));
}

}  // namespace
}  // namespace dm::sync
