#include "app/worker/source_worker.h"

#include <algorithm>
#include <atomic>
#include <latch>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/worker/bound_watcher.h"
#include "app/worker/lease_keeper.h"
#include "core/meta/fake_kv_store.h"
#include "core/meta/keys.h"
#include "core/sql/fake_sql_session.h"

namespace dm::worker {
namespace {

using namespace std::chrono_literals;
using meta::Stage;
using testing::HasSubstr;

/// A unit that runs until it is stopped or killed.
class IdleUnit final : public target::Unit {
  public:
    IdleUnit(std::atomic<int>& kills, std::function<void()> on_status, target::SyncStatus status)
        : kills_(kills), on_status_(std::move(on_status)), status_(std::move(status)) {}
    target::UnitOutcome run(std::stop_token stop) override {
        SystemClock().sleep(1h, stop);
        return target::UnitOutcome::Stopped;
    }
    void kill() noexcept override { ++kills_; }
    [[nodiscard]] target::UnitStatus status() const override {
        if (on_status_) on_status_();
        return status_;
    }

  private:
    std::atomic<int>& kills_;
    const std::function<void()> on_status_;
    const target::SyncStatus status_;
};

class WorkerRoomTest : public testing::Test {
  protected:
    WorkerRoomTest() : kv_(clock_), store_(kv_, clock_) {
        source_.source_id = model::SourceId("s");
        source_.from.host = "127.0.0.1";
    }

    SourceWorker::Dependencies dependencies() {
        return {.store = store_,
                .clock = clock_,
                .make_unit =
                    [this](UnitKind, const config::SubTaskConfig& config, std::stop_token) {
                        made_.with([&](auto& made) { made.push_back(config.meta_schema); });
                        return std::make_unique<IdleUnit>(kills_, on_status_, status_);
                    },
                .connect_source = {}};
    }

    config::SubTaskConfig subtask(const std::string& task) const {
        config::SubTaskConfig config;
        config.name = model::TaskName(task);
        config.source_id = source_.source_id;
        config.mode = config::TaskMode::Incremental;
        config.to.host = "127.0.0.1";
        return config;
    }
    meta::SubTaskRecord record(const std::string& task, Stage expect,
                               const std::string& meta_schema = "dm_meta") const {
        config::SubTaskConfig config = subtask(task);
        config.meta_schema = meta_schema;
        return {.id = {.source = source_.source_id, .task = config.name},
                .config = config::to_toml(config),
                .expect = expect};
    }

    void set_stage(const std::string& task, Stage expect) {
        store_.set_stages({{.expect = expect, .source = source_.source_id, .task = model::TaskName(task)}});
    }

    static void await(const SourceWorker& worker, const std::string& task, Stage stage) {
        await([&] {
            for (const SubTaskReport& report : worker.reports()) {
                if (report.name.str() == task) return report.stage == stage;
            }
            return false;
        });
    }

    /// Waits for another thread; what never comes shows as the test's time-out.
    static void await(const std::function<bool()>& condition) {
        while (!condition()) std::this_thread::yield();
    }

