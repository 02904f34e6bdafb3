#include <optional>
#include <random>
#include <set>

#include "app/master/scheduler_fixture.h"

namespace dm::master {
namespace {

/// Random histories: operators, workers that come and go, a store that fails and forgets, leaders that change and do
/// not know it yet. Beside them runs the list of what operators were promised.
class RandomHistory : public SchedulerTest {
  protected:
    void SetUp() override { change_leaders(); }
    void TearDown() override { held_.reset(); }

    std::string pick(const std::string& letter, int count) {
        return letter + std::to_string(std::uniform_int_distribution(1, count)(random_));
    }
    int roll(int sides) { return std::uniform_int_distribution(0, sides - 1)(random_); }

    /// The next leader takes over; the last one goes on believing in itself.
    void change_leaders() {
        const auto put = kv_.txn({}, {meta::PutOp{.key = "/leader", .value = "next"}});
        held_.reset();
        deposed_ = std::move(scheduler_);
        scheduler_ = std::make_unique<Scheduler>(
            meta::ClusterStore(kv_, clock_).fenced({.key = "/leader", .modified = put.revision}));
        heard_ = scheduler_->recover();
    }

    void act() {
        const std::string worker = pick("w", 4);
        const std::string source = pick("s", 5);
        if (const int what = roll(20); what < 10) {
            act_on_members(what, worker, source);
        } else if (what < 15) {
            act_on_task(TaskName(pick("t", 2)), SourceId(source));
        } else {
            act_on_store(what, source);
        }
    }

    void act_on_members(int what, const std::string& worker, const std::string& source) {
        if (what == 0) add_worker(worker);
        if (what == 1) scheduler_->remove_worker(WorkerName(worker));
        if ((what == 2 || what == 3) && !leases_.contains(worker)) wake(worker);
        if (what == 4) kill(worker);
        if (what == 5) add_source(source);
        if (what == 6) scheduler_->remove_source(SourceId(source));
        if (what == 7 || what == 8) scheduler_->transfer(SourceId(source), WorkerName(worker));
        if (what == 9) hear();
    }

    void act_on_store(int what, const std::string& source) {
        if (what == 15) change_leaders();
        if (what == 16) {
            kv_.fail_next(roll(2) == 0 ? meta::FakeKvStore::Fault::Before : meta::FakeKvStore::Fault::After,
                          1 + roll(7));
        }
        if (what == 17) kv_.compact(kv_.get("", false).revision);
        if (what == 18) expect_powerless(source);
        if (what == 19) {
            held_.reset();
            held_.emplace(scheduler_->latch(latched_ = TaskName(pick("t", 2))));
        }
    }

    /// A leader that was replaced changes nothing, whatever it is asked.
    void expect_powerless(const std::string& source) {
        if (!deposed_) return;
        const auto before = kv_.get("", false).revision;
        EXPECT_ANY_THROW(roll(2) == 0 ? static_cast<void>(deposed_->add_source(source_config(SourceId("new"))))
                                      : deposed_->set_stage(TaskName("t1"), {SourceId(source)}, Stage::Paused));
        EXPECT_EQ(kv_.get("", false).revision, before);
    }

    /// One command on a task, as the services give it: under the task's latch, its outcome noted.
    void act_on_task(const TaskName& task, const SourceId& source) {
        if (held_ && latched_ == task) {
            EXPECT_EQ(code_of([&] { const auto latch = scheduler_->latch(task); }), ErrorCode::SchedulerLatchInUse);
            return;
        }
        const auto latch = scheduler_->latch(task);
        const int what = roll(5);
        if (what == 0) {
            promise({{source, task}}, Stage::Running,
                    [&] { scheduler_->add_subtasks({subtask_config(task, source)}); });
        } else if (what == 1) {
            promise(subtasks_of(task), std::nullopt, [&] { scheduler_->remove_subtasks(task, {}); });
        } else {
            const Stage stage = what == 2 ? Stage::Running : Stage::Paused;
            promise({{source, task}}, stage, [&] { scheduler_->set_stage(task, {source}, stage); });
        }
    }

    std::vector<meta::SubTaskId> subtasks_of(const TaskName& task) const {
        std::vector<meta::SubTaskId> ids;
        for (const auto& [id, possible] : promised_)
            if (id.task == task) ids.push_back(id);
        return ids;
    }

    /// Runs the command. If it succeeds its promise holds; if the store failed in it, the promise may hold.
    template <typename F>
    void promise(const std::vector<meta::SubTaskId>& ids, std::optional<Stage> stage, const F& command) {
        try {
            command();
        } catch (const Error& error) {
            const bool is_refusal =
                error.entry().error_class == ErrorClass::Scheduler || error.entry().error_class == ErrorClass::DmMaster;
            for (const auto& id : ids)
                if (!is_refusal) possible(id).insert(stage);
            throw;
        }
        for (const auto& id : ids) possible(id) = {stage};
    }

    /// What may be expected of a subtask; nullopt stands for: it does not exist.
    std::set<std::optional<Stage>>& possible(const meta::SubTaskId& id) {
        return promised_.try_emplace(id, std::set<std::optional<Stage>>{std::nullopt}).first->second;
    }

    void expect_promises_kept() {
        scheduler_->read([&](const ClusterTable& table) {
            for (const auto& [id, stages] : promised_) {
                const auto* task = table.task(id.task);
                std::optional<Stage> stage;
                if (task != nullptr && task->contains(id.source)) stage = task->at(id.source).expect;
                EXPECT_TRUE(stages.contains(stage))
                    << id.task.str() << " on " << id.source.str() << ": " << (stage ? static_cast<int>(*stage) : -1)
                    << " is not what was promised";
            }
        });
    }

    /// As the leadership does it: events that could not be handled are replaced by a recovery.
    void settle() {
        kv_.fail_next(meta::FakeKvStore::Fault::Before, 0);
        try {
            heard_ = scheduler_->recover();
        } catch (const Error& error) {
            ASSERT_EQ(error.code(), ErrorCode::MasterNotLeader);
            change_leaders();  // the key was taken although taking it seemed to fail
        }
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

    void live_through(int steps) {
        for (int step = 0; step < steps; ++step) {
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
    }

    std::mt19937 random_;
    std::unique_ptr<Scheduler> deposed_;
    std::optional<TaskLatches::Latch> held_;  ///< by a command that takes its time
    TaskName latched_;
    std::map<meta::SubTaskId, std::set<std::optional<Stage>>> promised_;
};

TEST_F(RandomHistory, MemoryEqualsStoreAfterThousandsOfHistories) {
    const unsigned first_seed = std::random_device{}();
    for (unsigned i = 0; i < 2000; ++i) {
        const unsigned seed = first_seed + i;
        SCOPED_TRACE("seed " + std::to_string(seed));
        random_.seed(seed);
        ASSERT_NO_FATAL_FAILURE(live_through(40));
        ASSERT_NO_FATAL_FAILURE(settle());
        ASSERT_NO_FATAL_FAILURE(expect_faithful());
        expect_complete();
        expect_promises_kept();
        const auto before = scheduler_->store().load_all().bounds;
        change_leaders();
        EXPECT_EQ(scheduler_->store().load_all().bounds, before) << "no binding is lost by a change of leaders";
        expect_promises_kept();
        ASSERT_FALSE(HasFailure());
    }
}

}  // namespace
}  // namespace dm::master
