#include "unit/copy/copy_board.h"

#include <thread>

#include <gtest/gtest.h>

#include "base/bounded_queue.h"
#include "base/guarded.h"

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
    EXPECT_EQ(take<StartTables>(board).jobs.at(0), table);
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
    EXPECT_EQ(take<FinishTables>(board).jobs.at(0), table);
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
    (void)take<StartTables>(board);
    StartedTable started;
    started.is_split = true;
    started.chunks = {chunk(table, 1, {})};
    board.table_started(table, std::move(started));
    const auto only = take<ReadChunk>(board).chunk;
    board.chunk_again(only);
    EXPECT_EQ(take<ReadChunk>(board).chunk, only);
    board.chunk_done(*only);
    (void)take<FinishTables>(board);
}

TEST(CopyBoard, ChunksAreReadBeforeAnotherTableStarts) {
    CopyBoard board(1);
    const auto one = job("one");
    const auto two = job("two");
    board.add(one);
    board.add(two);
    EXPECT_EQ(take<StartTables>(board).jobs.at(0), one);
    StartedTable started;
    started.is_split = true;
    started.chunks = {chunk(one, 1, {"1"}), chunk(one, 2, {})};
    board.table_started(one, std::move(started));
    (void)take<ReadChunk>(board);
    (void)take<ReadChunk>(board);
    EXPECT_EQ(take<StartTables>(board).jobs.at(0), two) << "while the last rows of the first are written";
}

TEST(CopyBoard, AVoidTableStartsAgainFirst) {
    CopyBoard board(1);
    const auto one = job("one");
    board.add(one);
    board.add(job("two"));
    (void)take<StartTables>(board);
    board.table_again(one);
    EXPECT_EQ(take<StartTables>(board).jobs.at(0), one);
}

TEST(CopyBoard, SmallTablesAreStartedAndFinishedTogether) {
    CopyBoard board(1);
    const auto large = job("large");
    large->bytes_total = 1UL << 30U;
    board.add(large);
    for (int i = 0; i < 40; ++i) board.add(job("small"));
    EXPECT_EQ(take<StartTables>(board).jobs.size(), 1U) << "the large one alone";
    StartedTable whole;
    whole.is_split = true;
    const auto small = take<StartTables>(board).jobs;
    EXPECT_EQ(small.size(), 20U) << "half of what is left, for one reader";
    for (const auto& each : small) board.table_started(each, whole);
    const auto rest = take<StartTables>(board).jobs;
    for (const auto& each : rest) board.table_started(each, whole);
    std::size_t finished = 0;
    while (finished < 40) {
        auto work = board.next({});
        ASSERT_TRUE(work.has_value());
        if (const auto* start = std::get_if<StartTables>(&*work)) {
            for (const auto& each : start->jobs) board.table_started(each, whole);
            continue;
        }
        const auto jobs = std::get<FinishTables>(*work).jobs;
        if (finished == 0) {
            EXPECT_EQ(jobs.size(), 32U);
        }
        for (const auto& each : jobs) board.table_done(each);
        finished += jobs.size();
    }
    EXPECT_FALSE(board.is_finished()) << "the large one is under way";
}

/// Four readers that are quicker than the one who writes their rows: groups are not what has just come together, but
/// what there can be.
TEST(CopyBoard, GroupsAreFinishedWhole) {
    constexpr std::size_t kTables = 320;
    CopyBoard board(4);
    for (std::size_t i = 0; i < kTables; ++i) board.add(job("small"));
    BoundedQueue<std::shared_ptr<Chunk>> written(kTables, 1);
    Guarded<std::vector<std::size_t>> groups;
    const auto perform = [&](Work& work) {
        if (const auto* start = std::get_if<StartTables>(&work)) {
            for (const auto& each : start->jobs) board.table_started(each, {});
        } else if (const auto* split = std::get_if<SplitTable>(&work)) {
            board.table_split(split->job, {chunk(split->job, 1, {})}, true);
        } else if (const auto* read = std::get_if<ReadChunk>(&work)) {
            (void)written.push(read->chunk, 0, {});
        } else {
            const auto& jobs = std::get<FinishTables>(work).jobs;
            groups.with([&](auto& all) { all.push_back(jobs.size()); });
            for (const auto& each : jobs) board.table_done(each);
        }
    };
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            while (auto work = board.next({})) perform(*work);
        });
    threads.emplace_back([&] {
        while (const auto one = written.pop({})) {
            std::this_thread::yield();
            board.chunk_done(**one);
        }
    });
    EXPECT_TRUE(board.wait_finished({}));
    written.close();
    threads.clear();
    EXPECT_EQ(groups.copy(), std::vector<std::size_t>(kTables / 32, 32));
}

TEST(CopyBoard, SmallTablesDoNotWaitForALargeOne) {
    CopyBoard board(2);
    const auto large = job("large");
    large->bytes_total = 1UL << 30U;
    board.add(large);
    const auto small = job("small");
    board.add(small);
    board.table_started(take<StartTables>(board).jobs.at(0), {});
    board.table_split(take<SplitTable>(board).job, {chunk(large, 1, {})}, true);
    (void)take<ReadChunk>(board);
    StartedTable whole;
    whole.is_split = true;
    board.table_started(take<StartTables>(board).jobs.at(0), whole);
    EXPECT_EQ(take<FinishTables>(board).jobs, std::vector{small});
}

TEST(CopyBoard, ATableThatLacksIndexesIsFinishedAtOnceAndAlone) {
    CopyBoard board(1);
    const auto one = job("one");
    const auto two = job("two");
    board.add(one);
    board.add(two);
    StartedTable whole;
    whole.is_split = true;
    (void)take<StartTables>(board);
    board.table_started(one, whole);
    (void)take<StartTables>(board);
    two->record.late_indexes = {"KEY `k` (`a`)"};
    board.table_started(two, whole);
    EXPECT_EQ(take<FinishTables>(board).jobs, std::vector{two});
}

TEST(CopyBoard, SaysHowFarEachTableIs) {
    CopyBoard board(1);
    const auto table = job("t");
    const auto phase = [&] { return board.active().at(0).phase; };
    board.add(table);
    EXPECT_TRUE(board.active().empty()) << "it waits";
    (void)take<StartTables>(board);
    EXPECT_EQ(phase(), target::CopyPhase::Starting);
    board.table_started(table, {});
    EXPECT_EQ(phase(), target::CopyPhase::Copying);
    const auto only = chunk(table, 1, {});
    (void)take<SplitTable>(board);
    board.table_split(table, {only}, true);
    EXPECT_EQ(phase(), target::CopyPhase::Copying);
    (void)take<ReadChunk>(board);
    board.chunk_done(*only);
    EXPECT_EQ(phase(), target::CopyPhase::Finishing);
    board.table_done(table);
    EXPECT_TRUE(board.active().empty());
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
