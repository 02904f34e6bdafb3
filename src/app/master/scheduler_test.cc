#include "app/master/scheduler.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "core/meta/fake_kv_store.h"
#include "core/meta/keys.h"

namespace dm::master {
namespace {

using meta::Stage;
using model::SourceId;
using model::TaskName;
using model::WorkerName;

/// Never waits: a sleep moves the time on.
class HastyClock final : public Clock {
  public:
    [[nodiscard]] TimePoint now() const override { return TimePoint(Duration(elapsed_.load())); }
    [[nodiscard]] WallTime wall_now() const override { return WallTime(); }
    bool sleep(Duration duration, std::stop_token stop) override {
        elapsed_ += duration.count();
        return !stop.stop_requested();
    }

  private:
    std::atomic<Duration::rep> elapsed_{0};
};

config::SourceConfig source_config(const SourceId& id) {
    config::SourceConfig source;
    source.source_id = id;
    source.flavor = "mysql";
    source.server_id = 7;
    source.from.host = "127.0.0.1";
    source.from.port = 3306;
    source.from.user = "dm";
    return source;
}

config::SubTaskConfig subtask_config(const TaskName& task, const SourceId& source) {
    config::SubTaskConfig subtask;
    subtask.name = task;
    subtask.source_id = source;
    subtask.to.host = "127.0.0.1";
    subtask.to.port = 4000;
    subtask.to.user = "dm";
    return subtask;
}

/// A store, workers with leases, and a scheduler that hears of them when the test says so.
class SchedulerTest : public testing::Test {
  protected:
    static void SetUpTestSuite() { log::configure({.level = "fatal"}); }
    void SetUp() override { restart(); }

    /// A new leader takes over.
    void restart() {
        scheduler_ = std::make_unique<Scheduler>(meta::ClusterStore(kv_, clock_));
        heard_ = scheduler_->recover();
    }

    void add_worker(const std::string& name) {
        scheduler_->add_worker({.name = WorkerName(name), .addr = name + ":8262"});
    }
    void wake(const std::string& name) {
        const meta::LeaseId lease = kv_.grant_lease(std::chrono::hours(1000));
        leases_[name] = lease;
        const meta::KeepAlive record{.worker = WorkerName(name), .join_time = "2026-01-01T00:00:00Z"};
        kv_.txn({},
                {meta::PutOp{.key = meta::keys::keep_alive(record.worker), .value = to_text(record), .lease = lease}});
    }
    void kill(const std::string& name) {
        if (const auto found = leases_.find(name); found != leases_.end()) {
            kv_.revoke_lease(found->second);
            leases_.erase(found);
        }
    }
    /// Delivers the keepalive changes since the last time.
    void hear() {
        std::vector<meta::Change<WorkerName, meta::KeepAlive>> changes;
        std::stop_source stop;
        const auto marker =
            kv_.txn({}, {meta::PutOp{.key = meta::keys::keep_alive(WorkerName("zzz")),
                                     .value = to_text(meta::KeepAlive{.worker = WorkerName("zzz"), .join_time = ""})}});
        scheduler_->store().watch_keep_alives(heard_ + 1, stop.get_token(), [&](const auto& change) {
            if (change.revision >= marker.revision) stop.request_stop();
            if (change.id != WorkerName("zzz")) changes.push_back(change);
        });
        for (const auto& change : changes) {
            if (change.is_delete()) {
                scheduler_->worker_gone(change.id, change.revision);
            } else {
                scheduler_->worker_alive(change.id, change.revision);
            }
        }
        heard_ = marker.revision;
    }
    void start_worker(const std::string& name) {
        add_worker(name);
        wake(name);
        hear();
    }
    std::string worker_of(const std::string& source) {
        return scheduler_->read([&](const ClusterTable& table) {
            const SourceRow* row = table.source(SourceId(source));
            return row != nullptr && row->worker ? row->worker->str() : std::string();
        });
    }
    std::string stage_of(const std::string& worker) {
        return scheduler_->read([&](const ClusterTable& table) {
            return std::string(worker_stage_name(table.worker(WorkerName(worker))->stage()));
        });
    }
    void add_source(const std::string& id) { scheduler_->add_source(source_config(SourceId(id))); }