    SystemClock clock_;
    meta::FakeKvStore kv_;
    meta::ClusterStore store_;
    config::SourceConfig source_;
    std::atomic<int> kills_ = 0;
    std::function<void()> on_status_;         ///< of each unit, when it is asked for its status
    target::SyncStatus status_;               ///< of each unit
    Guarded<std::vector<std::string>> made_;  ///< `meta-schema` of each unit, in order
};

TEST_F(WorkerRoomTest, SubtasksThatAreThereAtTheStartRun) {
    store_.put_subtasks({record("a", Stage::Running), record("b", Stage::Paused)});
    SourceWorker worker(source_, dependencies());
    await(worker, "a", Stage::Running);
    await(worker, "b", Stage::Paused);
}

TEST_F(WorkerRoomTest, StagesAreObeyedAsTheyCome) {
    SourceWorker worker(source_, dependencies());
    kv_.wait_for_watchers(1);
    store_.put_subtasks({record("a", Stage::Running)});
    await(worker, "a", Stage::Running);
    set_stage("a", Stage::Paused);
    await(worker, "a", Stage::Paused);
    set_stage("a", Stage::Running);
    await(worker, "a", Stage::Running);
    store_.delete_subtasks({{.source = source_.source_id, .task = model::TaskName("a")}});
    await([&] { return worker.reports().empty(); });
}

TEST_F(WorkerRoomTest, ABrokenWatchMissesNothing) {
    store_.put_subtasks({record("a", Stage::Running)});
    SourceWorker worker(source_, dependencies());
    kv_.wait_for_watchers(1);
    await(worker, "a", Stage::Running);
    kv_.break_watches();
    set_stage("a", Stage::Paused);
    store_.put_subtasks({record("b", Stage::Running)});
    await(worker, "a", Stage::Paused);
    await(worker, "b", Stage::Running);
}

/// Its unit remembers that all was applied when it paused. The source has moved on, and later does not answer.
TEST_F(WorkerRoomTest, APausedSubtaskIsComparedWithWhereTheSourceIsNow) {
    std::atomic<int> end = 100;
    sql::FakeSqlServer server;
    server.on("SHOW MASTER STATUS", [&](std::string_view) {
        return sql::FakeSqlServer::result({"File", "Position", "Executed_Gtid_Set"},
                                          {{"b.000001", std::to_string(end), ""}});
    });
    status_.flushed.position = {.file = "b.000001", .offset = 100};
    status_.learn_upstream(status_.flushed);
    store_.put_subtasks({record("a", Stage::Running)});
    auto with_source = dependencies();
    with_source.connect_source = [&](const config::DbConfig&) { return server.connector(); };
    SourceWorker worker(source_, std::move(with_source));
    await(worker, "a", Stage::Running);
    EXPECT_EQ(server.sessions_opened(), 0U) << "a unit that runs asks the source itself";
    set_stage("a", Stage::Paused);
    await(worker, "a", Stage::Paused);
    const auto status = [&] { return std::get<target::SyncStatus>(worker.reports().front().status.value()); };
    await([&] { return status().is_synced; });
    end = 200;
    EXPECT_EQ(status().upstream.position.offset, 200U);
    EXPECT_FALSE(status().is_synced);
    server.fail("SHOW MASTER STATUS", Error(ErrorCode::DbQueryFailed, "no"), 0, 1000);
    EXPECT_TRUE(status().upstream.is_zero());
    EXPECT_FALSE(status().is_synced);
    const auto opened = server.sessions_opened();
    static_cast<void>(worker.reports(Detail::Local));
    EXPECT_EQ(server.sessions_opened(), opened) << "metrics ask nobody";
}

/// Each answer waits until all three have been asked.
TEST_F(WorkerRoomTest, SubtasksAreAskedAtTheSameTimeAndOnlyThoseWanted) {
    std::latch asked(3);
    std::atomic<bool> is_waiting = false;
    std::atomic<int> answers = 0;
    on_status_ = [&] {
        ++answers;
        if (is_waiting) asked.arrive_and_wait();
    };
    store_.put_subtasks({record("a", Stage::Running), record("b", Stage::Running), record("c", Stage::Running)});
    SourceWorker worker(source_, dependencies());
    await([&] {
        const auto reports = worker.reports();
        return reports.size() == 3 &&
               std::ranges::all_of(reports, [](const auto& one) { return one.status.has_value(); });
    });
    is_waiting = true;
    EXPECT_EQ(worker.reports().size(), 3U);
    is_waiting = false;
    answers = 0;
    const auto reports = worker.reports(Detail::All, model::TaskName("b"));
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].name.str(), "b");
    EXPECT_EQ(answers, 1);
    EXPECT_TRUE(worker.has_subtasks());
}

/// The watch breaks, and before the worker reads again a task is stopped and started anew, another is changed.
TEST_F(WorkerRoomTest, WhatWasMadeAnewInAGapIsRunAnew) {
    const meta::SubTaskRecord a = record("a", Stage::Running);
    store_.put_subtasks({a, record("b", Stage::Running, "old")});
    SourceWorker worker(source_, dependencies());
    kv_.wait_for_watchers(1);
    await([&] { return made_.copy().size() == 2; });
    kv_.break_watches();
    store_.delete_subtasks({a.id});
    store_.put_subtasks({a});
    await([&] { return made_.copy().size() == 3; });
    EXPECT_EQ(made_.copy().back(), "dm_meta");
    kv_.wait_for_watchers(1);
    kv_.break_watches();
    store_.update_subtasks({record("b", Stage::Running, "new")});
    await([&] { return made_.copy().size() == 4; });
    EXPECT_EQ(made_.copy().back(), "new");
    kv_.wait_for_watchers(1);
    kv_.break_watches();
    set_stage("a", Stage::Paused);
    await(worker, "a", Stage::Paused);
    await(worker, "b", Stage::Running);
    EXPECT_EQ(made_.copy().size(), 4U) << "what is the same goes on";
}

