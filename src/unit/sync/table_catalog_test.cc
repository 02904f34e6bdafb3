#include "unit/sync/table_catalog.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "unit/sync/test_parts.h"

namespace dm::sync {
namespace {

using sql::FakeSqlServer;

constexpr auto kTable = "CREATE TABLE `t` (\n  `a` int NOT NULL,\n  `b` int DEFAULT NULL,\n  PRIMARY KEY (`a`)\n)";

class TableCatalogTest : public SyncPartsTest {
  protected:
    TableCatalogTest() { have(upstream_, kTable), have(downstream_, kTable); }

    static void have(FakeSqlServer& server, const std::string& structure) {
        server.on("SHOW CREATE TABLE", FakeSqlServer::result({"Table", "Create Table"}, {{"t", structure}}));
        server.on("SELECT UNIX_TIMESTAMP(CREATE_TIME)", FakeSqlServer::result({"t"}, {{"NULL"}}));
    }
    static void lose(FakeSqlServer& server) {
        server.fail("SHOW CREATE TABLE", FakeSqlServer::server_error(1146, "no such table"), 0, 100);
    }
    static std::shared_ptr<binlog::TableMap> map_of(std::size_t columns) {
        auto map = std::make_shared<binlog::TableMap>();
        map->name = {"s", "t"};
        map->columns.resize(columns);
        for (auto& column : map->columns) column.type = binlog::WireType::Long;
        return map;
    }
    const SourceTable& table_of(std::size_t columns) {
        return catalog_.table_of(map_of(columns), 1, {.position = {.file = "bin.000001", .offset = 9}, .gtid_set = {}},
                                 false);
    }
    ErrorCode refusal(std::size_t columns) {
        return code_of([&] { (void)table_of(columns); });
    }

