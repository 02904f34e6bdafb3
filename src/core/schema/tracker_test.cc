#include "core/schema/tracker.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/schema/definition_json.h"

namespace dm::schema {
namespace {

const StatementContext kContext{.default_schema = "db"};

ErrorCode code_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.code();
    }
    return ErrorCode::NotSet;
}

Tracker tracker_with(std::initializer_list<const char*> statements, TrackerOptions options = {}) {
    Tracker tracker(std::move(options));
    for (const char* statement : statements) tracker.apply(statement, kContext);
    return tracker;
}

TEST(Tracker, KeepsSnapshotsAsTheyWere) {
    Tracker tracker = tracker_with({"CREATE TABLE t (a INT)"});
    const auto before = tracker.find({"db", "t"});
    tracker.apply("ALTER TABLE t ADD b INT", kContext);
    EXPECT_EQ(before->columns.size(), 1U);
    EXPECT_EQ(tracker.find({"db", "t"})->columns.size(), 2U);
}

TEST(Tracker, FailedStatementsChangeNothing) {
    Tracker tracker = tracker_with({"CREATE TABLE a (x INT, y INT)", "CREATE TABLE b (x INT)"});
    const auto a = *tracker.find({"db", "a"});
    for (const char* statement :
         {"ALTER TABLE a ADD z INT, DROP nothing", "ALTER TABLE a ADD KEY (nothing)", "ALTER TABLE a DROP KEY nothing",
          "ALTER TABLE a ADD x INT", "ALTER TABLE a RENAME TO b", "RENAME TABLE a TO c, b TO c",
          "CREATE TABLE a (z INT)", "ALTER TABLE a DROP x, DROP y", "ALTER TABLE a ADD z FROB",
          "CREATE TABLE c (x INT, x INT)", "ALTER TABLE a MODIFY x INT AFTER nothing", "DROP INDEX nothing ON a",
          "ALTER TABLE a DROP FOREIGN KEY nothing", "CREATE TABLE c AS SELECT 1"}) {
        EXPECT_EQ(code_of([&] { tracker.apply(statement, kContext); }), ErrorCode::SchemaDdlFailed) << statement;
        EXPECT_EQ(*tracker.find({"db", "a"}), a) << statement;
        EXPECT_EQ(tracker.tables().size(), 2U) << statement;
    }
}

TEST(Tracker, NamesWhatItCannotRead) {
    Tracker tracker = tracker_with({"CREATE TABLE t (a INT)"});
    for (const char* statement :
         {"ALTER TABLE t FROBNICATE", "CREATE TABLE u (a INT", "INSERT INTO t VALUES (1)",
          "ALTER TABLE t ADD b INT FROB", "CREATE TABLE u (a INT) FROB", "CREATE TABLE u (a ENUM(1))"}) {
        EXPECT_EQ(code_of([&] { tracker.apply(statement, kContext); }), ErrorCode::ParseSql) << statement;
    }
}

TEST(Tracker, AsksForTablesItDoesNotKnow) {
    Tracker tracker{TrackerOptions{}};
    for (const char* statement : {"ALTER TABLE t ADD a INT", "CREATE INDEX i ON t (a)", "CREATE TABLE u LIKE t"}) {
        EXPECT_EQ(code_of([&] { tracker.apply(statement, kContext); }), ErrorCode::SchemaTableMissing) << statement;
    }
    for (const char* statement : {"DROP TABLE t", "RENAME TABLE t TO u", "TRUNCATE t", "DROP DATABASE db"}) {
        EXPECT_NO_THROW(tracker.apply(statement, kContext)) << statement;
    }
}

TEST(Tracker, ComparesNamesAsTheServerDoes) {
    Tracker strict = tracker_with({"CREATE TABLE Abc (a INT)"});
    EXPECT_EQ(strict.find({"db", "abc"}), nullptr);
    Tracker loose =
        tracker_with({"CREATE TABLE Abc (a INT)", "ALTER TABLE ABC ADD b INT"}, {.is_case_sensitive = false});
    ASSERT_NE(loose.find({"DB", "abc"}), nullptr);
    EXPECT_EQ(loose.find({"db", "aBC"})->columns.size(), 2U);
}

