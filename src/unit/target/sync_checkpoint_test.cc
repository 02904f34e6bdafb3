#include "unit/target/sync_checkpoint.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/schema/definition_json.h"
#include "core/sql/fake_sql_session.h"

namespace dm::target {
namespace {

using sql::FakeSqlServer;

constexpr auto kSet = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5";

class SyncCheckpointTest : public testing::Test {
  protected:
    void have(std::vector<std::vector<std::string>> rows) {
        server_.on("SELECT cp_schema",
                   FakeSqlServer::result(
                       {"cp_schema", "cp_table", "binlog_name", "binlog_pos", "binlog_gtid", "exit_safe_binlog_name",
                        "exit_safe_binlog_pos", "exit_safe_binlog_gtid", "table_info", "is_global"},
                       std::move(rows)));
    }
    static model::Location at(std::uint64_t offset, const char* set = "") {
        return {.position = {.file = "bin.000003", .offset = offset},
                .gtid_set = model::GtidSet::parse(model::Flavor::MySql, set)};
    }

    FakeSqlServer server_;
    std::unique_ptr<sql::SqlSession> session_ = server_.connect();
    SyncCheckpoint checkpoint_{"dm_meta", "task", "source-1", model::Flavor::MySql};
};

TEST_F(SyncCheckpointTest, a_new_source_has_nothing) {
    have({});
    const auto content = checkpoint_.load(*session_);
    EXPECT_FALSE(content.global.has_value());
    EXPECT_FALSE(content.safe_mode_exit.has_value());
    EXPECT_TRUE(content.tables.empty());
}

TEST_F(SyncCheckpointTest, reads_the_global_row_and_the_tables) {
    schema::TableDefinition definition;
    definition.name = {"s", "t"};
    have({{"", "", "bin.000003", "700", kSet, "bin.000003", "700", kSet, "null", "1"},
          {"s", "t", "bin.000002", "90", "", "", "0", "", schema::definition_to_json(definition), "0"},
          {"s", "foreign", "bin.000002", "90", "", "", "0", "", R"({"id":42,"name":{"O":"foreign"}})", "0"}});
    const auto content = checkpoint_.load(*session_);
    EXPECT_EQ(content.global, at(700, kSet));
    EXPECT_EQ(content.safe_mode_exit, at(700, kSet));
    ASSERT_EQ(content.tables.size(), 2U);
    EXPECT_NE(content.tables.at({"s", "t"}).definition, nullptr);
    EXPECT_EQ(content.tables.at({"s", "foreign"}).definition, nullptr) << "in TiDB's form: asked for anew";
}

TEST_F(SyncCheckpointTest, an_empty_exit_is_none) {
    have({{"", "", "bin.000003", "700", "", "", "0", "", "null", "1"}});
    EXPECT_FALSE(checkpoint_.load(*session_).safe_mode_exit.has_value());
}

TEST_F(SyncCheckpointTest, all_of_a_write_is_one_transaction_with_the_global_row_last) {
    checkpoint::CheckpointImage image{
        .global = at(900, kSet), .safe_mode_exit = {}, .server = {}, .changed = {}, .removed = {}};
    image.changed[{"s", "t'"}] = {.location = at(800), .definition = nullptr};
    image.removed.insert({"s", "gone"});
    checkpoint_.save(*session_, image);
    const auto statements = server_.statements();
    ASSERT_EQ(statements.size(), 5U);
    EXPECT_EQ(statements.front(), "BEGIN");
    EXPECT_TRUE(statements[1].starts_with("DELETE FROM `dm_meta`.`task_syncer_checkpoint`")) << statements[1];
    EXPECT_NE(statements[2].find(R"('t\'')"), std::string::npos) << statements[2];
    EXPECT_NE(statements[3].find("('source-1','','','bin.000003',900,"), std::string::npos) << statements[3];
    EXPECT_EQ(statements.back(), "COMMIT");
}

TEST_F(SyncCheckpointTest, the_server_of_the_global_place_is_kept) {
    have({{"", "", "bin.000003", "700", kSet, "", "0", "", R"({"server": "it's"})", "1"}});
    EXPECT_EQ(checkpoint_.load(*session_).server, "it's");
    have({{"", "", "bin.000003", "700", kSet, "", "0", "", R"({"server": 5})", "1"}});
    EXPECT_EQ(checkpoint_.load(*session_).server, "");
    checkpoint::CheckpointImage image{
        .global = at(900, kSet), .safe_mode_exit = {}, .server = "it's", .changed = {}, .removed = {}};
    checkpoint_.save(*session_, image);
    EXPECT_NE(server_.statements("INSERT").back().find(R"('{"server":"it\'s"}',1)"), std::string::npos)
        << server_.statements("INSERT").back();
    image.server.clear();
    checkpoint_.save(*session_, image);
    EXPECT_NE(server_.statements("INSERT").back().find("'null',1)"), std::string::npos);
}

TEST_F(SyncCheckpointTest, beyond_four_gigabytes_the_gtids_decide) {
    checkpoint::CheckpointImage image{
        .global = at(5'000'000'000, kSet), .safe_mode_exit = {}, .server = {}, .changed = {}, .removed = {}};
    checkpoint_.save(*session_, image);
    EXPECT_NE(server_.statements("INSERT").back().find("4294967295"), std::string::npos);
    EXPECT_TRUE(SyncCheckpoint::can_record(image.global));
    image.global = at(5'000'000'000);
    EXPECT_FALSE(SyncCheckpoint::can_record(image.global));
    try {
        checkpoint_.save(*session_, image);
        FAIL() << "without GTIDs the place cannot be recorded";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::BinlogUnsupported);
        EXPECT_NE(std::string(error.what()).find("enable-gtid"), std::string::npos);
    }
}

TEST_F(SyncCheckpointTest, the_statement_under_way_is_read_back) {
    EXPECT_FALSE(checkpoint_.load_statement(*session_).has_value());
    checkpoint_.save_statement(*session_, {.location = "(bin.000003, 7)", .part = 2, .before = "it's"});
    EXPECT_EQ(server_.statements("REPLACE").back(),
              R"(REPLACE INTO `dm_meta`.`task_syncer_ddl` (id,location,part,structure_before) VALUES )"
              R"(('source-1','(bin.000003, 7)',2,'it\'s'))");
    server_.on("SELECT location",
               FakeSqlServer::result({"location", "part", "structure_before"}, {{"(bin.000003, 7)", "2", "it's"}}));
    const auto read = checkpoint_.load_statement(*session_);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->part, 2U);
    EXPECT_EQ(read->before, "it's");
}

}  // namespace
}  // namespace dm::target
