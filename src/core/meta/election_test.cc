#include "core/meta/election.h"

#include <condition_variable>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/step.h"
#include "core/meta/fake_kv_store.h"

namespace dm::meta {
namespace {

using std::chrono::seconds;

/// A member that campaigns on a thread of its own and counts its terms.
class Candidate {
  public:
    Candidate(KvStore& store, Clock& clock, const std::string& name)
        : election_(store, clock, {.self = {name, name + ":8261"}, .ttl = seconds(60)}),
          step_(
              "candidate",
              [this](std::stop_token stop) { election_.run(stop, [this](std::stop_token t) { lead(t); }); },
              [](const Error& error) { ADD_FAILURE() << error.what(); }) {}

    void wait_for_terms(int count) {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return terms_ >= count; }));
    }
    void wait_until_deposed(int count) {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return ended_ >= count; }));
    }
    [[nodiscard]] int terms() {
        const std::lock_guard lock(mutex_);
        return terms_;
    }
    void stop() {
        step_.request_stop();
        step_.join();
    }
    Election& election() { return election_; }

  private:
    static constexpr auto kPatience = seconds(20);

    void lead(std::stop_token term) {
        std::unique_lock lock(mutex_);
        ++terms_;
        changed_.notify_all();
        changed_.wait(lock, term, [] { return false; });
        ++ended_;
        changed_.notify_all();
    }

    Election election_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    int terms_ = 0;
    int ended_ = 0;
    Step step_;
};

class ElectionTest : public testing::Test {
  protected:
    SystemClock clock_;
    FakeKvStore store_{clock_};
};

TEST_F(ElectionTest, TheFirstLeadsAndTheSecondFollows) {
    Candidate first(store_, clock_, "m1");
    first.wait_for_terms(1);
    Candidate second(store_, clock_, "m2");
    store_.wait_for_watchers(2);
    EXPECT_TRUE(first.election().is_leader());
    EXPECT_FALSE(second.election().is_leader());
    EXPECT_EQ(oldest_candidate(store_.get("/dm-master/leader/", true))->addr, "m1:8261");

    first.stop();
    second.wait_for_terms(1);
    EXPECT_TRUE(second.election().is_leader());
    EXPECT_EQ(store_.get("/dm-master/leader/", true).items.size(), 1U);
}

TEST_F(ElectionTest, DeletingTheKeyDeposes) {
    Candidate only(store_, clock_, "m1");
    only.wait_for_terms(1);
    const auto fence = only.election().fence();
    ASSERT_TRUE(fence.has_value());
    store_.txn({}, {DeleteOp{fence->key, false}});
    only.wait_until_deposed(1);
    only.wait_for_terms(2);
    EXPECT_FALSE(store_.txn({*fence}, {PutOp{"/x", "old leader"}}).succeeded);
    EXPECT_TRUE(store_.txn({*only.election().fence()}, {PutOp{"/x", "new term"}}).succeeded);
}

TEST_F(ElectionTest, AnEvictedMemberTakesNoPart) {
    Candidate first(store_, clock_, "m1");
    first.wait_for_terms(1);
    Candidate second(store_, clock_, "m2");
    store_.wait_for_watchers(2);
    first.election().evict();
    second.wait_for_terms(1);
    // It may not have noticed yet, but can do nothing any more.
    const auto fence = first.election().fence();
    EXPECT_FALSE(fence && store_.txn({*fence}, {PutOp{"/x", "old leader"}}).succeeded);
    second.stop();
    EXPECT_EQ(first.terms(), 1);
    EXPECT_FALSE(oldest_candidate(store_.get("/dm-master/leader/", true)).has_value());
    first.election().cancel_evict();
    first.wait_for_terms(2);
}

TEST_F(ElectionTest, AMemberThatComesBackTakesItsPlaceAtOnce) {
    // What a killed process leaves behind.
    const LeaseId old = store_.grant_lease(seconds(60));
    store_.txn({}, {PutOp{"/dm-master/leader/m1", R"({"id":"m1","addr":"m1:8261"})", old}});
    Candidate again(store_, clock_, "m1");
    again.wait_for_terms(1);
    store_.revoke_lease(old);
    EXPECT_TRUE(again.election().is_leader());
}

TEST_F(ElectionTest, CampaignsThroughFailuresOfTheStore) {
    store_.fail_next(FakeKvStore::Fault::After, 3);
    Candidate only(store_, clock_, "m1");
    only.wait_for_terms(1);
    store_.break_watches();
    EXPECT_TRUE(only.election().is_leader());
}

TEST_F(ElectionTest, ObserversSeeEachLeader) {
    Election observer(store_, clock_, {.self = {"m9", "m9:1"}, .ttl = seconds(60)});
    std::vector<std::string> seen;
    std::stop_source stop;
    std::mutex mutex;
    std::condition_variable changed;
    Step watcher(
        "observer",
        [&](std::stop_token) {
            observer.watch_leader(stop.get_token(), [&](const auto& leader) {
                const std::lock_guard lock(mutex);
                seen.push_back(leader ? leader->id : "none");
                changed.notify_all();
            });
        },
        [](const Error& error) { ADD_FAILURE() << error.what(); });
    const auto wait = [&](std::size_t count) {
        std::unique_lock lock(mutex);
        EXPECT_TRUE(changed.wait_for(lock, seconds(20), [&] { return seen.size() >= count; }));
    };
    wait(1);
    {
        Candidate candidate(store_, clock_, "m1");
        wait(2);
    }
    wait(3);
    stop.request_stop();
    watcher.join();
    EXPECT_EQ(seen, (std::vector<std::string>{"none", "m1", "none"}));
}

}  // namespace
}  // namespace dm::meta
