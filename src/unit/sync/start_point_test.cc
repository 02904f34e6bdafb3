#include "unit/sync/start_point.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/binlog/memory_event_source.h"
#include "core/binlog/test_events.h"
#include "core/sql/fake_sql_session.h"
#include "unit/sync/binlog_script.h"

namespace dm::sync {
namespace {

using sql::FakeSqlServer;

constexpr auto kSet = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5";

class StartPointTest : public ::testing::Test {
  protected:
    StartPointTest() {
        config_.mode = config::TaskMode::Incremental;
        server_.on("SHOW BINARY LOGS", FakeSqlServer::result({"Log_name", "File_size"}, {{"bin.000003", "1"}}));
        server_.on("SELECT @@global.gtid_purged", FakeSqlServer::result({"g"}, {{kSet}}));
    }
    static model::Location at(std::uint64_t offset, const char* set = "") {
        return {.position = {.file = "bin.000003", .offset = offset},
                .gtid_set = model::GtidSet::parse(model::Flavor::MySql, set)};
    }
    StartPoint find(const std::vector<target::TableCopyPoint>& copies = {},
                    const std::optional<model::Location>& floor = std::nullopt) {
        const auto session = server_.connect();
        return StartPointFinder(config_, *session, open_).find(content_, copies, floor, {});
    }
    void have_binlog(std::string bytes) {
        open_ = [bytes = std::move(bytes)] {
            return std::make_unique<binlog::MemoryEventSource>(
                std::vector<binlog::MemoryEventSource::File>{{.name = "bin.000003", .bytes = bytes}});
        };
    }

    FakeSqlServer server_;
    config::SubTaskConfig config_;
    checkpoint::CheckpointContent content_;
    std::function<std::unique_ptr<binlog::EventSource>()> open_ = [] { return std::unique_ptr<binlog::EventSource>(); };
};

TEST_F(StartPointTest, what_is_recorded_comes_first) {
    content_.global = at(700, kSet);
    config_.meta = config::MetaConfig{.binlog_name = "bin.000001", .binlog_pos = 9, .binlog_gtid = ""};
    const auto start = find();
    EXPECT_EQ(start.location, at(700, kSet));
    EXPECT_FALSE(start.is_fresh);
    EXPECT_FALSE(start.needs_safe_mode);
}

TEST_F(StartPointTest, a_copy_starts_at_its_smallest_low) {
    config_.mode = config::TaskMode::All;
    target::TableCopyPoint late{.source = {"s", "a"}, .low = at(500), .high = at(900), .create_table = ""};
    target::TableCopyPoint early{.source = {"s", "b"}, .low = at(300), .high = at(600), .create_table = ""};
    EXPECT_EQ(find({late, early}).location, at(300));
    EXPECT_EQ(find({late, early}, at(200)).location, at(200));
    const auto start = find({late});
    EXPECT_TRUE(start.is_fresh);
    EXPECT_FALSE(start.needs_safe_mode);
    EXPECT_FALSE(start.run_until.has_value());
    config_.mode = config::TaskMode::Full;
    EXPECT_EQ(find({late, early}).run_until, at(900));
}

TEST_F(StartPointTest, meta_of_the_instance_needs_safe_mode) {
    config_.meta = config::MetaConfig{.binlog_name = "bin.000003", .binlog_pos = 400, .binlog_gtid = ""};
    const auto start = find();
    EXPECT_EQ(start.location, at(400));
    EXPECT_TRUE(start.is_fresh);
    EXPECT_TRUE(start.needs_safe_mode);
}

TEST_F(StartPointTest, a_place_of_meta_amid_a_transaction_is_refused) {
    config_.meta = config::MetaConfig{.binlog_name = "bin.000003", .binlog_pos = 400, .binlog_gtid = ""};
    for (const auto* type : {"Table_map", "Write_rows_v1", "Annotate_rows", "Xid"}) {
        server_.on("SHOW BINLOG EVENTS IN 'bin.000003' FROM 400",
                   FakeSqlServer::result({"Pos", "Event_type"}, {{"400", type}}));
        try {
            (void)find();
            ADD_FAILURE() << type;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::NoBinlogLocation) << type;
        }
    }
    for (const auto* type : {"Gtid", "Anonymous_Gtid", "Query", "Rotate"}) {
        server_.on("SHOW BINLOG EVENTS IN 'bin.000003' FROM 400",
                   FakeSqlServer::result({"Pos", "Event_type"}, {{"400", type}}));
        EXPECT_EQ(find().location, at(400)) << type;
    }
}

TEST_F(StartPointTest, without_anything_the_oldest_binlog) {
    EXPECT_EQ(find().location, at(4));
    config_.sync.enable_gtid = true;
    EXPECT_EQ(find().location, at(4, kSet)) << "before the oldest binlog lies what was purged";
}

TEST_F(StartPointTest, gtids_of_a_position_are_read_from_its_file) {
    testing::BinlogScript script;
    script.begin();
    script.insert({1, 1, 1});
    const auto middle = script.offset();
    script.commit();
    const auto end = script.offset();
    script.begin();
    script.commit();
    have_binlog(script.bytes());
    config_.sync.enable_gtid = true;
    config_.meta = config::MetaConfig{
        .binlog_name = "bin.000003", .binlog_pos = static_cast<std::uint32_t>(end), .binlog_gtid = ""};
    EXPECT_EQ(find().location.position.offset, end);
    config_.meta->binlog_pos = static_cast<std::uint32_t>(middle);
    try {
        (void)find();
        FAIL() << "within a transaction";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::NoBinlogLocation);
        EXPECT_NE(std::string(error.what()).find(std::to_string(middle)), std::string::npos);
    }
}