    /// The table equals what a new leader would read, and the store's bounds are those of the table.
    void expect_faithful() {
        scheduler_->read([&](const ClusterTable& table) {
            ASSERT_EQ(table.broken_rule(), "");
            const meta::ClusterState state = scheduler_->store().load_all();
            ASSERT_EQ(state.sources.size(), table.sources().size());
            ASSERT_EQ(state.workers.size(), table.workers().size());
            std::size_t bound = 0;
            for (const auto& [id, row] : table.sources()) {
                ASSERT_TRUE(state.sources.contains(id));
                if (!row.worker) continue;
                ++bound;
                ASSERT_TRUE(state.bounds.contains(*row.worker)) << id.str();
                ASSERT_EQ(state.bounds.at(*row.worker).source, id);
            }
            ASSERT_EQ(state.bounds.size(), bound);
            std::size_t subtasks = 0;
            for (const auto& [task, rows] : table.tasks()) {
                for (const auto& [id, row] : rows) {
                    ++subtasks;
                    const meta::SubTaskId key{.source = id, .task = task};
                    ASSERT_TRUE(state.subtasks.contains(key));
                    ASSERT_EQ(state.subtask_stages.at(key).expect, row.expect);
                }
            }
            ASSERT_EQ(state.subtasks.size(), subtasks);
        });
    }

