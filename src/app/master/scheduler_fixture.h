#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "app/master/scheduler.h"
#include "base/log.h"
#include "core/meta/fake_kv_store.h"
#include "core/meta/keys.h"

/// For the tests of the scheduler: a store in memory, workers with leases, and a scheduler over them.
namespace dm::master {

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

inline config::SourceConfig source_config(const SourceId& id) {
    config::SourceConfig source;
    source.source_id = id;
    source.flavor = "mysql";
    source.server_id = 7;
    source.from.host = "127.0.0.1";
    source.from.port = 3306;
    source.from.user = "dm";
    return source;
}

inline config::SubTaskConfig subtask_config(const TaskName& task, const SourceId& source) {
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
    void restart(const meta::WriteLimits& limits = {}) {
        scheduler_ = std::make_unique<Scheduler>(meta::ClusterStore(kv_, clock_, {}, limits));
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
    /// Delivers the keepalive changes since the last time; if the store has forgotten them, everything is read again.
    void hear() {
        std::vector<meta::Change<WorkerName, meta::KeepAlive>> changes;
        std::stop_source stop;
        const auto marker =
            kv_.txn({}, {meta::PutOp{.key = meta::keys::keep_alive(WorkerName("zzz")),
                                     .value = to_text(meta::KeepAlive{.worker = WorkerName("zzz"), .join_time = ""})}});
        const auto end = scheduler_->store().watch_keep_alives(heard_ + 1, stop.get_token(), [&](const auto& change) {
            if (change.revision >= marker.revision) stop.request_stop();
            if (change.id != WorkerName("zzz")) changes.push_back(change);
        });
        if (end == meta::WatchEnd::Compacted) {
            heard_ = scheduler_->recover();
            return;
        }
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

}  // namespace dm::master