TEST_F(StartPointTest, every_place_in_the_head_of_a_file_has_the_gtids_it_begins_with) {
    testing::BinlogScript script;
    const auto behind_format = script.offset();
    script.previous_gtids(5);
    const auto behind_head = script.offset();
    const auto bare_head = script.bytes();
    script.begin();
    script.commit();
    config_.sync.enable_gtid = true;
    for (const auto& bytes : {bare_head, script.bytes()}) {
        have_binlog(bytes);
        for (const auto offset : {std::uint64_t{0}, std::uint64_t{4}, behind_format, behind_head}) {
            config_.meta = config::MetaConfig{
                .binlog_name = "bin.000003", .binlog_pos = static_cast<std::uint32_t>(offset), .binlog_gtid = ""};
            EXPECT_EQ(find().location.gtid_set.to_string(), kSet) << offset;
        }
    }
}

TEST(StartPointOfMariaDb, asks_the_server_for_the_gtids) {
    FakeSqlServer server({.flavor = model::Flavor::MariaDb, .major = 10, .minor = 11, .patch = 6});
    server.on("SELECT BINLOG_GTID_POS", FakeSqlServer::result({"g"}, {{"0-1-7"}}));
    config::SubTaskConfig config;
    config.mode = config::TaskMode::Incremental;
    config.sync.enable_gtid = true;
    config.meta = config::MetaConfig{.binlog_name = "bin.000003", .binlog_pos = 400, .binlog_gtid = ""};
    const auto session = server.connect();
    const std::function<std::unique_ptr<binlog::EventSource>()> open;
    EXPECT_EQ(StartPointFinder(config, *session, open).find({}, {}, {}, {}).location.gtid_set.to_string(), "0-1-7");
    server.on("SELECT BINLOG_GTID_POS", FakeSqlServer::result({"g"}, {{"NULL"}}));
    EXPECT_THROW((void)StartPointFinder(config, *session, open).find({}, {}, {}, {}), Error);
}

TEST(LostEndTest, is_mentioned_of_a_server_without_what_was_applied) {
    struct Case {
        const char* newest;
        const char* applied;
        bool is_fresh;
        std::size_t mentioned;
    };
    constexpr auto kOther = "4e11fa47-71ca-11e1-9e33-c80aa9429562:1-5";
    for (const auto& [newest, applied, is_fresh, mentioned] :
         {Case{kSet, kSet, false, 0}, Case{kOther, kSet, false, 1}, Case{kOther, kSet, true, 0},
          Case{"3e11fa47-71ca-11e1-9e33-c80aa9429562:1-6", kSet, false, 0},
          Case{"3e11fa47-71ca-11e1-9e33-c80aa9429562:1-4", kSet, false, 1}}) {
        metrics::Registry registry;
        Notices notices(true, registry, {});
        const model::Location there{.position = {}, .gtid_set = model::GtidSet::parse(model::Flavor::MySql, newest)};
        StartPoint start;
        start.location.gtid_set = model::GtidSet::parse(model::Flavor::MySql, applied);
        start.is_fresh = is_fresh;
        mention_lost_end(there, start, notices);
        EXPECT_EQ(notices.list().size(), mentioned) << newest;
    }
}

}  // namespace
}  // namespace dm::sync