    HastyClock clock_;
    meta::FakeKvStore kv_{clock_};
    std::map<std::string, meta::LeaseId> leases_;
    std::unique_ptr<Scheduler> scheduler_;
    meta::Revision heard_ = 0;
};

template <typename F>
ErrorCode code_of(F&& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.code();
    }
    return ErrorCode::NotSet;
}

TEST_F(SchedulerTest, RegistersAWorkerOnceUnderOneAddress) {
    add_worker("w1");
    add_worker("w1");
    EXPECT_EQ(code_of([&] { scheduler_->add_worker({.name = WorkerName("w1"), .addr = "elsewhere:1"}); }),
              ErrorCode::SchedulerWorkerExists);
    EXPECT_EQ(stage_of("w1"), "offline");
    expect_faithful();
}

TEST_F(SchedulerTest, TakesOnlyOfflineWorkersAway) {
    start_worker("w1");
    EXPECT_EQ(code_of([&] { scheduler_->remove_worker(WorkerName("w1")); }), ErrorCode::SchedulerWorkerOnline);
    EXPECT_EQ(code_of([&] { scheduler_->remove_worker(WorkerName("w2")); }), ErrorCode::SchedulerWorkerMissing);
    kill("w1");
    hear();
    scheduler_->remove_worker(WorkerName("w1"));
    expect_faithful();
}

TEST_F(SchedulerTest, BindsANewSourceToAFreeWorkerOrLetsItWait) {
    add_source("s1");
    EXPECT_EQ(worker_of("s1"), "");
    start_worker("w1");
    EXPECT_EQ(worker_of("s1"), "w1");
    EXPECT_EQ(stage_of("w1"), "bound");
    add_source("s2");
    EXPECT_EQ(worker_of("s2"), "");
    start_worker("w2");
    EXPECT_EQ(worker_of("s2"), "w2");
    expect_faithful();
}

TEST_F(SchedulerTest, RefusesASecondSourceOfTheSameName) {
    add_source("s1");
    EXPECT_EQ(code_of([&] { add_source("s1"); }), ErrorCode::SchedulerSourceExists);
}

TEST_F(SchedulerTest, BindsToTheChosenWorkerOnlyIfItIsFree) {
    start_worker("w1");
    start_worker("w2");
    EXPECT_EQ(scheduler_->add_source(source_config(SourceId("s1")), WorkerName("w2")), WorkerName("w2"));
    EXPECT_EQ(code_of([&] { scheduler_->add_source(source_config(SourceId("s2")), WorkerName("w2")); }),
              ErrorCode::SchedulerWorkerNotFree);
    EXPECT_EQ(code_of([&] { scheduler_->add_source(source_config(SourceId("s2")), WorkerName("w9")); }),
              ErrorCode::SchedulerWorkerMissing);
    EXPECT_EQ(scheduler_->read([](const ClusterTable& table) { return table.sources().size(); }), 1U);
    expect_faithful();
}

TEST_F(SchedulerTest, MovesTheSourceOfALostWorkerAndDoesNotGiveItBack) {
    start_worker("w1");
    add_source("s1");
    start_worker("w2");
    kill("w1");
    hear();
    EXPECT_EQ(worker_of("s1"), "w2");
    EXPECT_EQ(stage_of("w1"), "offline");
    wake("w1");
    hear();
    EXPECT_EQ(worker_of("s1"), "w2");
    EXPECT_EQ(stage_of("w1"), "free");
    expect_faithful();
}

TEST_F(SchedulerTest, AReturningWorkerPrefersItsLastSource) {
    start_worker("w1");
    add_source("s1");
    start_worker("w2");
    add_source("s2");
    kill("w1");
    kill("w2");
    hear();
    wake("w2");
    hear();
    EXPECT_EQ(worker_of("s2"), "w2");
    EXPECT_EQ(worker_of("s1"), "");
    wake("w1");
    hear();
    EXPECT_EQ(worker_of("s1"), "w1");
    expect_faithful();
}

TEST_F(SchedulerTest, ASourcePrefersTheFreeWorkerThatHadItLast) {
    start_worker("w1");
    add_source("s1");
    kill("w1");
    hear();
    scheduler_->remove_source(SourceId("s1"));
    start_worker("w0");
    wake("w1");
    hear();
    add_source("s2");  // to w0, by name
    EXPECT_EQ(worker_of("s2"), "w0");
    kill("w0");
    hear();
    EXPECT_EQ(worker_of("s2"), "w1");
    expect_faithful();
}

TEST_F(SchedulerTest, KeepsASourceThatHasTasks) {
    start_worker("w1");
    add_source("s1");
    scheduler_->add_subtasks({subtask_config(TaskName("t"), SourceId("s1"))});
    EXPECT_EQ(code_of([&] { scheduler_->remove_source(SourceId("s1")); }), ErrorCode::SchedulerSourceHasTasks);
    EXPECT_EQ(code_of([&] { scheduler_->remove_source(SourceId("s9")); }), ErrorCode::SchedulerSourceMissing);
    scheduler_->remove_subtasks(TaskName("t"), {});
    EXPECT_EQ(scheduler_->remove_source(SourceId("s1")), WorkerName("w1"));
    EXPECT_EQ(stage_of("w1"), "free");
    expect_faithful();
}

TEST_F(SchedulerTest, AddsOnlySubtasksThatAreMissing) {
    start_worker("w1");
    start_worker("w2");
    add_source("s1");
    add_source("s2");
    add_source("s3");
    const TaskName task("t");
    EXPECT_EQ(scheduler_->add_subtasks({subtask_config(task, SourceId("s1"))}).size(), 1U);
    EXPECT_EQ(code_of([&] { scheduler_->add_subtasks({subtask_config(task, SourceId("s1"))}); }),
              ErrorCode::SchedulerSubTaskExists);
    EXPECT_EQ(code_of([&] { scheduler_->add_subtasks({subtask_config(task, SourceId("s3"))}); }),
              ErrorCode::SchedulerSourcesUnbound);
    EXPECT_EQ(code_of([&] { scheduler_->add_subtasks({subtask_config(task, SourceId("s9"))}); }),
              ErrorCode::SchedulerSourceMissing);
    const auto added =
        scheduler_->add_subtasks({subtask_config(task, SourceId("s1")), subtask_config(task, SourceId("s2"))});
    ASSERT_EQ(added.size(), 1U);
    EXPECT_EQ(added.front().source, SourceId("s2"));
    expect_faithful();
}

TEST_F(SchedulerTest, WritesAnEqualStageAgainBecauseTheEventCounts) {
    start_worker("w1");
    add_source("s1");
    scheduler_->add_subtasks({subtask_config(TaskName("t"), SourceId("s1"))});
    const auto key = meta::keys::subtask_stage(SourceId("s1"), TaskName("t"));
    const auto before = kv_.get(key, false).items.at(0).modified;
    scheduler_->set_stage(TaskName("t"), {}, Stage::Running);
    EXPECT_GT(kv_.get(key, false).items.at(0).modified, before);
    EXPECT_EQ(code_of([&] { scheduler_->set_stage(TaskName("u"), {}, Stage::Paused); }),
              ErrorCode::SchedulerTaskMissing);
    EXPECT_EQ(code_of([&] { scheduler_->set_stage(TaskName("t"), {SourceId("s2")}, Stage::Paused); }),
              ErrorCode::SchedulerSubTaskMissing);
    scheduler_->set_stage(TaskName("t"), {SourceId("s1")}, Stage::Paused);
    restart();
    expect_faithful();
}

TEST_F(SchedulerTest, TransfersToAFreeWorkerOnly) {
    start_worker("w1");
    add_source("s1");
    EXPECT_FALSE(scheduler_->check_transfer(SourceId("s1"), WorkerName("w1")));
    add_worker("w2");
    EXPECT_EQ(code_of([&] { scheduler_->transfer(SourceId("s1"), WorkerName("w2")); }),
              ErrorCode::SchedulerWorkerTransition);
    wake("w2");
    hear();
    add_source("s2");
    EXPECT_EQ(code_of([&] { scheduler_->transfer(SourceId("s1"), WorkerName("w2")); }),
              ErrorCode::SchedulerWorkerTransition);
    start_worker("w3");
    add_source("s4");
    add_source("s5");  // waits
    start_worker("w4");
    EXPECT_EQ(worker_of("s5"), "w4");
    kill("w4");
    hear();
    EXPECT_EQ(worker_of("s5"), "");
    scheduler_->remove_source(SourceId("s2"));  // w2 takes s5
    EXPECT_EQ(worker_of("s5"), "w2");
    wake("w4");
    hear();
    scheduler_->transfer(SourceId("s1"), WorkerName("w4"));
    EXPECT_EQ(worker_of("s1"), "w4");
    EXPECT_EQ(stage_of("w1"), "free");
    expect_faithful();
}

TEST_F(SchedulerTest, ANewLeaderDropsBoundsOfDeadWorkersAndKeepsTheOthers) {
    start_worker("w1");
    start_worker("w2");
    add_source("s1");
    add_source("s2");
    start_worker("w3");
    kill("w1");
    const auto key = meta::keys::bound(WorkerName("w2"));
    const auto before = kv_.get(key, false).items.at(0).modified;
    restart();
    EXPECT_EQ(worker_of("s1"), "w3");
    EXPECT_EQ(worker_of("s2"), "w2");
    EXPECT_GT(kv_.get(key, false).items.at(0).modified, before)
        << "a kept bound is written again to trigger its worker";
    expect_faithful();
}

TEST_F(SchedulerTest, ANewLeaderKeepsMoreBoundsThanATransactionTakes) {
    constexpr int kMany = 250;
    for (int i = 0; i < kMany; ++i) {
        add_worker("w" + std::to_string(i));
        wake("w" + std::to_string(i));
    }
    hear();
    for (int i = 0; i < kMany; ++i) add_source("s" + std::to_string(i));
    const auto before = scheduler_->store().load_all().bounds;
    ASSERT_EQ(before.size(), 250U);
    const auto last = kv_.get(meta::keys::bound(WorkerName("w249")), false).items.at(0).modified;
    restart();
    EXPECT_EQ(scheduler_->store().load_all().bounds, before);
    EXPECT_GT(kv_.get(meta::keys::bound(WorkerName("w249")), false).items.at(0).modified, last);
    for (int i = 0; i < kMany; ++i) kill("w" + std::to_string(i));
    restart();
    EXPECT_TRUE(scheduler_->store().load_all().bounds.empty());
    expect_faithful();
}

TEST_F(SchedulerTest, ANewLeaderGivesEveryFreeWorkerItsOwnSourceBack) {
    start_worker("w1");
    start_worker("w2");
    add_source("s1");
    add_source("s2");
    kill("w1");
    kill("w2");
    hear();
    wake("w2");
    wake("w1");
    restart();
    EXPECT_EQ(worker_of("s1"), "w1");
    EXPECT_EQ(worker_of("s2"), "w2");
    expect_faithful();
}

TEST_F(SchedulerTest, IgnoresEventsThatARecoveryHasSeen) {
    start_worker("w1");
    add_source("s1");
    const meta::Revision old = heard_;
    kill("w1");
    wake("w1");
    scheduler_->recover();
    scheduler_->worker_gone(WorkerName("w1"), old + 1);
    EXPECT_EQ(worker_of("s1"), "w1");
    expect_faithful();
}

TEST_F(SchedulerTest, UnreadableRecordsDoNotKeepAMasterFromLeading) {
    start_worker("w1");
    add_source("s1");
    kv_.txn({}, {meta::PutOp{.key = meta::keys::source(SourceId("bad")), .value = "= not toml"},
                 meta::PutOp{.key = meta::keys::bound(WorkerName("w7")), .value = "{"}});
    restart();
    EXPECT_EQ(worker_of("s1"), "w1");
    EXPECT_EQ(scheduler_->read([](const ClusterTable& table) { return table.broken_rule(); }), "");
}

TEST_F(SchedulerTest, AFencedWriteOfAnOldLeaderChangesNothing) {
    start_worker("w1");
    const auto put = kv_.txn({}, {meta::PutOp{.key = "/leader/1", .value = "me"}});
    Scheduler old(meta::ClusterStore(kv_, clock_).fenced({.key = "/leader/1", .modified = put.revision}));
    old.recover();
    kv_.txn({}, {meta::DeleteOp{.key = "/leader/1"}});
    EXPECT_EQ(code_of([&] { old.add_source(source_config(SourceId("s1"))); }), ErrorCode::MasterNotLeader);
    EXPECT_TRUE(scheduler_->store().load_all().sources.empty());
}

TEST_F(SchedulerTest, CommandsOnOneTaskExcludeEachOther) {
    {
        const auto latch = scheduler_->latch(TaskName("t"));
        EXPECT_EQ(code_of([&] { const auto second = scheduler_->latch(TaskName("t")); }),
                  ErrorCode::SchedulerLatchInUse);
        const auto other = scheduler_->latch(TaskName("u"));
    }
    const auto again = scheduler_->latch(TaskName("t"));
}

/// Random histories: operators, workers that come and go, failing stores, leaders that change.
class RandomHistory : public SchedulerTest {
  protected:
    std::string pick(const std::string& letter, int count) {
        return letter + std::to_string(std::uniform_int_distribution(1, count)(random_));
    }
    int roll(int sides) { return std::uniform_int_distribution(0, sides - 1)(random_); }

