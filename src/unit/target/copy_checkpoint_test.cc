#include "unit/target/copy_checkpoint.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/sql/fake_sql_session.h"

namespace dm::target {
namespace {

using sql::FakeSqlServer;

class CopyCheckpointTest : public testing::Test {
  protected:
    CopyCheckpointTest() {
        server_.on("SELECT 1 FROM information_schema.TABLES", FakeSqlServer::result({"1"}, {{"1"}}));
    }

    void have_chunks(std::vector<std::vector<std::string>> rows) {
        server_.on(
            "SELECT chunk,state",
            FakeSqlServer::result({"chunk", "state", "lower_bound", "upper_bound", "rows_done", "bytes_done"}, rows));
    }

    FakeSqlServer server_;
    std::unique_ptr<sql::SqlSession> session_ = server_.connect();
    CopyCheckpoint checkpoint_{"dm_meta", "task", "source-1", model::Flavor::MySql};
};

TEST_F(CopyCheckpointTest, ReadsTablesBack) {
    const std::string gtid = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5";
    server_.on("SELECT cp_schema",
               FakeSqlServer::result({"cp_schema", "cp_table", "state", "target_schema", "target_table", "owns_target",
                                      "was_empty", "low_name", "low_pos", "low_gtid", "high_name", "high_pos",
                                      "high_gtid", "table_structure", "rows_done", "bytes_done"},
                                     {{"s", "a", "complete", "s2", "a2", "1", "1", "bin.000003", "5000000000", gtid,
                                       "bin.000004", "7", gtid, "CREATE TABLE `a`", "10", "20"},
                                      {"s", "b", "void", "s", "b", "0", "1", "", "0", "", "", "0", "", "", "0", "0"}}));
    const auto points = checkpoint_.load_table_points(*session_);
    ASSERT_EQ(points.size(), 1U) << "a void table has no point";
    EXPECT_EQ(points[0].source, (model::TableName{"s", "a"}));
    EXPECT_EQ(points[0].low.position, (model::BinlogPosition{.file = "bin.000003", .offset = 5000000000}));
    EXPECT_EQ(points[0].low.gtid_set.to_string(), gtid);
    EXPECT_TRUE(points[0].is_complete);
    const auto tables = checkpoint_.load_tables(*session_);
    EXPECT_TRUE(tables.at({"s", "a"}).owns_target);
    EXPECT_EQ(tables.at({"s", "b"}).state, CopyState::Void);
}

TEST_F(CopyCheckpointTest, LateIndexesAreWrittenAndReadBack) {
    TableCopyRecord record;
    record.point.source = {"s", "a"};
    record.late_indexes = {"KEY `k` (`it's`)"};
    checkpoint_.save_table(*session_, record);
    ASSERT_EQ(server_.statements("REPLACE").size(), 1U);
    EXPECT_NE(server_.statements("REPLACE")[0].find(R"x('["KEY `k` (`it\'s`)"]')x"), std::string::npos);
    server_.on(
        "SELECT cp_schema",
        FakeSqlServer::result({"cp_schema", "cp_table", "state", "owns_target", "was_empty", "low_pos", "high_pos",
                               "late_indexes", "rows_done", "bytes_done"},
                              {{"s", "a", "copying", "1", "1", "0", "0", R"x(["KEY `k` (`it's`)"])x", "0", "0"}}));
    EXPECT_EQ(checkpoint_.load_tables(*session_).at({"s", "a"}).late_indexes, record.late_indexes);
}

TEST_F(CopyCheckpointTest, ATableOfAnEarlierVersionIsExtended) {
    server_.on("SELECT COLUMN_NAME", FakeSqlServer::result({"c"}, {{"id"}, {"chunk"}}));
    checkpoint_.prepare(*session_);
    EXPECT_EQ(server_.statements("ALTER TABLE").size(), 1U);
    server_.on("SELECT COLUMN_NAME", FakeSqlServer::result({"c"}, {{"id"}, {"late_indexes"}}));
    checkpoint_.prepare(*session_);
    EXPECT_EQ(server_.statements("ALTER TABLE").size(), 1U) << "it is current";
}

TEST_F(CopyCheckpointTest, WithoutItsTableThereIsNothing) {
    server_.on("SELECT 1 FROM information_schema.TABLES", FakeSqlServer::result({"1"}, {}));
    EXPECT_TRUE(checkpoint_.load_table_points(*session_).empty());
    EXPECT_FALSE(checkpoint_.load_floor(*session_).has_value());
}

TEST_F(CopyCheckpointTest, TheFloorKeepsTheCharsetsOfSchemas) {
    const SchemaCharsets charsets{{"d", {.charset = "gbk", .collation = "gbk_bin"}},
                                  {"it's \xc3\xa4", {.charset = "latin1", .collation = "latin1_bin"}}};
    checkpoint_.save_floor(*session_, {.position = {.file = "bin.000001", .offset = 4}, .gtid_set = {}}, charsets);
    const std::string written = server_.statements("REPLACE").front();
    const std::string text = R"({"d":["gbk","gbk_bin"],"it's \u00e4":["latin1","latin1_bin"]})";
    EXPECT_NE(written.find(R"({"d":["gbk","gbk_bin"])"), std::string::npos) << written;
    server_.on("SELECT 1 FROM information_schema.TABLES", FakeSqlServer::result({"1"}, {{"1"}}));
    const auto read = [&](const std::string& structure) {
        server_.on("SELECT table_structure", FakeSqlServer::result({"table_structure"}, {{structure}}));
        return checkpoint_.load_floor_charsets(*session_);
    };
    EXPECT_EQ(read(text), charsets);
    EXPECT_EQ(read(""), SchemaCharsets{}) << "of a former version";
    EXPECT_EQ(read("{}"), SchemaCharsets{});
    for (const auto* broken : {"[]", "{", R"({"d":"gbk"})", R"({"d":["gbk"]})"})
        EXPECT_THROW((void)read(broken), Error);
}

TEST_F(CopyCheckpointTest, ReadsChunksInOrder) {
    have_chunks({{"1", "done", "[]", R"(["5"])", "5", "50"}, {"2", "planned", R"(["5"])", "[]", "0", "0"}});
    const auto chunks = checkpoint_.load_chunks(*session_, {"s", "a"});
    ASSERT_EQ(chunks.size(), 2U);
    EXPECT_TRUE(chunks[0].is_done);
    EXPECT_EQ(chunks[1].range, (KeyRange{.lower = {"5"}, .upper = {}}));
}

TEST_F(CopyCheckpointTest, AGapBetweenChunksIsAnError) {
    have_chunks({{"1", "done", "[]", R"(["5"])", "5", "50"}, {"2", "planned", R"(["6"])", "[]", "0", "0"}});
    EXPECT_THROW((void)checkpoint_.load_chunks(*session_, {"s", "a"}), Error);
}

TEST_F(CopyCheckpointTest, BoundsOfAnyBytesSurviveAsText) {
    checkpoint_.save_chunks(*session_, {"s", "a"},
                            {{.number = 1, .range = {.lower = {}, .upper = {"'it\\'s \xc3\xa4'", "x'00ff'"}}}});
    const auto statements = server_.statements("REPLACE");
    ASSERT_EQ(statements.size(), 1U);
    EXPECT_NE(statements[0].find(R"('["\'it\\\\\'s \\u00e4\'","x\'00ff\'"]')"), std::string::npos) << statements[0];
}

TEST_F(CopyCheckpointTest, DroppingATableKeepsWhatIsKnownOfItsTarget) {
    checkpoint_.drop_table(*session_, {"s", "a"});
    EXPECT_TRUE(server_.statements().front().starts_with("DELETE")) << "never void with chunks left over";
    EXPECT_EQ(server_.statements("UPDATE").size(), 1U);
    EXPECT_EQ(server_.statements("DELETE"),
              (std::vector<std::string>{"DELETE FROM `dm_meta`.`task_copy_checkpoint` WHERE id='source-1' AND "
                                        "cp_schema='s' AND cp_table='a' AND chunk>0"}));
}

}  // namespace
}  // namespace dm::target
