#include "unit/sync/ddl_handler.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/log.h"
#include "unit/sync/test_parts.h"

namespace dm::sync {
namespace {

using sql::FakeSqlServer;

class DdlHandlerTest : public SyncPartsTest {
  protected:
    DdlHandlerTest() {
        downstream_.on("SHOW CREATE TABLE",
                       FakeSqlServer::result({"Table", "Create Table"}, {{"t", "CREATE TABLE `t` (\n  `a` int\n)"}}));
        make_handler({}, {});
    }
    void make_handler(const std::vector<rules::EventFilterRule>& filters, const std::vector<rules::RouteRule>& routes,
                      bool is_strict = false, const std::vector<std::string>& do_tables = {}) {
        rules::BlockAllowRules lists;
        for (const auto& table : do_tables) lists.do_tables.push_back({.schema = "s", .table = table});
        const auto online =
            std::make_shared<const rules::OnlineDdlNames>(std::vector<std::string>{}, std::vector<std::string>{});
        handler_.reset();
        catalog_.reset();
        rules_.emplace(Rules{.filter = rules::TableFilter(lists, true, online),
                             .router = rules::TableRouter(routes, true, online),
                             .events = rules::EventFilter(filters, true)});
        notices_ = std::make_unique<Notices>(is_strict, registry_, metrics::Labels{});
        schema::TrackerOptions options;
        options.is_mariadb = true;
        catalog_ = std::make_unique<TableCatalog>(*rules_, schema::Tracker(options), schema::Tracker({}), recorder_,
                                                  up_, down_);
        handler_ = std::make_unique<DdlHandler>(DdlHandler::Options{.keeps_collations = is_strict}, *rules_, *catalog_,
                                                recorder_, *notices_, clock_, journal_, up_, down_);
    }
    static StatementEvent event(std::string statement) {
        return {.statement = std::move(statement),
                .default_schema = "s",
                .time_zone = "",
                .server_collation = {},
                .explicit_timestamp_defaults = {},
                .end = {.position = {.file = "bin.000001", .offset = 100}, .gtid_set = {}}};
    }
    void run(const std::string& statement) {
        const auto one = event(statement);
        handler_->execute(handler_->prepare(one), one, {});
    }
    std::vector<std::string> altered() { return downstream_.statements("ALTER"); }
    ErrorCode refusal(const std::string& statement) {
        return code_of([&] { run(statement); });
    }