    void act() {
        const std::string worker = pick("w", 4);
        const std::string source = pick("s", 5);
        const TaskName task(pick("t", 2));
        switch (roll(14)) {
            case 0:
                add_worker(worker);
                break;
            case 1:
                scheduler_->remove_worker(WorkerName(worker));
                break;
            case 2:
            case 3:
                if (!leases_.contains(worker)) wake(worker);
                break;
            case 4:
                kill(worker);
                break;
            case 5:
                add_source(source);
                break;
            case 6:
                scheduler_->remove_source(SourceId(source));
                break;
            case 7:
                scheduler_->add_subtasks({subtask_config(task, SourceId(source))});
                break;
            case 8:
                scheduler_->remove_subtasks(task, {});
                break;
            case 9:
                scheduler_->set_stage(task, {SourceId(source)}, roll(2) == 0 ? Stage::Paused : Stage::Running);
                break;
            case 10:
                scheduler_->transfer(SourceId(source), WorkerName(worker));
                break;
            case 11:
                restart();
                break;
            case 12:
                kv_.fail_next(roll(2) == 0 ? meta::FakeKvStore::Fault::Before : meta::FakeKvStore::Fault::After,
                              1 + roll(7));
                break;
            default:
                hear();
                break;
        }
    }

    /// As the leadership does it: events that could not be handled are replaced by a recovery.
    void settle() {
        kv_.fail_next(meta::FakeKvStore::Fault::Before, 0);
        heard_ = scheduler_->recover();
        hear();
    }