    Rules rules_{.filter = rules::TableFilter({}, true),
                 .router = rules::TableRouter({}, true),
                 .events = rules::EventFilter({}, true)};
    TableCatalog catalog_{rules_, schema::Tracker({}), schema::Tracker({}), recorder_, up_, down_};
};

TEST_F(TableCatalogTest, unknown_structures_are_asked_for_once) {
    const auto map = map_of(2);
    const model::Location location{.position = {.file = "bin.000001", .offset = 9}, .gtid_set = {}};
    EXPECT_NE(catalog_.table_of(map, 1, location, false).plan, nullptr);
    EXPECT_EQ(&catalog_.table_of(map, 1, location, false), &catalog_.table_of(map, 1, location, false));
    EXPECT_NE(table_of(2).plan, nullptr);
    EXPECT_EQ(upstream_.statements("SHOW CREATE TABLE").size(), 1U);
    EXPECT_EQ(downstream_.statements("SHOW CREATE TABLE").size(), 1U);
}

TEST_F(TableCatalogTest, a_structure_of_today_that_cannot_be_that_of_the_rows_is_refused) {
    EXPECT_EQ(refusal(3), ErrorCode::SchemaTableMissing);
    for (FakeSqlServer* server : {&upstream_, &downstream_})
        have(*server, "CREATE TABLE `t` (`a` int NOT NULL, `b` varchar(9), PRIMARY KEY (`a`))");
    EXPECT_EQ(refusal(2), ErrorCode::SchemaTableMissing);
}

TEST_F(TableCatalogTest, a_structure_that_is_younger_than_the_rows_needs_their_names_or_the_targets_word) {
    have(downstream_, "CREATE TABLE `t` (`b` int NOT NULL, `a` int NOT NULL, PRIMARY KEY (`a`))");
    upstream_.on("SELECT UNIX_TIMESTAMP(CREATE_TIME)", FakeSqlServer::result({"t"}, {{"2"}}));
    EXPECT_EQ(refusal(2), ErrorCode::SchemaTableMissing) << "columns of one type may have changed places";
    const auto map = map_of(2);
    map->columns[0].name = "a";
    map->columns[1].name = "b";
    EXPECT_NE(catalog_.table_of(map, 1, {}, false).plan, nullptr);
}

TEST_F(TableCatalogTest, a_younger_structure_with_the_targets_columns_is_that_of_the_rows) {
    have(upstream_, "CREATE TABLE `t` (`a` int NOT NULL, `b` int DEFAULT NULL, PRIMARY KEY (`a`), KEY (`b`))");
    upstream_.on("SELECT UNIX_TIMESTAMP(CREATE_TIME)", FakeSqlServer::result({"t"}, {{"2"}}));
    EXPECT_NE(table_of(2).plan, nullptr);
}

TEST_F(TableCatalogTest, rows_from_before_a_column_was_added_have_the_targets_structure) {
    have(upstream_, "CREATE TABLE `t` (`n` int, `a` int NOT NULL, `b` int DEFAULT NULL, PRIMARY KEY (`a`))");
    EXPECT_EQ(table_of(2).plan->column_list(), "(`a`,`b`)");
    EXPECT_EQ(catalog_.tracker().find({"s", "t"})->columns.size(), 2U) << "the statement that adds it is yet to come";
}

TEST_F(TableCatalogTest, rows_of_a_table_that_is_gone_upstream_have_the_targets_structure) {
    lose(upstream_);
    EXPECT_NE(table_of(2).plan, nullptr);
    EXPECT_EQ(refusal(3), ErrorCode::SyncColumnCount);
}

TEST_F(TableCatalogTest, a_recorded_structure_that_does_not_fit_is_refused_with_the_numbers) {
    (void)table_of(2);
    try {
        (void)table_of(3);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::SyncColumnCount);
        EXPECT_NE(std::string(error.what()).find("rows have 3"), std::string::npos) << error.what();
    }
}

TEST_F(TableCatalogTest, a_table_that_was_altered_without_its_binlog_is_refused) {
    catalog_.tracker().apply("CREATE TABLE s.t (a INT PRIMARY KEY, b VARCHAR(9))", {});
    EXPECT_EQ(refusal(2), ErrorCode::SyncColumnCount) << "types";
    catalog_.tracker().apply("CREATE OR REPLACE TABLE s.t (a INT PRIMARY KEY, B INT)", {});
    EXPECT_NE(table_of(2).plan, nullptr);
    const auto map = map_of(2);
    map->columns[0].name = "a";
    map->columns[1].name = "b";
    EXPECT_NE(catalog_.table_of(map, 1, {}, false).plan, nullptr) << "names without regard to case";
    const auto swapped = map_of(2);
    swapped->columns[0].name = "b";
    swapped->columns[1].name = "a";
    EXPECT_EQ(code_of([&] { (void)catalog_.table_of(swapped, 1, {}, false); }), ErrorCode::SyncColumnCount);
}

TEST_F(TableCatalogTest, tables_gone_on_either_side_are_named) {
    downstream_.on("SHOW CREATE TABLE", FakeSqlServer::result({"View", "Create View"}, {{"t", "CREATE VIEW"}}));
    EXPECT_EQ(refusal(2), ErrorCode::SyncTargetTableMissing) << "a view has its place";
    lose(downstream_);
    EXPECT_EQ(refusal(2), ErrorCode::SyncTargetTableMissing);
    TableCatalog fresh(rules_, schema::Tracker({}), schema::Tracker({}), recorder_, up_, down_);
    lose(upstream_);
    try {
        (void)fresh.table_of(map_of(2), 1, {}, false);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::SchemaTableMissing);
        EXPECT_NE(std::string(error.what()).find("`s`.`t`"), std::string::npos) << error.what();
    }
}

TEST_F(TableCatalogTest, sequences_and_versioned_tables_are_known) {
    schema::TrackerOptions options;
    options.is_mariadb = true;
    TableCatalog fresh(rules_, schema::Tracker(options), schema::Tracker({}), recorder_, up_, down_);
    have(upstream_, std::string(kTable) + " ENGINE=InnoDB WITH SYSTEM VERSIONING");
    try {
        const auto map = map_of(4);
        map->columns[2].type = map->columns[3].type = binlog::WireType::Timestamp2;
        (void)fresh.table_of(map, 1, {}, false);
        FAIL() << "rows of the past cannot be told";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::SyncEventUnsupported) << error.what();
    }
    have(upstream_,
         "CREATE TABLE `t` (\n  `a` int,\n  `x` timestamp(6) GENERATED ALWAYS AS ROW START INVISIBLE,\n  `y` "
         "timestamp(6) GENERATED ALWAYS AS ROW END INVISIBLE,\n  PERIOD FOR SYSTEM_TIME (`x`, `y`)\n) "
         "ENGINE=InnoDB WITH SYSTEM VERSIONING");
    TableCatalog named(rules_, schema::Tracker(options), schema::Tracker({}), recorder_, up_, down_);
    const auto named_map = map_of(3);
    named_map->columns[1].type = named_map->columns[2].type = binlog::WireType::Timestamp2;
    try {
        (void)named.table_of(named_map, 1, {}, false);
        FAIL() << "the period's columns may have any name";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::SyncEventUnsupported) << error.what();
    }
    have(upstream_, "CREATE TABLE `t` (\n  `next_not_cached_value` bigint(21) NOT NULL\n) ENGINE=InnoDB SEQUENCE=1");
    TableCatalog other(rules_, schema::Tracker(options), schema::Tracker({}), recorder_, up_, down_);
    const SourceTable& table = other.table_of(map_of(1), 1, {}, false);
    EXPECT_TRUE(table.is_sequence);
    EXPECT_FALSE(table.is_accepted);
}