/// As TiDB DM has stored them: the command that would have refused them was never given here.
TEST_F(WorkerRoomTest, StoredFeaturesThatAreMissingAreRefusedByName) {
    const auto refusal = [&](config::SubTaskConfig config) -> std::string {
        store_.put_subtasks({{.id = {.source = source_.source_id, .task = config.name},
                              .config = config::to_toml(config),
                              .expect = Stage::Running}});
        SourceWorker worker(source_, dependencies());
        await([&] { return !worker.reports().empty(); });
        const auto report = worker.reports()[0];
        return report.errors.empty() ? "" : report.errors[0].what();
    };
    config::SubTaskConfig config = subtask("a");
    EXPECT_EQ(refusal(config), "");
    config.shard_mode = config::ShardMode::Optimistic;
    EXPECT_THAT(refusal(config), HasSubstr("shard-mode: optimistic"));
    config = subtask("a");
    config.expression_filters.push_back({.schema = "d", .table = "t", .insert_value_expr = "a > 1"});
    EXPECT_THAT(refusal(config), HasSubstr("expression-filter"));
    config = subtask("a");
    config.validator.mode = config::ValidatorMode::Full;
    EXPECT_THAT(refusal(config), HasSubstr("validators"));
    config = subtask("a");
    config.route_rules.push_back({.schema_pattern = "d", .target_schema = "e"});
    EXPECT_EQ(refusal(config), "");
    config.route_rules[0].extract_schema = rules::ExtractRule{.regexp = "(.*)", .target_column = "c"};
    EXPECT_THAT(refusal(config), HasSubstr("extract-schema"));
    source_.enable_relay = true;
    EXPECT_THAT(refusal(subtask("a")), HasSubstr("enable-relay: true"));
    EXPECT_TRUE(made_.copy().size() <= 2U) << "the two that are not refused, if they came so far";
}

TEST_F(WorkerRoomTest, AStageThatCannotBeReadEndsNothing) {
    const meta::SubTaskRecord a = record("a", Stage::Running);
    store_.put_subtasks({a, record("b", Stage::Running)});
    SourceWorker worker(source_, dependencies());
    kv_.wait_for_watchers(1);
    await(worker, "a", Stage::Running);
    kv_.break_watches();
    kv_.txn({}, {meta::PutOp{.key = meta::keys::subtask_stage(a.id.source, a.id.task), .value = "{"}});
    set_stage("b", Stage::Paused);
    await(worker, "b", Stage::Paused);
    ASSERT_EQ(worker.reports().size(), 2U);
    EXPECT_EQ(worker.reports()[0].stage, Stage::Running);
}

TEST_F(WorkerRoomTest, UnreadableConfigurationIsShownAsAPausedSubtask) {
    store_.put_subtasks(
        {{.id = {.source = source_.source_id, .task = model::TaskName("bad")}, .config = "not = [toml"}});
    SourceWorker worker(source_, dependencies());
    await(worker, "bad", Stage::Paused);
    ASSERT_EQ(worker.reports()[0].errors.size(), 1U);
}

TEST_F(WorkerRoomTest, KillReachesEveryUnit) {
    store_.put_subtasks({record("a", Stage::Running), record("b", Stage::Running)});
    SourceWorker worker(source_, dependencies());
    await([&] {
        int running = 0;
        for (const SubTaskReport& report : worker.reports()) running += report.status ? 1 : 0;
        return running == 2;
    });
    worker.kill();
    worker.stop();
    EXPECT_EQ(kills_, 2);
}

TEST_F(WorkerRoomTest, BoundKeyDecidesWhichSourceRuns) {
    const model::WorkerName name("w");
    store_.put_source(source_.source_id, config::to_toml(source_));
    store_.put_bounds({{.source = source_.source_id, .worker = name}});
    BoundWatcher watcher(name, dependencies());
    await([&] { return watcher.source_worker() != nullptr; });
    EXPECT_EQ(watcher.source_worker()->source().source_id, source_.source_id);
    const auto before = watcher.source_worker();
    store_.put_bounds({{.source = source_.source_id, .worker = name}});
    store_.delete_bounds({name});
    await([&] { return watcher.source_worker() == nullptr; });
    store_.put_bounds({{.source = source_.source_id, .worker = name}});
    await([&] { return watcher.source_worker() != nullptr; });
    EXPECT_NE(watcher.source_worker(), before);
}

TEST_F(WorkerRoomTest, ASourceThatCannotBeServedIsNamed) {
    const model::WorkerName name("w");
    store_.put_source(source_.source_id, "not = [toml");
    store_.put_bounds({{.source = source_.source_id, .worker = name}});
    BoundWatcher watcher(name, dependencies());
    await([&] { return watcher.problem().has_value(); });
    EXPECT_EQ(watcher.problem()->source, source_.source_id);
    EXPECT_EQ(watcher.source_worker(), nullptr);
    // It has no configuration at all.
    store_.delete_source(source_.source_id, name);
    await([&] { return !watcher.problem().has_value(); });
    store_.put_bounds({{.source = source_.source_id, .worker = name}});
    await([&] { return watcher.problem().has_value(); });
    EXPECT_EQ(watcher.problem()->error.code(), ErrorCode::SchedulerSourceMissing);
    // It is put right and bound again.
    source_.enable_relay = true;
    store_.put_source(source_.source_id, config::to_toml(source_));
    store_.put_bounds({{.source = source_.source_id, .worker = name}});
    await([&] { return watcher.source_worker() != nullptr; });
    EXPECT_FALSE(watcher.problem().has_value());
    ASSERT_TRUE(watcher.source_worker()->problem().has_value());
    EXPECT_THAT(watcher.source_worker()->problem()->what(), HasSubstr("enable-relay: true"));
}