    void expect_complete() {
        scheduler_->read([](const ClusterTable& table) {
            const auto unbound = table.unbound_sources();
            for (const auto& [name, row] : table.workers()) {
                EXPECT_FALSE(row.stage() == WorkerStage::Free && !unbound.empty())
                    << name.str() << " is free while a source waits";
            }
        });
    }

    std::mt19937 random_;
};

TEST_F(RandomHistory, MemoryEqualsStoreAfterThousandsOfHistories) {
    const unsigned first_seed = std::random_device{}();
    for (unsigned i = 0; i < 1000; ++i) {
        const unsigned seed = first_seed + i;
        SCOPED_TRACE("seed " + std::to_string(seed));
        random_.seed(seed);
        for (int step = 0; step < 40; ++step) {
            try {
                act();
            } catch (const Error& error) {
                ASSERT_TRUE(error.entry().error_class == ErrorClass::Scheduler ||
                            error.entry().error_class == ErrorClass::Ha ||
                            error.entry().error_class == ErrorClass::DmMaster)
                    << error.what();
            }
            ASSERT_EQ(scheduler_->read([](const ClusterTable& table) { return table.broken_rule(); }), "");
        }
        settle();
        ASSERT_NO_FATAL_FAILURE(expect_faithful());
        expect_complete();
        const auto before = scheduler_->store().load_all().bounds;
        restart();
        EXPECT_EQ(scheduler_->store().load_all().bounds, before) << "no binding is lost by a change of leaders";
        ASSERT_FALSE(HasFailure());
    }
}

}  // namespace
}  // namespace dm::master