TEST(Tracker, ReadsTheEventsCharsets) {
    Tracker tracker{TrackerOptions{}};
    tracker.apply("CREATE DATABASE d1", {.server_collation = "latin1_german1_ci"});
    tracker.apply("CREATE TABLE d1.t (a CHAR(1), b ENUM('\xe9') CHARSET utf8mb4)",
                  {.charset = "latin1", .collations = {{"utf8mb4", "utf8mb4_0900_ai_ci"}}});
    const auto table = tracker.find({"d1", "t"});
    EXPECT_EQ(table->columns[0].collation, "latin1_german1_ci");
    EXPECT_EQ(table->columns[1].collation, "utf8mb4_0900_ai_ci");
    EXPECT_EQ(table->columns[1].elements, std::vector<std::string>{"\xc3\xa9"});
    tracker.put_schema("d2", "gbk", "");
    tracker.apply("CREATE TABLE d2.t (a CHAR(1))", {});
    EXPECT_EQ(tracker.find({"d2", "t"})->collation, "gbk_chinese_ci");
    EXPECT_EQ(tracker.find_schema("d2")->collation, "gbk_chinese_ci");
    tracker.apply("DROP DATABASE d2", {});
    EXPECT_EQ(tracker.find_schema("d2"), std::nullopt);
}

TEST(Tracker, TheEventSaysWhatTimestampMeans) {
    for (const bool is_explicit : {false, true}) {
        Tracker tracker{TrackerOptions{.explicit_timestamp_defaults = !is_explicit}};
        tracker.apply("CREATE TABLE t (a TIMESTAMP, b TIMESTAMP)",
                      {.default_schema = "db", .explicit_timestamp_defaults = is_explicit});
        tracker.apply("CREATE TABLE u (a TIMESTAMP)", {.default_schema = "db"});
        const auto table = tracker.find({"db", "t"});
        EXPECT_EQ(table->columns[0].is_nullable, is_explicit);
        EXPECT_EQ(table->columns[0].is_on_update_now, !is_explicit);
        EXPECT_EQ(table->columns[1].is_nullable, is_explicit);
        EXPECT_EQ(tracker.find({"db", "u"})->columns[0].is_nullable, !is_explicit);
    }
}

TEST(Tracker, PutCreateTableTakesTheGivenName) {
    Tracker tracker{TrackerOptions{}};
    const auto table = tracker.put_create_table({"up", "t"}, "CREATE TABLE `down`.`x` (`a` int)", kContext);
    EXPECT_EQ(table->name, (model::TableName{"up", "t"}));
    EXPECT_EQ(tracker.find({"up", "t"}), table);
    EXPECT_EQ(code_of([&] {
                  tracker.put_create_table({"up", "v"}, "CREATE VIEW v AS SELECT 1", kContext);
              }),
              ErrorCode::SchemaNotCreateTable);
    tracker.remove({"up", "t"});
    EXPECT_EQ(tracker.find({"up", "t"}), nullptr);
}

/// Names of all columns, hidden ones in brackets.
std::string columns_of(const Tracker& tracker, const char* table) {
    std::string text;
    for (const auto& column : tracker.find({"db", table})->columns) {
        text += (text.empty() ? "" : " ") + (column.is_hidden ? "[" + column.name + "]" : column.name);
    }
    return text;
}

TEST(Tracker, KnowsTheHiddenColumnsOfMariaDbsRowImages) {
    Tracker tracker =
        tracker_with({"CREATE TABLE a (i INT, t TEXT, u BLOB, UNIQUE (t), UNIQUE (u, i)) WITH SYSTEM VERSIONING",
                      "CREATE TABLE b (i INT, UNIQUE (i) USING HASH)", "CREATE TABLE c (v VARCHAR(800), UNIQUE (v))",
                      "CREATE TABLE d (v VARCHAR(768), UNIQUE (v))",
                      "CREATE TABLE e (v VARCHAR(500), w VARCHAR(500), UNIQUE (v, w))",
                      "CREATE TABLE f (v TEXT, UNIQUE (v(10)))", "CREATE TABLE g (a INT)"},
                     {.is_mariadb = true});
    EXPECT_EQ(columns_of(tracker, "a"), "i t u [row_start] [row_end] [DB_ROW_HASH_1] [DB_ROW_HASH_2]");
    EXPECT_EQ(columns_of(tracker, "b"), "i [DB_ROW_HASH_1]");
    EXPECT_EQ(columns_of(tracker, "c"), "v [DB_ROW_HASH_1]");
    EXPECT_EQ(columns_of(tracker, "d"), "v");
    EXPECT_EQ(columns_of(tracker, "e"), "v w [DB_ROW_HASH_1]");
    EXPECT_EQ(columns_of(tracker, "f"), "v");
    for (const char* statement : {"ALTER TABLE a ADD b INT, DROP KEY t", "ALTER TABLE g ADD SYSTEM VERSIONING",
                                  "ALTER TABLE g ADD b INT", "DROP INDEX i ON b"}) {
        tracker.apply(statement, kContext);
    }
    EXPECT_EQ(columns_of(tracker, "a"), "i t u b [row_start] [row_end] [DB_ROW_HASH_1]");
    EXPECT_EQ(columns_of(tracker, "b"), "i");
    EXPECT_EQ(columns_of(tracker, "g"), "a b [row_start] [row_end]");
    tracker.apply("ALTER TABLE g DROP SYSTEM VERSIONING", kContext);
    EXPECT_EQ(columns_of(tracker, "g"), "a b");
}

