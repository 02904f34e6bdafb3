#pragma once

/// @file
/// Whole runs of a sync unit over fakes: a binlog in memory, a target that executes what it is sent.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/binlog/memory_event_source.h"
#include "unit/sync/binlog_script.h"
#include "unit/sync/mini_target.h"
#include "unit/sync/sync_unit.h"

namespace dm::sync {

using testing::BinlogScript;
using testing::MiniTarget;

/// Real time, but nobody sleeps long.
class HastyClock final : public Clock {
  public:
    [[nodiscard]] TimePoint now() const override { return clock_.now(); }
    [[nodiscard]] WallTime wall_now() const override { return clock_.wall_now(); }
    bool sleep(Duration duration, std::stop_token stop) override {
        return clock_.sleep(std::min<Duration>(duration, std::chrono::milliseconds(2)), stop);
    }

  private:
    SystemClock clock_;
};

/// Serves memory, breaking once if so asked.
class ScriptSource final : public binlog::EventSource {
  public:
    ScriptSource(std::string bytes, std::optional<std::size_t> fail_after)
        : inner_({{.name = "bin.000001", .bytes = std::move(bytes)}}) {
        if (fail_after) inner_.fail_after(*fail_after);
    }
    void start(const binlog::StartPoint& from) override { inner_.start(from); }
    [[nodiscard]] std::optional<ByteView> next(std::stop_token stop) override { return inner_.next(stop); }
    [[nodiscard]] bool has_more() const override { return inner_.has_more(); }
    [[nodiscard]] std::string_view kind() const override { return "remote"; }
    void cancel() noexcept override { inner_.cancel(); }

  private:
    binlog::MemoryEventSource inner_;
};

class SyncUnitTest : public ::testing::Test {
  protected:
    SyncUnitTest() {
        using sql::FakeSqlServer;
        upstream_.on("SELECT @@global.lower",
                     FakeSqlServer::result({"l", "c", "k"}, {{"0", "utf8mb4", "utf8mb4_bin"}}));
        upstream_.on("SHOW BINARY LOGS", FakeSqlServer::result({"Log_name", "File_size"}, {{"bin.000001", "1"}}));
        upstream_.on("SHOW MASTER STATUS", [this](std::string_view) {
            return FakeSqlServer::result({"File", "Position", "Executed_Gtid_Set"},
                                         {{"bin.000001", std::to_string(end_), ""}});
        });
        upstream_.on("SELECT UNIX_TIMESTAMP(CREATE_TIME)", FakeSqlServer::result({"t"}, {{"NULL"}}));
        upstream_.on("SHOW CREATE TABLE", [this](std::string_view) {
            return FakeSqlServer::result({"Table", "Create Table"}, {{"t", upstream_shape_}});
        });
        config_.name = model::TaskName("t");
        config_.source_id = model::SourceId("s1");
        config_.mode = config::TaskMode::Incremental;
        config_.meta_schema = "m";
        config_.sync.worker_count = 4;
        config_.sync.batch = 7;
        config_.sync.checkpoint_flush_interval = std::chrono::seconds(0);
    }

    std::unique_ptr<SyncUnit> make_unit_over(decltype(SyncUnit::Dependencies::open_source) open_source) {
        return std::make_unique<SyncUnit>(config_, SyncUnit::Dependencies{.upstream = upstream_.connector(),
                                                                          .downstream = target_->connector(),
                                                                          .open_source = std::move(open_source),
                                                                          .clock = clock_,
                                                                          .metrics = metrics_,
                                                                          .worker_name = "w",
                                                                          .run_until = {}});
    }

    std::unique_ptr<SyncUnit> make_unit(const std::string& binlog,
                                        std::optional<std::size_t> fail_after = std::nullopt) {
        end_ = binlog.size();
        auto failing = std::make_shared<std::optional<std::size_t>>(fail_after);
        return make_unit_over([binlog, failing] {
            return std::make_unique<ScriptSource>(binlog, std::exchange(*failing, std::nullopt));
        });
    }

    /// The upstream's table is as the target's is now.
    std::unique_ptr<SyncUnit> make_upstream_like_target(const std::string& binlog) {
        upstream_shape_ = target_->create_table;
        return make_unit(binlog);
    }

    /// At the start of the file, whose GTIDs are not asked for.
    void begin_behind_another_server() {
        config_.meta = config::MetaConfig{
            .binlog_name = "bin.000001", .binlog_pos = 4, .binlog_gtid = "3e11fa47-71ca-11e1-9e33-c80aa9429563:1"};
    }
    using Files = std::vector<binlog::MemoryEventSource::File>;
    /// Its stream breaks after so many events; whenever it is opened it is of the next server, at last of the last.
    std::unique_ptr<SyncUnit> make_unit_of(std::vector<Files> servers, std::size_t fail_after) {
        end_ = 1'000'000;
        auto opened = std::make_shared<std::size_t>(0);
        const auto open = [servers = std::move(servers), opened, fail_after] {
            const std::size_t number = (*opened)++;
            auto source = std::make_unique<binlog::MemoryEventSource>(servers.at(std::min(number, servers.size() - 1)));
            if (number == 0) source->fail_after(fail_after);
            return source;
        };
        begin_behind_another_server();
        config_.sync.safe_mode_duration = std::chrono::nanoseconds(0);
        return make_unit_over(open);
    }

    void run_killed_at(std::size_t statement, const std::string& binlog) {
        const auto unit = make_unit(binlog);
        target_->at_statement(statement, [&unit] { unit->kill(); });
        try {
            (void)unit->run({});
        } catch (const Error& error) {
            EXPECT_EQ(error.retry_class(), RetryClass::Resume) << error.what();
        }
        target_->at_statement(0, nullptr);
    }

    void renew_target() { target_ = std::make_unique<MiniTarget>(); }

    HastyClock clock_;
    metrics::Registry metrics_;
    std::unique_ptr<MiniTarget> target_ = std::make_unique<MiniTarget>();
    sql::FakeSqlServer upstream_;
    std::string upstream_shape_ = target_->create_table;
    config::SubTaskConfig config_;
    std::atomic<std::uint64_t> end_ = 4;
};

}  // namespace dm::sync
