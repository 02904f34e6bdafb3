#include "unit/copy/copy_board.h"

#include <gtest/gtest.h>

namespace dm::copy {
namespace {

std::shared_ptr<TableJob> job(const std::string& name) {
    auto made = std::make_shared<TableJob>();
    made->source = {"s", name};
    return made;
}

std::shared_ptr<Chunk> chunk(const std::shared_ptr<TableJob>& job, std::int64_t number,
                             std::vector<std::string> upper) {
    auto made = std::make_shared<Chunk>();
    made->job = job;
    made->record = {.number = number, .range = {.lower = {}, .upper = std::move(upper)}};
    return made;
}

template <typename T>
T take(CopyBoard& board) {
    auto work = board.next({});
    EXPECT_TRUE(work.has_value());
    EXPECT_TRUE(std::holds_alternative<T>(*work)) << "kind " << work->index();
    return std::get<T>(*work);
}

TEST(CopyBoard, ATableIsStartedSplitReadAndFinished) {
    CopyBoard board(1);
    const auto table = job("t");
    board.add(table);
    EXPECT_EQ(take<StartTable>(board).job, table);
    board.table_started(table, {});
    EXPECT_TRUE(take<SplitTable>(board).after.empty());
    const auto first = chunk(table, 1, {"5"});
    board.table_split(table, {first}, false);
    EXPECT_EQ(take<ReadChunk>(board).chunk, first);
    const SplitTable more = take<SplitTable>(board);
    EXPECT_EQ(more.after, std::vector<std::string>{"5"});
    EXPECT_EQ(more.next_number, 2);
    const auto second = chunk(table, 2, {});
    board.table_split(table, {second}, true);
    EXPECT_EQ(take<ReadChunk>(board).chunk, second);
    EXPECT_EQ(board.chunk_counts().running, 2U);
    board.chunk_done(*first);
    board.chunk_done(*second);
    EXPECT_EQ(board.chunk_counts().done, 2U);
    EXPECT_EQ(board.chunk_counts().running, 0U);
    EXPECT_EQ(take<FinishTable>(board).job, table);
    EXPECT_FALSE(board.is_finished());
    board.table_done(table);
    EXPECT_TRUE(board.is_finished());
    EXPECT_FALSE(board.next({}).has_value());
    EXPECT_EQ(board.done_count(), 1U);
}

TEST(CopyBoard, ATableIsNotFinishedWhileAChunkIsToBeReadAgain) {
    CopyBoard board(1);
    const auto table = job("t");
    board.add(table);
    (void)take<StartTable>(board);
    StartedTable started;
    started.is_split = true;
    started.chunks = {chunk(table, 1, {})};
    board.table_started(table, std::move(started));
    const auto only = take<ReadChunk>(board).chunk;
    board.chunk_again(only);
    EXPECT_EQ(take<ReadChunk>(board).chunk, only);
    board.chunk_done(*only);
    (void)take<FinishTable>(board);
}

TEST(CopyBoard, ChunksAreReadBeforeAnotherTableStarts) {
    CopyBoard board(1);
    const auto one = job("one");
    const auto two = job("two");
    board.add(one);
    board.add(two);
    EXPECT_EQ(take<StartTable>(board).job, one);
    StartedTable started;
    started.is_split = true;
    started.chunks = {chunk(one, 1, {"1"}), chunk(one, 2, {})};
    board.table_started(one, std::move(started));
    (void)take<ReadChunk>(board);
    (void)take<ReadChunk>(board);
    EXPECT_EQ(take<StartTable>(board).job, two) << "while the last rows of the first are written";
}

TEST(CopyBoard, AVoidTableStartsAgainFirst) {
    CopyBoard board(1);
    const auto one = job("one");
    board.add(one);
    board.add(job("two"));
    (void)take<StartTable>(board);
    board.table_again(one);
    EXPECT_EQ(take<StartTable>(board).job, one);
}

TEST(CopyBoard, StopEndsTheWait) {
    CopyBoard board(1);
    std::stop_source stop;
    stop.request_stop();
    board.add(job("t"));
    EXPECT_FALSE(board.next(stop.get_token()).has_value());
    EXPECT_FALSE(board.wait_finished(stop.get_token()));
}

}  // namespace
}  // namespace dm::copy