    StatementJournal journal_{checkpoint_, std::nullopt, false};
    std::optional<Rules> rules_;
    std::unique_ptr<Notices> notices_;
    std::unique_ptr<TableCatalog> catalog_;
    std::unique_ptr<DdlHandler> handler_;
};

TEST_F(DdlHandlerTest, statements_go_to_the_routed_table_in_the_time_of_the_event) {
    make_handler({}, {{.schema_pattern = "s", .table_pattern = "", .target_schema = "other", .target_table = ""}});
    run("ALTER TABLE t ADD COLUMN b TIMESTAMP DEFAULT NOW()");
    ASSERT_EQ(altered().size(), 1U);
    EXPECT_EQ(altered()[0], "ALTER TABLE `other`.`t` ADD COLUMN b TIMESTAMP DEFAULT NOW()");
    EXPECT_EQ(downstream_.statements("SET TIMESTAMP").size(), 1U);
}

TEST_F(DdlHandlerTest, what_only_mariadb_knows_does_not_reach_another_target) {
    run("ALTER TABLE t WAIT 5 ADD COLUMN IF NOT EXISTS b INT");
    EXPECT_EQ(altered().back(), "ALTER TABLE `s`.`t` ADD COLUMN b INT");
    EXPECT_EQ(refusal("ALTER TABLE t ADD COLUMN IF NOT EXISTS b INT, ADD COLUMN c INT"), ErrorCode::SyncDdlUnsupported);
}

TEST_F(DdlHandlerTest, a_column_that_is_there_already_is_counted) {
    downstream_.fail("ALTER", FakeSqlServer::server_error(1060, "Duplicate column name 'b'"));
    run("ALTER TABLE t ADD COLUMN b INT");
    ASSERT_EQ(notices_->list().size(), 1U);
    EXPECT_EQ(notices_->list()[0].kind, "statement that the target had no need of");
}

TEST_F(DdlHandlerTest, of_several_actions_those_are_executed_that_are_not_done) {
    downstream_.fail("ALTER", FakeSqlServer::server_error(1060, "Duplicate column name 'b'"), 0, 2);
    run("ALTER TABLE t ADD COLUMN b INT, ADD COLUMN c INT, ALGORITHM=INPLACE");
    ASSERT_EQ(altered().size(), 3U);
    EXPECT_EQ(altered()[1], "ALTER TABLE `s`.`t` ADD COLUMN b INT");
    EXPECT_EQ(altered()[2], "ALTER TABLE `s`.`t` ADD COLUMN c INT");
    ASSERT_EQ(notices_->list().size(), 1U);
    EXPECT_EQ(notices_->list()[0].kind, "statement that the target had no need of");
}

TEST_F(DdlHandlerTest, a_column_that_goes_and_comes_back_is_not_emptied_twice) {
    downstream_.fail("ALTER", FakeSqlServer::server_error(1060, "Duplicate column name 'b'"));
    EXPECT_EQ(refusal("ALTER TABLE t ADD COLUMN b INT, DROP COLUMN c, ADD COLUMN C BIGINT"),
              ErrorCode::DbExecuteFailed);
    EXPECT_EQ(altered().size(), 1U);
}

TEST_F(DdlHandlerTest, a_new_name_that_is_taken_is_an_error) {
    downstream_.fail("RENAME", FakeSqlServer::server_error(1050, "Table 'u' already exists"));
    EXPECT_EQ(refusal("RENAME TABLE t TO u"), ErrorCode::DbExecuteFailed);
    downstream_.fail("ALTER", FakeSqlServer::server_error(1050, "Table 'u' already exists"));
    EXPECT_EQ(refusal("ALTER TABLE t RENAME TO u"), ErrorCode::DbExecuteFailed);
}

TEST_F(DdlHandlerTest, what_was_refused_is_executed_when_the_table_was_mended) {
    downstream_.fail("ALTER", FakeSqlServer::server_error(1071, "Specified key was too long"));
    EXPECT_EQ(refusal("ALTER TABLE t ADD INDEX (a)"), ErrorCode::DbExecuteFailed);
    downstream_.on("SHOW CREATE TABLE",
                   FakeSqlServer::result({"Table", "Create Table"}, {{"t", "CREATE TABLE `t` (\n  `a` text\n)"}}));
    run("ALTER TABLE t ADD INDEX (a)");
    EXPECT_EQ(altered().size(), 2U);
}

TEST_F(DdlHandlerTest, what_an_earlier_attempt_had_executed_is_noticed) {
    downstream_.fail("ALTER", FakeSqlServer::server_error(1317, "Query execution was interrupted"));
    EXPECT_EQ(refusal("ALTER TABLE t ADD INDEX (a)"), ErrorCode::DbExecuteFailed);
    downstream_.on("SHOW CREATE TABLE",
                   FakeSqlServer::result({"Table", "Create Table"}, {{"t", "CREATE TABLE `t` (\n  `a` text\n)"}}));
    downstream_.fail("KILL", FakeSqlServer::server_error(1094, "Unknown thread id"), 0, 9);
    run("ALTER TABLE t ADD INDEX (a)");
    EXPECT_EQ(altered().size(), 1U);
    ASSERT_EQ(notices_->list().size(), 1U);
    EXPECT_EQ(notices_->list()[0].kind, "statement that an earlier attempt had executed");
}

TEST_F(DdlHandlerTest, a_strict_task_wants_to_execute_everything) {
    make_handler({}, {}, true);
    downstream_.fail("ALTER", FakeSqlServer::server_error(1060, "Duplicate column name 'b'"));
    EXPECT_EQ(refusal("ALTER TABLE t ADD COLUMN b INT"), ErrorCode::SyncEventUnsupported);
    EXPECT_EQ(refusal("CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1"),
              ErrorCode::SyncEventUnsupported);
}

TEST_F(DdlHandlerTest, lost_connections_are_tried_again_by_a_new_session) {
    downstream_.fail("ALTER",
                     FakeSqlServer::server_error(2013, "Lost connection", ErrorCode::DbInvalidConnection)
                         .with_retry(RetryClass::Resume),
                     0, 1, true);
    downstream_.fail("KILL", FakeSqlServer::server_error(1094, "Unknown thread id"), 0, 9);
    run("ALTER TABLE t ADD INDEX (a)");
    EXPECT_EQ(altered().size(), 2U);
    EXPECT_GE(downstream_.statements("KILL").size(), 1U);
}

TEST_F(DdlHandlerTest, what_the_target_does_not_know_is_said_otherwise_and_noticed) {
    downstream_.fail("ALTER", FakeSqlServer::server_error(1273, "Unknown collation: 'utf8mb4_uca1400_ai_ci'"));
    run("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci");
    ASSERT_EQ(altered().size(), 2U);
    EXPECT_EQ(altered()[1], "ALTER TABLE `s`.`t` CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci");
    ASSERT_EQ(notices_->list().size(), 1U);
    EXPECT_EQ(notices_->list()[0].kind, "structure adapted to the target");
    EXPECT_EQ(notices_->list()[0].where, "`s`.`t`: collation utf8mb4_uca1400_ai_ci -> utf8mb4_0900_ai_ci");
}

TEST_F(DdlHandlerTest, other_refusals_are_not_answered_by_another_statement) {
    downstream_.fail("ALTER", FakeSqlServer::server_error(1062, "Duplicate entry"));
    EXPECT_EQ(refusal("ALTER TABLE t ENGINE=Aria, ADD UNIQUE (a)"), ErrorCode::DbExecuteFailed);
    downstream_.fail("ALTER", FakeSqlServer::server_error(1064, "You have an error"));
    EXPECT_EQ(refusal("ALTER TABLE t ADD c INT"), ErrorCode::DbExecuteFailed);
    EXPECT_EQ(altered().size(), 2U);
    EXPECT_TRUE(notices_->list().empty());
}

TEST_F(DdlHandlerTest, strict_collations_are_not_replaced) {
    make_handler({}, {}, true);
    downstream_.fail("CREATE DATABASE", FakeSqlServer::server_error(1273, "Unknown collation"));
    EXPECT_EQ(refusal("CREATE DATABASE d COLLATE utf8mb4_uca1400_ai_ci"), ErrorCode::SyncDdlUnsupported);
    EXPECT_EQ(downstream_.statements("CREATE DATABASE").size(), 1U);
}

TEST_F(DdlHandlerTest, a_character_set_means_the_upstreams_collation) {
    upstream_.on("SHOW CHARACTER SET", FakeSqlServer::result({"Charset", "Default collation"},
                                                             {{"utf8mb4", "utf8mb4_bin"}, {"latin1", "latin1_bin"}}));
    downstream_.on("SHOW CHARACTER SET",
                   FakeSqlServer::result({"Charset", "Default collation"},
                                         {{"utf8mb4", "utf8mb4_general_ci"}, {"latin1", "latin1_bin"}}));
    run("ALTER TABLE t ADD c TEXT CHARSET utf8mb4, CHARSET latin1");
    EXPECT_EQ(altered().back(), "ALTER TABLE `s`.`t` ADD c TEXT CHARSET utf8mb4 COLLATE utf8mb4_bin, CHARSET latin1");
}

TEST_F(DdlHandlerTest, schemas_take_the_nearest_server_collation) {
    upstream_.on("SHOW COLUMNS", FakeSqlServer::result({"Field"}, {{"FULL_COLLATION_NAME"}}));
    upstream_.on("SELECT ID AS i, FULL_COLLATION_NAME",
                 FakeSqlServer::result({"i", "n"}, {{"2304", "utf8mb4_uca1400_ai_ci"}}));
    downstream_.fail("SET SESSION collation_server", FakeSqlServer::server_error(1273, "Unknown collation"));
    auto one = event("CREATE DATABASE d");
    one.server_collation = 2304;
    handler_->execute(handler_->prepare(one), one, {});
    EXPECT_EQ(downstream_.statements("SET SESSION collation_server").back(),
              "SET SESSION collation_server='utf8mb4_0900_ai_ci'");
    ASSERT_EQ(notices_->list().size(), 1U);
    EXPECT_EQ(notices_->list()[0].where, "new schemas: collation utf8mb4_uca1400_ai_ci -> utf8mb4_0900_ai_ci");
}

TEST_F(DdlHandlerTest, timestamps_mean_on_the_target_what_they_meant_upstream) {
    constexpr auto kSet = "SET SESSION explicit_defaults_for_timestamp";
    auto one = event("ALTER TABLE t ADD c TIMESTAMP");
    one.explicit_timestamp_defaults = true;
    handler_->execute(handler_->prepare(one), one, {});
    EXPECT_TRUE(downstream_.statements(kSet).empty()) << "the target's is the same";
    one.explicit_timestamp_defaults = false;
    handler_->execute(handler_->prepare(one), one, {});
    EXPECT_EQ(downstream_.statements(kSet).back(), "SET SESSION explicit_defaults_for_timestamp=0");
    downstream_.fail(kSet, FakeSqlServer::server_error(1238, "Variable is read only"));
    one = event("ALTER TABLE t ADD d timestamp");
    one.explicit_timestamp_defaults = false;
    handler_->execute(handler_->prepare(one), one, {});
    ASSERT_EQ(notices_->list().size(), 1U);
    EXPECT_EQ(notices_->list()[0].kind, "TIMESTAMP without the upstream's implied default");
    EXPECT_EQ(altered().size(), 3U);
}

TEST_F(DdlHandlerTest, filters_skip_by_kind_and_by_text) {
    make_handler(
        {{.schema_pattern = "s", .table_pattern = "t", .events = {"drop table"}, .action = "Ignore"},
         {.schema_pattern = "*", .table_pattern = "*", .sql_patterns = {"^CREATE TRIGGER"}, .action = "Ignore"}},
        {});
    EXPECT_TRUE(handler_->prepare(event("DROP TABLE t")).executed.empty());
    EXPECT_FALSE(handler_->prepare(event("DROP TABLE u")).executed.empty());
    EXPECT_FALSE(handler_->prepare(event("ALTER TABLE t ADD c INT")).executed.empty());
}

TEST_F(DdlHandlerTest, what_leads_out_of_the_lists_or_into_them_is_refused) {
    make_handler({}, {}, false, {"t", "u"});
    for (const auto* statement :
         {"RENAME TABLE t TO gone", "RENAME TABLE other TO t", "RENAME TABLE t TO u, other TO t",
          "ALTER TABLE t RENAME TO gone", "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE other",
          "ALTER TABLE other EXCHANGE PARTITION p WITH TABLE t", "CREATE TABLE t LIKE other"}) {
        EXPECT_EQ(refusal(statement), ErrorCode::SyncDdlUnsupported) << statement;
    }
    for (const auto* statement : {"RENAME TABLE other TO gone", "CREATE TABLE other LIKE t", "DROP TABLE other",
                                  "ALTER TABLE other ADD FOREIGN KEY (a) REFERENCES t (a)"}) {
        EXPECT_TRUE(handler_->prepare(event(statement)).executed.empty()) << statement;
    }
    EXPECT_FALSE(handler_->prepare(event("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES other (a)")).executed.empty());
}

TEST_F(DdlHandlerTest, an_exchange_between_two_copies_voids_the_earlier) {
    const auto at = [](std::uint64_t offset) {
        return model::Location{.position = {.file = "bin.000001", .offset = offset}, .gtid_set = {}};
    };
    const auto copy = [&](const std::string& name, std::uint64_t low) {
        return target::TableCopyPoint{
            .source = {"s", name}, .low = at(low), .high = at(low), .create_table = "", .is_complete = true};
    };
    const auto voided = [&](const std::string& statement) { return handler_->prepare(event(statement)).void_copies; };
    using Tables = std::vector<model::TableName>;
    const std::string exchange = "ALTER TABLE p EXCHANGE PARTITION p1 WITH TABLE t";
    catalog_->load({}, {copy("p", 50), copy("t", 200)}, at(300), false);
    EXPECT_EQ(voided(exchange), (Tables{{"s", "p"}}));
    EXPECT_EQ(voided("ALTER TABLE t EXCHANGE PARTITION p1 WITH TABLE p"), (Tables{{"s", "p"}}));
    EXPECT_EQ(voided("ALTER TABLE p EXCHANGE PARTITION p1 WITH TABLE vanished"), (Tables{{"s", "p"}}));
    EXPECT_EQ(voided("ALTER TABLE t EXCHANGE PARTITION p1 WITH TABLE vanished"), Tables{}) << "neither is there";
    EXPECT_EQ(voided("ALTER TABLE p CONVERT PARTITION p1 TO TABLE t"), (Tables{{"s", "p"}}));
    EXPECT_EQ(voided("ALTER TABLE p ADD FOREIGN KEY (a) REFERENCES t (a)"), Tables{});
    catalog_->load({}, {copy("p", 50), copy("t", 60)}, at(300), false);
    EXPECT_EQ(voided(exchange), Tables{}) << "the target has both";
    catalog_->load({}, {copy("p", 150), copy("t", 200)}, at(300), false);
    EXPECT_EQ(voided(exchange), Tables{}) << "both were copied after it";
    handler_->track(handler_->prepare(event("CREATE TABLE made (a INT)")), event("CREATE TABLE made (a INT)"));
    EXPECT_EQ(refusal("ALTER TABLE made EXCHANGE PARTITION p1 WITH TABLE t"), ErrorCode::SyncDdlUnsupported);
}

TEST_F(DdlHandlerTest, a_drop_that_failed_leaves_the_parents_of_foreign_keys) {
    for (const auto* statement : {"CREATE TABLE parent (a INT PRIMARY KEY)", "CREATE TABLE other (a INT)",
                                  "CREATE TABLE child (a INT, FOREIGN KEY (a) REFERENCES parent (a))"})
        handler_->track(handler_->prepare(event(statement)), event(statement));
    const auto dropped = [&](const std::string& statement, std::uint16_t error) {
        auto one = event(statement);
        one.error_code = error;
        const auto prepared = handler_->prepare(one);
        std::string names;
        for (const auto& part : prepared.executed) names += part.targets.front().table + " ";
        return names;
    };
    EXPECT_EQ(dropped("DROP TABLE parent, other", 1217), "other ");
    EXPECT_EQ(dropped("DROP TABLE parent, child", 1451), "child ") << "one after the other";
    EXPECT_EQ(dropped("DROP TABLE other, missing", 1051), "other missing ");
    EXPECT_EQ(dropped("DROP TABLE IF EXISTS other /* made, but not filled */", 1062), "other ");
    EXPECT_EQ(dropped("DROP TABLE parent, other", 0), "parent other ");
    for (const auto& [statement, error] :
         std::vector<std::pair<std::string, std::uint16_t>>{{"DROP TABLE child, parent", 1217},
                                                            {"DROP TABLE other, parent", 1317},
                                                            {"ALTER TABLE other ADD b INT", 1051}})
        EXPECT_EQ(code_of([&] { (void)dropped(statement, error); }), ErrorCode::SyncDdlUnsupported) << statement;
    ASSERT_FALSE(notices_->list().empty());
    EXPECT_EQ(notices_->list()[0].kind, "table that a failed DROP TABLE left in place");
    make_handler({}, {}, false, {"t"});
    EXPECT_EQ(dropped("DROP TABLE other, another", 1317), "") << "neither is replicated";
}

TEST_F(DdlHandlerTest, a_filter_may_skip_what_leads_out_of_the_lists) {
    make_handler({{.schema_pattern = "s", .table_pattern = "t", .sql_patterns = {"^RENAME"}, .action = "Ignore"}}, {},
                 false, {"t"});
    EXPECT_TRUE(handler_->prepare(event("RENAME TABLE t TO gone")).executed.empty());
    EXPECT_TRUE(handler_->prepare(event("RENAME TABLE other TO t")).executed.empty());
}

TEST_F(DdlHandlerTest, online_schema_changes_of_a_listed_table_are_executed) {
    make_handler({}, {}, false, {"t"});
    for (const auto* statement :
         {"create /* gh-ost */ table `s`.`_t_gho` like `s`.`t`", "ALTER TABLE `s`.`_t_gho` ADD b INT",
          "rename /* gh-ost */ table `s`.`t` to `s`.`_t_del`, `s`.`_t_gho` to `s`.`t`", "DROP TABLE `s`.`_t_del`"}) {
        EXPECT_FALSE(handler_->prepare(event(statement)).executed.empty()) << statement;
    }
    EXPECT_EQ(handler_->prepare(event("RENAME TABLE t TO _t_old, _t_new TO t")).executed.size(), 2U);
    EXPECT_TRUE(handler_->prepare(event("RENAME TABLE u TO _u_old, _u_new TO u")).executed.empty());
}

TEST_F(DdlHandlerTest, filters_see_online_schema_changes_under_the_real_name) {
    make_handler({{.schema_pattern = "s", .table_pattern = "t", .events = {"drop table"}, .action = "Ignore"}}, {});
    EXPECT_TRUE(handler_->prepare(event("DROP TABLE _t_del")).executed.empty());
    EXPECT_FALSE(handler_->prepare(event("DROP TABLE _u_del")).executed.empty());
}

TEST_F(DdlHandlerTest, a_merged_table_is_not_renamed_by_one_of_its_sources) {
    make_handler({}, {{.schema_pattern = "s", .table_pattern = "t*", .target_schema = "s", .target_table = "all"}});
    for (const auto* statement : {"CREATE TABLE t1 (a INT)", "CREATE TABLE t2 (a INT)"})
        handler_->track(handler_->prepare(event(statement)), event(statement));
    EXPECT_EQ(refusal("RENAME TABLE t1 TO _t1_del, _t1_gho TO t1"), ErrorCode::SyncDdlUnsupported);
    EXPECT_FALSE(handler_->prepare(event("RENAME TABLE u TO w")).executed.empty());
}

TEST_F(DdlHandlerTest, a_merged_table_is_not_emptied_or_dropped_by_one_of_its_sources) {
    make_handler({}, {{.schema_pattern = "s", .table_pattern = "t*", .target_schema = "s", .target_table = "all"},
                      {.schema_pattern = "m?", .table_pattern = "", .target_schema = "m", .target_table = ""}});
    for (const auto* statement : {"CREATE TABLE t1 (a INT)", "CREATE TABLE t2 (a INT)", "CREATE TABLE u (a INT)",
                                  "CREATE TABLE m1.x (a INT)", "CREATE TABLE m2.y (a INT)"})
        handler_->track(handler_->prepare(event(statement)), event(statement));
    for (const auto* statement :
         {"DROP TABLE u, t1", "TRUNCATE t1", "DROP TABLE IF EXISTS t3", "CREATE OR REPLACE TABLE t1 (a INT)",
          "ALTER TABLE t1 DROP PARTITION p", "ALTER TABLE t1 TRUNCATE PARTITION ALL", "DROP DATABASE m1"})
        EXPECT_EQ(refusal(statement), ErrorCode::SyncDdlUnsupported) << statement;
    for (const auto* statement : {"DROP TABLE u", "TRUNCATE m1.x", "DROP DATABASE s", "DROP DATABASE other",
                                  "ALTER TABLE t1 ADD PARTITION (PARTITION p VALUES LESS THAN (1))"})
        EXPECT_FALSE(handler_->prepare(event(statement)).executed.empty()) << statement;
}

TEST_F(DdlHandlerTest, filters_of_single_changes_leave_out_their_actions) {
    make_handler(
        {{.schema_pattern = "s", .table_pattern = "t", .events = {"drop column"}, .action = "Ignore"},
         {.schema_pattern = "s", .table_pattern = "t", .events = {"value range decrease"}, .action = "Error"},
         {.schema_pattern = "s", .table_pattern = "one", .events = {"multi schema change"}, .action = "Ignore"}},
        {});
    const auto executed = [&](const std::string& statement) {
        std::vector<std::string> texts;
        for (const auto& part : handler_->prepare(event(statement)).executed) texts.push_back(part.text);
        return texts;
    };
    using Texts = std::vector<std::string>;
    handler_->track(handler_->prepare(event("CREATE TABLE t (a INT, b INT)")), event("CREATE TABLE t (a INT, b INT)"));
    EXPECT_EQ(executed("ALTER TABLE t DROP COLUMN b"), Texts{});
    EXPECT_EQ(executed("ALTER TABLE t ADD c INT, DROP b, ADD d INT"),
              (Texts{"ALTER TABLE `s`.`t` ADD c INT", "ALTER TABLE `s`.`t` ADD d INT"}));
    EXPECT_EQ(executed("ALTER TABLE t ADD c INT, MODIFY b BIGINT"),
              Texts{"ALTER TABLE `s`.`t` ADD c INT, MODIFY b BIGINT"});
    EXPECT_EQ(refusal("ALTER TABLE t ADD c INT, MODIFY b SMALLINT"), ErrorCode::SyncFilteredError);
    EXPECT_EQ(executed("ALTER TABLE u DROP COLUMN b").size(), 1U);
    EXPECT_EQ(executed("ALTER TABLE one ADD c INT, ADD d INT"), Texts{});
    EXPECT_EQ(executed("ALTER TABLE one ADD c INT").size(), 1U);
}

TEST_F(DdlHandlerTest, a_table_is_copied_again_where_its_rows_would_become_others) {
    const model::Location early{.position = {.file = "bin.000001", .offset = 50}, .gtid_set = {}};
    catalog_->load({},
                   {{.source = {"s", "t"},
                     .low = early,
                     .high = early,
                     .create_table = "CREATE TABLE `t` (`a` int)",
                     .is_complete = true}},
                   early, false);
    using Tables = std::vector<model::TableName>;
    downstream_.on("SELECT 1 FROM `s`.`made`", FakeSqlServer::result({"1"}, {{"1"}}));
    for (const auto* statement :
         {"ALTER TABLE t ADD id INT AUTO_INCREMENT PRIMARY KEY", "ALTER TABLE t IMPORT TABLESPACE",
          "ALTER IGNORE TABLE t ADD UNIQUE (a)", "ALTER TABLE t ADD u CHAR(36) DEFAULT UUID()"}) {
        const auto prepared = handler_->prepare(event(statement));
        EXPECT_EQ(prepared.void_copies, (Tables{{"s", "t"}})) << statement;
        EXPECT_TRUE(prepared.executed.empty()) << statement;
        std::string of_another = statement;
        of_another.replace(of_another.find(" t "), 3, " made ");
        EXPECT_EQ(refusal(of_another), ErrorCode::SyncDdlUnsupported) << of_another;
    }
    downstream_.on("SELECT 1 FROM `s`.`made`", FakeSqlServer::result({"1"}, {}));
    run("ALTER TABLE made ADD id INT AUTO_INCREMENT PRIMARY KEY");
    EXPECT_EQ(altered().size(), 1U) << "there are no rows to be numbered";
    EXPECT_TRUE(handler_->prepare(event("ALTER TABLE t DISCARD TABLESPACE")).executed.empty());
    EXPECT_EQ(notices_->list().back().kind, "table copied again, as a statement could not be repeated");
    EXPECT_EQ(notices_->list().front().kind, "skipped DISCARD TABLESPACE");
}

TEST_F(DdlHandlerTest, names_that_the_target_takes_for_one_are_refused) {
    const auto make = [&](bool is_sensitive) {
        handler_.reset();
        catalog_ = std::make_unique<TableCatalog>(
            *rules_, schema::Tracker({}), schema::Tracker({.is_case_sensitive = is_sensitive}), recorder_, up_, down_);
        handler_ = std::make_unique<DdlHandler>(DdlHandler::Options{}, *rules_, *catalog_, recorder_, *notices_, clock_,
                                                journal_, up_, down_);
        handler_->track(handler_->prepare(event("CREATE TABLE t (a INT)")), event("CREATE TABLE t (a INT)"));
    };
    make(true);
    EXPECT_FALSE(handler_->prepare(event("CREATE TABLE T (a INT)")).executed.empty());
    make(false);
    for (const auto* statement : {"CREATE TABLE T (a INT)", "RENAME TABLE u TO T", "ALTER TABLE u RENAME TO T",
                                  "DROP TABLE T", "DROP DATABASE S", "CREATE TABLE S.t (a INT)"})
        EXPECT_EQ(refusal(statement), ErrorCode::SyncDdlUnsupported) << statement;
    for (const auto* statement : {"CREATE TABLE U (a INT)", "DROP TABLE t", "ALTER TABLE t ADD b INT"})
        EXPECT_FALSE(handler_->prepare(event(statement)).executed.empty()) << statement;
    catalog_->tracker().apply("CREATE TABLE T (a INT)", {.default_schema = "s"});
    EXPECT_FALSE(handler_->prepare(event("ALTER TABLE t ADD b INT")).executed.empty())
        << "the name is the target's own";
}

TEST_F(DdlHandlerTest, rows_that_follow_their_parents_are_noticed_once) {
    handler_ = std::make_unique<DdlHandler>(DdlHandler::Options{.follows_parents = false}, *rules_, *catalog_,
                                            recorder_, *notices_, clock_, journal_, up_, down_);
    const auto track = [&](const std::string& statement) {
        handler_->track(handler_->prepare(event(statement)), event(statement));
    };
    track("CREATE TABLE c (a INT, FOREIGN KEY (a) REFERENCES p (a) ON DELETE RESTRICT ON UPDATE NO ACTION)");
    EXPECT_TRUE(notices_->list().empty());
    track("ALTER TABLE c ADD FOREIGN KEY (a) REFERENCES q (a) ON DELETE SET NULL");
    track("ALTER TABLE c ADD b INT");
    ASSERT_EQ(notices_->list().size(), 1U);
    EXPECT_EQ(notices_->list()[0].where, "`s`.`c`");
    EXPECT_EQ(notices_->list()[0].count, 1U);
}

TEST_F(DdlHandlerTest, a_loaded_table_that_is_left_out_is_not_counted) {
    make_handler({}, {}, false, {"t"});
    (void)handler_->prepare(event("LOAD DATA LOCAL INFILE 'x' INTO TABLE `other`.`t` FIELDS TERMINATED BY ','"));
    EXPECT_TRUE(notices_->list().empty());
    (void)handler_->prepare(event("LOAD DATA LOCAL INFILE 'x' INTO TABLE `t`"));
    ASSERT_EQ(notices_->list().size(), 1U);
    EXPECT_EQ(notices_->list()[0].where, "`s`.`t`");
}

TEST_F(DdlHandlerTest, a_renamed_view_is_passed_over) {
    downstream_.fail("RENAME", FakeSqlServer::server_error(1146, "Table 's.v' doesn't exist"), 0, 9);
    downstream_.on("SHOW CREATE TABLE", [](std::string_view) -> sql::ResultSet {
        throw FakeSqlServer::server_error(1146, "Table 's.v' doesn't exist");
    });
    upstream_.on("SELECT TABLE_TYPE", FakeSqlServer::result({"k"}, {{"BASE TABLE"}}));
    EXPECT_EQ(refusal("RENAME TABLE v TO w"), ErrorCode::DbExecuteFailed);
    upstream_.on("SELECT TABLE_TYPE", FakeSqlServer::result({"k"}, {{"VIEW"}}));
    run("RENAME TABLE v TO w");
    ASSERT_EQ(notices_->list().size(), 1U);
    EXPECT_EQ(notices_->list()[0].kind, "skipped rename of a view");
}

TEST_F(DdlHandlerTest, tablespaces_and_servers_are_passed_over) {
    for (const auto* statement :
         {"CREATE TABLESPACE ts ADD DATAFILE 'ts.ibd'", "DROP UNDO TABLESPACE ts", "CREATE LOGFILE GROUP g ENGINE NDB",
          "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x')"}) {
        EXPECT_FALSE(handler_->prepare(event(statement)).needs_barrier()) << statement;
    }
    ASSERT_EQ(notices_->list().size(), 1U);
    EXPECT_EQ(notices_->list()[0].kind, "skipped statement on tablespaces, servers and reference systems");
    EXPECT_EQ(notices_->list()[0].count, 4U);
}

TEST_F(DdlHandlerTest, statements_that_nobody_can_read_are_refused_with_their_place) {
    try {
        (void)handler_->prepare(event("ALTER TABLE"));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::ParseSql);
        EXPECT_NE(std::string(error.what()).find("bin.000001"), std::string::npos) << error.what();
    }
}

TEST_F(DdlHandlerTest, statements_that_nobody_can_read_show_no_values_when_the_log_hides_them) {
    const auto shown = [&](const std::string& statement) -> std::string {
        try {
            (void)handler_->prepare(event(statement));
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    };
    log::configure({.hides_values = true});
    const std::string hidden = shown("ALTER TABLE 'secret'");
    log::configure({});
    EXPECT_NE(hidden.find("bin.000001"), std::string::npos) << hidden;
    EXPECT_NE(hidden.find("ALTER TABLE ?"), std::string::npos) << hidden;
    EXPECT_EQ(hidden.find("secret"), std::string::npos) << hidden;
    EXPECT_NE(shown("ALTER TABLE 'secret'").find("but \"'secret'\" stands there"), std::string::npos);
}

TEST_F(DdlHandlerTest, a_schema_that_was_gone_before_its_copy_is_made_again) {
    catalog_->load({}, {}, model::Location{.position = {.file = "bin.000001", .offset = 100}, .gtid_set = {}}, false);
    run("ALTER DATABASE s CHARACTER SET latin1");
    EXPECT_EQ(downstream_.statements("CREATE DATABASE IF NOT EXISTS `s`").size(), 1U);
    downstream_.on("SELECT 1 FROM information_schema.SCHEMATA", FakeSqlServer::result({"1"}, {{"1"}}));
    run("CREATE TABLE t2 (a int)");
    EXPECT_EQ(downstream_.statements("CREATE DATABASE IF NOT EXISTS `s`").size(), 1U);
    catalog_->load({}, {}, model::Location{.position = {.file = "bin.000001", .offset = 99}, .gtid_set = {}}, false);
    const auto asked = downstream_.statements("SELECT 1 FROM information_schema.SCHEMATA").size();
    run("CREATE TABLE t3 (a int)");
    EXPECT_EQ(downstream_.statements("SELECT 1 FROM information_schema.SCHEMATA").size(), asked) << "after the copy";
}

}  // namespace
}  // namespace dm::sync