TEST(Tracker, ReadsTiDbsCreateTable) {
    Tracker tracker{TrackerOptions{}};
    const auto table = tracker.put_create_table(
        {"db", "t"},
        "CREATE TABLE `t` (\n  `id` bigint(20) NOT NULL /*T![auto_rand] AUTO_RANDOM(5) */,\n  `v` json DEFAULT NULL,\n"
        "  PRIMARY KEY (`id`) /*T![clustered_index] CLUSTERED */,\n  KEY `k` ((cast(`v` as char(5))))\n"
        ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T![ttl] TTL=`at` + INTERVAL 1 DAY */",
        kContext);
    EXPECT_EQ(table->columns.size(), 2U);
    EXPECT_EQ(table->row_key()->name, "PRIMARY");
}

TEST(TableDefinition, ChoosesTheRowKey) {
    Tracker tracker = tracker_with({"CREATE TABLE a (x INT, y INT, UNIQUE (x), KEY (y))",
                                    "CREATE TABLE b (x INT NOT NULL, y VARCHAR(50) NOT NULL, z INT NOT NULL, UNIQUE xy "
                                    "(x, y), UNIQUE yy (y), UNIQUE zz (z))",
                                    "CREATE TABLE c (x TEXT NOT NULL, y INT NOT NULL, UNIQUE (x(5)), UNIQUE ((y + 1)))",
                                    "CREATE TABLE d (x INT NOT NULL UNIQUE, y INT, PRIMARY KEY (y, x))"});
    EXPECT_EQ(tracker.find({"db", "a"})->row_key(), nullptr);
    EXPECT_EQ(tracker.find({"db", "b"})->row_key()->name, "zz");
    EXPECT_EQ(tracker.find({"db", "c"})->row_key(), nullptr);
    EXPECT_EQ(tracker.find({"db", "d"})->row_key()->name, "PRIMARY");
    EXPECT_EQ(tracker.find({"db", "d"})->find_column("Y"), 1U);
    EXPECT_NE(tracker.find({"db", "d"})->find_index("X"), nullptr);
}

TEST(DefinitionJson, RefusesWhatItDidNotWrite) {
    for (const char* text :
         {"", "null", "{}", R"({"id":1,"name":{"O":"t"}})", R"({"format":"dm-table-9"})",
          R"({"format":"dm-table-1","schema":"a","table":"b","columns":[{"name":"x","type":"frob"}]})"}) {
        EXPECT_EQ(code_of([&] { (void)definition_from_json(text); }), ErrorCode::SchemaSerialize) << text;
    }
    EXPECT_FALSE(is_definition_json("null"));
    EXPECT_FALSE(is_definition_json(R"({"id":1,"name":{"O":"t"}})"));
}

TEST(DefinitionJson, SurvivesAServersOrderOfMembers) {
    const Tracker tracker = tracker_with({"CREATE TABLE t (a INT PRIMARY KEY, b VARCHAR(5) DEFAULT 'x')"});
    const std::string json = definition_to_json(*tracker.find({"db", "t"}));
    EXPECT_TRUE(is_definition_json(json));
    // MySQL gives shorter keys first and a blank behind the colon.
    std::string stored = R"({"table": "t", "format": "dm-table-1", "schema": "db", "columns": [], "indexes": []})";
    EXPECT_TRUE(is_definition_json(stored));
    EXPECT_EQ(definition_from_json(stored).name, (model::TableName{"db", "t"}));
}

}  // namespace
}  // namespace dm::schema
