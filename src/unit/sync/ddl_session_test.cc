#include "unit/sync/ddl_session.h"

#include <gtest/gtest.h>

#include "unit/sync/found_table.h"
#include "unit/sync/target_warnings.h"
#include "unit/sync/test_parts.h"

namespace dm::sync {
namespace {

using sql::FakeSqlServer;

/// How a statement's session is set up in the target, and what is said of the statement there.
class DdlSessionTest : public SyncPartsTest {
  protected:
    static sql::RewrittenDdl part(const std::string& text) {
        sql::RewrittenDdl part;
        part.text = text;
        part.kind = text.starts_with("CREATE") ? sql::StatementKind::CreateTable : sql::StatementKind::AlterTable;
        part.sources = part.targets = {{"s", "t"}};
        return part;
    }
    void prepare(const std::string& zone, const std::string& text, bool is_strict = false) {
        notices_ = std::make_unique<Notices>(is_strict, registry_, metrics::Labels{});
        TargetDialect dialect({}, *notices_, up_, down_);
        DdlSession session(catalog_, *notices_, dialect, up_);
        StatementEvent event = event_;
        event.time_zone = zone;
        session.prepare(down_.get(), {part(text)}, event);
    }
    /// The zone has the offset at the event's moment, and `other` in other seasons.
    void answer_offsets(const std::string& now, const std::string& other) {
        upstream_.on("SELECT TIME_FORMAT", [now, other](std::string_view statement) {
            if (statement.find("UNION") == std::string_view::npos) return FakeSqlServer::result({"o"}, {{now}});
            return FakeSqlServer::result({"o"}, {{other}, {now}, {now}, {other}, {other}});
        });
    }
    void refuse_zone() {
        downstream_.fail("SET SESSION time_zone='Europe/Berlin'",
                         FakeSqlServer::server_error(1298, "Unknown or incorrect time zone"), 0, 9);
    }
    [[nodiscard]] std::vector<std::string> zones() const { return downstream_.statements("SET SESSION time_zone"); }
    [[nodiscard]] std::size_t said() const { return notices_->list().size(); }