TEST_F(TableCatalogTest, a_sequence_that_was_dropped_is_known_by_its_columns) {
    lose(upstream_);
    lose(downstream_);
    schema::TrackerOptions options;
    options.is_mariadb = true;
    TableCatalog catalog(rules_, schema::Tracker(options), schema::Tracker({}), recorder_, up_, down_);
    const auto map = map_of(8);
    for (auto& column : map->columns) column.type = binlog::WireType::LongLong;
    EXPECT_EQ(code_of([&] { (void)catalog.table_of(map, 1, {}, false); }), ErrorCode::SchemaTableMissing);
    const auto sequence = std::make_shared<binlog::TableMap>(*map);
    sequence->columns[6].type = binlog::WireType::Tiny;
    EXPECT_TRUE(catalog.table_of(sequence, 1, {}, false).is_sequence);
    // Other servers have none.
    EXPECT_EQ(code_of([&] { (void)catalog_.table_of(sequence, 1, {}, false); }), ErrorCode::SchemaTableMissing);
    sequence->columns[0].is_nullable = true;
    TableCatalog other(rules_, schema::Tracker(options), schema::Tracker({}), recorder_, up_, down_);
    EXPECT_EQ(code_of([&] { (void)other.table_of(sequence, 1, {}, false); }), ErrorCode::SchemaTableMissing);
}

TEST_F(TableCatalogTest, a_changed_target_is_looked_at_again) {
    EXPECT_FALSE(table_of(2).plan->columns().empty());
    have(downstream_,
         "CREATE TABLE `t` (`a` int NOT NULL, `b` int GENERATED ALWAYS AS (`a`) STORED, PRIMARY KEY (`a`))");
    EXPECT_EQ(table_of(2).plan->columns().size(), 2U) << "nobody said that it changed";
    catalog_.structure_changed({{"s", "t"}});
    EXPECT_EQ(table_of(2).plan->columns().size(), 1U) << "what the target generates is not written";
}

TEST_F(TableCatalogTest, schemas_without_a_statement_have_the_charset_the_upstream_says) {
    const auto make = [](const std::string& text, sql::StatementKind kind, const std::string& table) {
        return std::vector<sql::RewrittenDdl>{
            {.text = text, .kind = kind, .sources = {{"s", table}}, .targets = {{"s", table}}}};
    };
    constexpr auto kAsked = "SELECT DEFAULT_CHARACTER_SET_NAME";
    upstream_.on(kAsked, FakeSqlServer::result({"c", "k"}, {{"gbk", "gbk_bin"}}));
    const auto create = make("CREATE TABLE `s`.`n` (a TEXT)", sql::StatementKind::CreateTable, "n");
    catalog_.learn_schemas(create, {});
    catalog_.learn_schemas(create, {});
    EXPECT_EQ(upstream_.statements(kAsked).size(), 1U);
    catalog_.tracker().apply(create.front().text, {.default_schema = "s"});
    EXPECT_EQ(catalog_.tracker().find({"s", "n"})->columns[0].collation, "gbk_bin");
    // The next run has it from the checkpoint, with what the stream made of it since.
    const auto alter = make("ALTER DATABASE s CHARSET latin1", sql::StatementKind::AlterDatabase, "");
    catalog_.tracker().apply(alter.front().text, {});
    catalog_.note_schemas(alter, {});
    recorder_.flush_alone(false);
    const auto written = downstream_.statements("INSERT INTO `m`.`t_syncer_checkpoint`");
    ASSERT_FALSE(written.empty());
    EXPECT_NE(written.front().find("('s1','s','',"), std::string::npos) << written.front();
    EXPECT_NE(written.front().find("latin1_swedish_ci"), std::string::npos) << written.front();
    checkpoint::CheckpointContent content;
    auto definition = std::make_shared<schema::TableDefinition>();
    definition->charset = "latin1";
    definition->collation = "latin1_swedish_ci";
    content.tables[{"s", ""}] = {.location = {}, .definition = definition};
    TableCatalog next(rules_, schema::Tracker({}), schema::Tracker({}), recorder_, up_, down_);
    next.load(content, {}, std::nullopt, false);
    next.learn_schemas(create, {});
    EXPECT_EQ(upstream_.statements(kAsked).size(), 1U);
    EXPECT_EQ(next.tracker().find_schema("s")->charset, "latin1");
    EXPECT_TRUE(next.tracker().tables().empty());
}

