#include <atomic>
#include <numeric>
#include <stdexcept>

#include <gtest/gtest.h>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/retry.h"
#include "base/step.h"

namespace dm {
namespace {

using namespace std::chrono_literals;

TEST(BoundedQueueTest, KeepsOrderAndCountsBytes) {
    BoundedQueue<int> queue(10, 100);
    EXPECT_TRUE(queue.push(1, 40, {}));
    EXPECT_TRUE(queue.push(2, 60, {}));
    EXPECT_EQ(queue.bytes(), 100U);
    EXPECT_EQ(queue.pop({}), 1);
    EXPECT_EQ(queue.bytes(), 60U);
    EXPECT_EQ(queue.try_pop(), 2);
    EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST(BoundedQueueTest, EmptyQueueTakesAnItemOfAnySize) {
    BoundedQueue<int> queue(1, 10);
    EXPECT_TRUE(queue.push(7, 1000, {}));
    EXPECT_EQ(queue.pop({}), 7);
}

TEST(BoundedQueueTest, FullQueueBlocksUntilPopped) {
    BoundedQueue<int> queue(1, 10);
    ASSERT_TRUE(queue.push(1, 1, {}));
    std::atomic<bool> pushed = false;
    Step producer(
        "producer", [&](std::stop_token stop) { pushed = queue.push(2, 1, stop); }, [](const Error&) {});
    EXPECT_EQ(queue.pop({}), 1);
    EXPECT_EQ(queue.pop({}), 2);
    producer.join();
    EXPECT_TRUE(pushed);
}

TEST(BoundedQueueTest, ProducerGoesOnWhenHalfIsFree) {
    BoundedQueue<int> queue(4, 100);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(queue.push(i, 1, {}));
    std::atomic<bool> pushed = false;
    Step producer(
        "producer", [&](std::stop_token stop) { pushed = queue.push(4, 1, stop); }, [](const Error&) {});
    EXPECT_EQ(queue.pop({}), 0);
    EXPECT_EQ(queue.pop({}), 1);
    producer.join();
    EXPECT_TRUE(pushed);
}

TEST(BoundedQueueTest, AnItemLargerThanHalfGetsItsRoom) {
    BoundedQueue<int> queue(10, 100);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.push(i, 10, {}));
    std::atomic<bool> pushed = false;
    Step producer(
        "producer", [&](std::stop_token stop) { pushed = queue.push(3, 90, stop); }, [](const Error&) {});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.pop({}), i);
    producer.join();
    EXPECT_TRUE(pushed);
    EXPECT_EQ(queue.bytes(), 90U);
}

TEST(BoundedQueueTest, StopWakesBothSides) {
    BoundedQueue<int> queue(1, 10);
    ASSERT_TRUE(queue.push(1, 1, {}));
    bool pushed = true;
    Step producer(
        "producer", [&](std::stop_token stop) { pushed = queue.push(2, 1, stop); }, [](const Error&) {});
    producer.request_stop();
    producer.join();
    EXPECT_FALSE(pushed);

    BoundedQueue<int> empty(1, 10);
    std::optional<int> popped = 5;
    Step consumer(
        "consumer", [&](std::stop_token stop) { popped = empty.pop(stop); }, [](const Error&) {});
    consumer.request_stop();
    consumer.join();
    EXPECT_EQ(popped, std::nullopt);
}

TEST(BoundedQueueTest, CloseDrains) {
    BoundedQueue<int> queue(4, 10);
    ASSERT_TRUE(queue.push(1, 1, {}));
    queue.close();
    EXPECT_FALSE(queue.push(2, 1, {}));
    EXPECT_EQ(queue.pop({}), 1);
    EXPECT_EQ(queue.pop({}), std::nullopt);
}

TEST(StepTest, ReportsItsFailureOnce) {
    std::atomic<int> reports = 0;
    std::string message;
    Step step(
        "failing", [](std::stop_token) { throw std::runtime_error("broken"); },
        [&](const Error& error) {
            ++reports;
            message = error.message();
        });
    step.join();
    EXPECT_EQ(reports, 1);
    EXPECT_EQ(message, "broken");
}

TEST(GuardedTest, CountsFromManyThreads) {
    Guarded<int> count;
    {
        std::vector<Step> steps;
        for (int i = 0; i < 4; ++i) {
            steps.emplace_back(
                "adder",
                [&](std::stop_token) {
                    for (int n = 0; n < 1000; ++n) count.with([](int& value) { ++value; });
                },
                [](const Error&) {});
        }
        for (Step& step : steps) step.join();
    }
    EXPECT_EQ(count.copy(), 4000);
}

TEST(ManualClockTest, AdvanceWakesSleepers) {
    ManualClock clock;
    std::atomic<bool> slept = false;
    Step sleeper(
        "sleeper", [&](std::stop_token stop) { slept = clock.sleep(10s, stop); }, [](const Error&) {});
    clock.wait_for_sleepers(1);
    clock.advance(9s);
    EXPECT_FALSE(slept);
    clock.advance(1s);
    sleeper.join();
    EXPECT_TRUE(slept);
}

TEST(SystemClockTest, StopEndsASleep) {
    SystemClock clock;
    bool slept = true;
    Step sleeper(
        "sleeper", [&](std::stop_token stop) { slept = clock.sleep(1h, stop); }, [](const Error&) {});
    sleeper.request_stop();
    sleeper.join();
    EXPECT_FALSE(slept);
}

TEST(BackoffTest, GrowsToItsLimit) {
    Backoff backoff({.max_attempts = 5, .initial_wait = 1s, .max_wait = 3s, .factor = 2.0});
    EXPECT_EQ(backoff.next(), 1s);
    EXPECT_EQ(backoff.next(), 2s);
    EXPECT_EQ(backoff.next(), 3s);
    EXPECT_EQ(backoff.next(), 3s);
    EXPECT_EQ(backoff.next(), std::nullopt);
    backoff.reset();
    EXPECT_EQ(backoff.next(), 1s);
}

TEST(RetryTest, TransientErrorsAreTriedAgain) {
    SystemClock clock;
    int calls = 0;
    int retries = 0;
    retry(
        {.max_attempts = 3, .initial_wait = 1ns, .max_wait = 1ns}, clock, {},
        [&] {
            if (++calls < 3) throw Error(ErrorCode::DbBadConnection, "lost");
        },
        [&](const Error&, Clock::Duration) { ++retries; });
    EXPECT_EQ(calls, 3);
    EXPECT_EQ(retries, 2);
}

TEST(RetryTest, PermanentErrorsAreNot) {
    SystemClock clock;
    int calls = 0;
    EXPECT_THROW(retry({}, clock, {},
                       [&] {
                           ++calls;
                           throw Error(ErrorCode::DbQueryFailed, "syntax");
                       }),
                 Error);
    EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace dm