    std::shared_ptr<const rules::OnlineDdlNames> online_ =
        std::make_shared<const rules::OnlineDdlNames>(std::vector<std::string>{}, std::vector<std::string>{});
    Rules rules_{.filter = rules::TableFilter({}, true, online_),
                 .router = rules::TableRouter({}, true, online_),
                 .events = rules::EventFilter({}, true)};
    TableCatalog catalog_{rules_, schema::Tracker({}), schema::Tracker({}), recorder_, up_, down_};
    std::unique_ptr<Notices> notices_;
    StatementEvent event_{.statement = {},
                          .default_schema = "s",
                          .time_zone = {},
                          .server_collation = {},
                          .explicit_timestamp_defaults = {},
                          .utf8mb4_collation = {},
                          .charset_collations = {},
                          .timestamp = 1'720'000'000,
                          .end = {}};
    const std::string change_ = "ALTER TABLE `s`.`t` MODIFY v TIMESTAMP";
};

TEST_F(DdlSessionTest, a_zone_is_set_by_its_name) {
    prepare("Europe/Berlin", change_);
    prepare("-09:30", change_);
    EXPECT_EQ(zones(),
              (std::vector<std::string>{"SET SESSION time_zone='Europe/Berlin'", "SET SESSION time_zone='-09:30'"}));
    EXPECT_TRUE(upstream_.statements("SELECT TIME_FORMAT").empty());
}

TEST_F(DdlSessionTest, a_zone_the_target_does_not_know_is_set_by_its_offset_and_noticed) {
    refuse_zone();
    answer_offsets("02:00", "01:00");
    prepare("Europe/Berlin", change_);
    EXPECT_EQ(zones().back(), "SET SESSION time_zone='+02:00'");
    EXPECT_EQ(said(), 1U);
    // Not where it comes to the same.
    prepare("Europe/Berlin", "ALTER TABLE `s`.`t` ADD v INT");
    EXPECT_EQ(said(), 0U);
    EXPECT_EQ(code_of([&] { prepare("Europe/Berlin", change_, true); }), ErrorCode::SyncEventUnsupported);
    answer_offsets("-03:00", "-03:00");
    prepare("Europe/Berlin", change_, true);
    EXPECT_EQ(zones().back(), "SET SESSION time_zone='-03:00'");
}

TEST_F(DdlSessionTest, the_systems_zone_is_the_upstreams) {
    answer_offsets("02:00", "01:00");
    upstream_.on("SELECT @@system_time_zone", FakeSqlServer::result({"z"}, {{"CEST"}}));
    prepare("SYSTEM", change_);
    EXPECT_EQ(zones(), std::vector<std::string>{"SET SESSION time_zone='+02:00'"});
    EXPECT_EQ(said(), 1U);
    upstream_.on("SELECT @@system_time_zone", FakeSqlServer::result({"z"}, {{"UTC"}}));
    prepare("SYSTEM", change_);
    EXPECT_EQ(zones().back(), "SET SESSION time_zone='+00:00'");
    EXPECT_EQ(said(), 0U);
}

TEST_F(DdlSessionTest, the_sql_mode_is_put_together_from_the_event_and_the_session) {
    downstream_.on("SELECT @@session.sql_mode",
                   FakeSqlServer::result({"m"}, {{"PIPES_AS_CONCAT,ALLOW_INVALID_DATES"}}));
    event_.sql_mode = 1U << 29U;
    prepare("", change_);
    EXPECT_EQ(
        downstream_.statements("SET SESSION sql_mode"),
        std::vector<std::string>{"SET SESSION sql_mode='ALLOW_INVALID_DATES,HIGH_NOT_PRECEDENCE,NO_DIR_IN_CREATE'"});
    downstream_.fail("SET SESSION sql_mode", FakeSqlServer::server_error(1231, "Variable can't be set"));
    prepare("", change_);
    EXPECT_EQ(said(), 1U);
}

TEST_F(DdlSessionTest, utf8mb4_without_a_collation_means_what_the_session_meant) {
    upstream_.on("SELECT ID AS i", FakeSqlServer::result({"i", "n"}, {{"45", "utf8mb4_general_ci"}}));
    const auto sets = [](const char* collation) {
        return FakeSqlServer::result({"Charset", "Default collation"}, {{"utf8mb4", collation}});
    };
    upstream_.on("SHOW CHARACTER SET", sets("utf8mb4_0900_ai_ci"));
    downstream_.on("SHOW CHARACTER SET", sets("utf8mb4_0900_ai_ci"));
    Notices notices(false, registry_, metrics::Labels{});
    TargetDialect dialect({}, notices, up_, down_);
    const auto change = part("ALTER TABLE `s`.`t` ADD v CHAR(9) CHARSET utf8mb4");
    EXPECT_EQ(dialect.translated(change, event_).text, change.text);
    event_.utf8mb4_collation = 45;
    EXPECT_EQ(dialect.translated(change, event_).text, change.text + " COLLATE utf8mb4_general_ci");
    dialect.set_charset_collations(down_.get(), event_);
    EXPECT_EQ(downstream_.statements("SET SESSION default").size(), 1U);
    EXPECT_EQ(dialect.session_collations(event_).at("utf8mb4"), "utf8mb4_general_ci");
}

TEST_F(DdlSessionTest, mariadb_names_the_collations_that_a_session_has_chosen) {
    upstream_.on("SHOW COLUMNS", FakeSqlServer::result({"Field"}, {{"FULL_COLLATION_NAME"}}));
    upstream_.on("SELECT ID AS i",
                 FakeSqlServer::result({"i", "n"}, {{"45", "utf8mb4_general_ci"}, {"46", "utf8mb4_bin"}}));
    upstream_.on("SHOW SESSION VARIABLES LIKE 'character_set_collations'",
                 FakeSqlServer::result({"Variable_name", "Value"}, {{"character_set_collations", ""}}));
    upstream_.on("SHOW CHARACTER SET",
                 FakeSqlServer::result({"Charset", "Default collation"},
                                       {{"utf8mb3", "utf8mb3_uca1400_ai_ci"}, {"utf8mb4", "utf8mb4_uca1400_ai_ci"}}));
    downstream_.on("SHOW CHARACTER SET",
                   FakeSqlServer::result({"Charset", "Default collation"},
                                         {{"utf8mb3", "utf8mb3_uca1400_ai_ci"}, {"utf8mb4", "utf8mb4_uca1400_ai_ci"}}));
    Notices notices(false, registry_, metrics::Labels{});
    TargetDialect dialect({.is_from_mariadb = true}, notices, up_, down_);
    event_.charset_collations = {{45, 46}};
    EXPECT_EQ(dialect.translated(part("ALTER TABLE `s`.`t` ADD v CHAR(9) CHARSET utf8mb4"), event_).text,
              "ALTER TABLE `s`.`t` ADD v CHAR(9) CHARSET utf8mb4 COLLATE utf8mb4_bin");
    EXPECT_EQ(dialect.translated(part("ALTER TABLE `s`.`t` ADD v CHAR(9) CHARSET utf8"), event_).text,
              "ALTER TABLE `s`.`t` ADD v CHAR(9) CHARSET utf8 COLLATE utf8mb3_general_ci");
}

TEST_F(DdlSessionTest, what_the_target_says_of_a_statement_is_noticed) {
    downstream_.on("SHOW WARNINGS", FakeSqlServer::result({"Level", "Code", "Message"},
                                                          {{"Warning", "1264", "Out of range value"},
                                                           {"Warning", "1264", "Out of range value"},
                                                           {"Warning", "1681", "deprecated"},
                                                           {"Warning", "1618", "<DATA DIRECTORY> option ignored"},
                                                           {"Note", "1051", "Unknown table"},
                                                           {"Note", "1050", "Table exists"},
                                                           {"Warning", "1071", "Key was too long"}}));
    Notices lax(false, registry_, metrics::Labels{});
    EXPECT_TRUE(note_statement_warnings(down_.get(), "`s`.`t`", true, lax));
    ASSERT_EQ(lax.list().size(), 2U);
    EXPECT_EQ(lax.list()[0].kind, "value changed by the target (warning 1264)");
    EXPECT_EQ(lax.list()[0].count, 2U);
    EXPECT_EQ(lax.list()[1].kind, "warning 1071 of the target");
    // A session that was not strict had them upstream, too, as far as anybody knows.
    Notices strict(true, registry_, metrics::Labels{});
    EXPECT_TRUE(note_statement_warnings(down_.get(), "`s`.`t`", false, strict));
    EXPECT_EQ(strict.list().size(), 2U);
    EXPECT_EQ(code_of([&] { (void)note_statement_warnings(down_.get(), "`s`.`t`", true, strict); }),
              ErrorCode::SyncEventUnsupported);
}

TEST_F(DdlSessionTest, a_table_that_was_there_is_compared) {
    const std::string shown =
        "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `v` varchar(9) DEFAULT NULL,\n  PRIMARY KEY (`id`),\n  KEY `v` "
        "(`v`)\n)";
    downstream_.on("SHOW CREATE TABLE", FakeSqlServer::result({"Table", "Create Table"}, {{"t", shown}}));
    const auto differs = [&](const std::string& columns) {
        const auto create = part("CREATE TABLE IF NOT EXISTS `s`.`t` (" + columns + ")");
        return is_found_otherwise(down_.get(), create.text, create, event_, {});
    };
    EXPECT_FALSE(differs("id INT PRIMARY KEY, V VARCHAR(9)"));
    EXPECT_TRUE(differs("id INT, v VARCHAR(9)"));
    EXPECT_TRUE(differs("id INT PRIMARY KEY, v VARCHAR(8)"));
    EXPECT_TRUE(differs("id BIGINT PRIMARY KEY, v VARCHAR(9)"));
    EXPECT_TRUE(differs("id INT PRIMARY KEY, v VARCHAR(9), w INT"));
    EXPECT_TRUE(differs("id INT PRIMARY KEY, v VARCHAR(9) UNIQUE"));
    EXPECT_FALSE(differs("id INT PRIMARY KEY, v FROBNICATED"));
}

}  // namespace
}  // namespace dm::sync