TEST_F(WorkerRoomTest, ASourceCreatedAnewInAGapIsServedAnew) {
    const model::WorkerName name("w");
    store_.put_source(source_.source_id, config::to_toml(source_));
    store_.put_bounds({{.source = source_.source_id, .worker = name}});
    BoundWatcher watcher(name, dependencies());
    await([&] { return watcher.source_worker() != nullptr; });
    kv_.wait_for_watchers(2);
    kv_.break_watches();
    store_.delete_source(source_.source_id, name);
    source_.from.host = "127.0.0.2";
    store_.put_source(source_.source_id, config::to_toml(source_));
    store_.put_bounds({{.source = source_.source_id, .worker = name}});
    await([&] {
        const auto now = watcher.source_worker();
        return now && now->source().from.host == "127.0.0.2";
    });
}

class LeaseKeeperTest : public testing::Test {
  protected:
    std::unique_ptr<LeaseKeeper> keeper(std::chrono::seconds ttl) {
        return std::make_unique<LeaseKeeper>(
            kv_, clock_, LeaseKeeper::Options{.worker = name_, .ttl = ttl},
            LeaseKeeper::Events{.began = [this] { ++begun_; }, .lost = [this] { ++lost_; }});
    }
    bool has_key() { return !kv_.get(meta::keys::keep_alive(name_), false).items.empty(); }
    void advance_until(const std::function<bool()>& condition) {
        while (!condition()) {
            clock_.wait_for_sleepers(1);
            clock_.advance(50ms);
            std::this_thread::yield();
        }
    }

    const model::WorkerName name_{"w"};
    ManualClock clock_;
    meta::FakeKvStore kv_{clock_};
    std::atomic<int> begun_ = 0;
    std::atomic<int> lost_ = 0;
};

TEST_F(LeaseKeeperTest, KeyIsThereWhileItIsKeptAndGoneAfterwards) {
    auto lease = keeper(10s);
    while (begun_ == 0) std::this_thread::yield();
    EXPECT_TRUE(has_key());
    const auto long_after = clock_.now() + 60s;
    advance_until([&] { return clock_.now() > long_after; });
    EXPECT_TRUE(has_key());
    EXPECT_EQ(lost_, 0);
    lease.reset();
    EXPECT_FALSE(has_key());
    EXPECT_EQ(lost_, 0);
}

TEST_F(LeaseKeeperTest, ARevokedLeaseIsLostAndBegunAnew) {
    auto lease = keeper(10s);
    while (begun_ == 0) std::this_thread::yield();
    kv_.revoke_lease(kv_.get(meta::keys::keep_alive(name_), false).items.at(0).lease);
    advance_until([&] { return begun_ == 2; });
    EXPECT_EQ(lost_, 1);
    EXPECT_TRUE(has_key());
}

TEST_F(LeaseKeeperTest, AStoreThatCannotBeReachedForTheWholeTimeLosesTheLease) {
    auto lease = keeper(10s);
    while (begun_ == 0) std::this_thread::yield();
    kv_.fail_next(meta::FakeKvStore::Fault::Before, 1'000'000);
    advance_until([&] { return lost_ == 1; });
    EXPECT_GE(clock_.now().time_since_epoch(), 10s);
    kv_.fail_next(meta::FakeKvStore::Fault::Before, 0);
    advance_until([&] { return begun_ == 2; });
}

TEST_F(LeaseKeeperTest, AStoreThatWasAwayForLongStillHasTheLease) {
    auto lease = keeper(10s);
    while (begun_ == 0) std::this_thread::yield();
    const auto before = kv_.get(meta::keys::keep_alive(name_), false);
    kv_.go_down();
    advance_until([&] { return lost_ == 1; });
    const auto long_after = clock_.now() + 60s;
    advance_until([&] { return clock_.now() > long_after; });
    EXPECT_EQ(begun_, 1);
    kv_.come_back();
    advance_until([&] { return begun_ == 2; });
    EXPECT_EQ(lost_, 1);
    const auto after = kv_.get(meta::keys::keep_alive(name_), false);
    EXPECT_EQ(after.items.at(0).lease, before.items.at(0).lease);
    EXPECT_EQ(after.items.at(0).created, before.items.at(0).created) << "nobody has seen the key go";
}

}  // namespace
}  // namespace dm::worker