TEST_F(TableCatalogTest, schemas_of_the_start_are_those_of_the_stream_until_it_changes_them) {
    upstream_.on("SELECT SCHEMA_NAME", FakeSqlServer::result({"n", "c", "k"}, {{"s", "gbk", "gbk_bin"},
                                                                               {"u", "latin1", "latin1_bin"},
                                                                               {"mysql", "utf8mb3", "utf8mb3_bin"}}));
    checkpoint::CheckpointContent content;
    auto recorded = std::make_shared<schema::TableDefinition>();
    recorded->charset = "latin2";
    recorded->collation = "latin2_general_ci";
    content.tables[{"u", ""}] = {.location = {}, .definition = recorded};
    catalog_.load(content, {}, std::nullopt, false);
    catalog_.learn_all_schemas({});
    EXPECT_EQ(catalog_.tracker().find_schema("s")->collation, "gbk_bin");
    EXPECT_EQ(catalog_.tracker().find_schema("u")->charset, "latin2") << "today's may be of later";
    EXPECT_EQ(catalog_.tracker().find_schema("mysql"), std::nullopt);
    recorder_.flush_alone(false);
    EXPECT_EQ(downstream_.statements("INSERT INTO `m`.`t_syncer_checkpoint`").size(), 2U) << "a schema, then the place";
}

TEST_F(TableCatalogTest, what_the_copy_found_of_schemas_counts_before_what_they_are_now) {
    upstream_.on("SELECT SCHEMA_NAME", FakeSqlServer::result({"n", "c", "k"}, {{"s", "gbk", "gbk_bin"}}));
    catalog_.learn_all_schemas({}, {{"s", {.charset = "latin1", .collation = "latin1_bin"}}});
    EXPECT_EQ(catalog_.tracker().find_schema("s")->charset, "latin1");
    EXPECT_TRUE(upstream_.statements("SELECT SCHEMA_NAME").empty());
}

TEST_F(TableCatalogTest, charsets_in_the_binlog_count_before_those_of_the_structure) {
    have(upstream_, "CREATE TABLE `t` (`a` int NOT NULL, `b` text CHARACTER SET utf8mb4, PRIMARY KEY (`a`))");
    auto map = map_of(2);
    map->columns[1].type = binlog::WireType::Blob;
    map->columns[1].metadata = 2;
    constexpr std::uint16_t kGbk = 28;
    const auto layout = [&] { return catalog_.table_of(map, 1, {}, false).layout; };
    EXPECT_EQ(layout()->charset(1), "");
    map = std::make_shared<binlog::TableMap>(*map);
    map->columns[1].collation = kGbk;
    EXPECT_EQ(layout()->charset(1), "gbk");
}

TEST_F(TableCatalogTest, the_later_of_copy_and_checkpoint_counts) {
    checkpoint::CheckpointContent content;
    const auto old = schema::Tracker({}).put_create_table({"s", "t"}, kTable, {.default_schema = "s"});
    const auto at = [](std::uint64_t offset) {
        return model::Location{.position = {.file = "bin.000001", .offset = offset}, .gtid_set = {}};
    };
    content.tables[{"s", "t"}] = {.location = at(100), .definition = old};
    const target::TableCopyPoint copy{.source = {"s", "t"},
                                      .low = at(200),
                                      .high = at(300),
                                      .create_table = "CREATE TABLE `t` (`a` int NOT NULL, PRIMARY KEY (`a`))"};
    catalog_.load(content, {copy}, std::nullopt, false);
    EXPECT_EQ(catalog_.tracker().find({"s", "t"})->columns.size(), 1U);
    ASSERT_NE(catalog_.copy_span({"s", "t"}), nullptr);
    content.tables[{"s", "t"}].location = at(250);
    TableCatalog later(rules_, schema::Tracker({}), schema::Tracker({}), recorder_, up_, down_);
    later.load(content, {copy}, std::nullopt, false);
    EXPECT_EQ(later.tracker().find({"s", "t"})->columns.size(), 2U);
}

}  // namespace
}  // namespace dm::sync
