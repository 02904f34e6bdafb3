#include "core/sql/adapt_statement.h"

#include <gtest/gtest.h>

#include "core/sql/statement_pieces.h"
#include "core/sql/test_versions.h"

namespace dm::sql {
namespace {

using namespace testing;

TEST(AdaptStatement, TidbHasNoSpatialAndFewFulltextIndexes) {
    const AdaptedStatement adapted = adapt_statement(
        "CREATE TABLE `t` (\n  `a` int NOT NULL,\n  `g` point NOT NULL /*!80003 SRID 4326 */,\n  `v` varchar(9) "
        "CHARACTER SET cp1251 COLLATE cp1251_general_ci DEFAULT (concat('a',_utf8mb4',')),\n  `w` int INVISIBLE,\n"
        "  PRIMARY KEY (`a`),\n  SPATIAL KEY `g` (`g`),\n  FULLTEXT KEY `f` (`v`,`v`) /*!50100 WITH PARSER `ngram` */\n"
        ") ENGINE=InnoDB",
        kTidb);
    EXPECT_EQ(
        adapted.text,
        "CREATE TABLE `t` (\n  `a` int NOT NULL,\n  `g` longblob NOT NULL ,\n  `v` varchar(9) CHARACTER SET utf8mb4 "
        "COLLATE utf8mb4_bin ,\n  `w` int ,\n  PRIMARY KEY (`a`) \n) ENGINE=InnoDB");
    EXPECT_EQ(adapted.changes.size(), 9U);
    EXPECT_EQ(adapt_statement("ALTER TABLE `t` ADD FULLTEXT INDEX `f` (`a`,`b`), ADD KEY (`a`)", kTidb).text,
              "ALTER TABLE `t` ADD KEY (`a`)");
    EXPECT_EQ(adapt_statement("ALTER TABLE `t` ADD KEY (`a`), ADD SPATIAL (`g`)", kTidb).text,
              "ALTER TABLE `t` ADD KEY (`a`)");
    EXPECT_EQ(adapt_statement("CREATE FULLTEXT INDEX `f` ON `t` (`a`,`b`)", kTidb).text, "DO 0");
    EXPECT_EQ(adapt_statement("CREATE TABLE `t` (`a` varchar(36) DEFAULT (uuid()), `b` int DEFAULT 3)", kTidb).text,
              "CREATE TABLE `t` (`a` varchar(36) DEFAULT (uuid()), `b` int DEFAULT 3)");
}

TEST(AdaptStatement, KeysGetNoCollationThatTellsApartLess) {
    const AdaptedStatement adapted = adapt_statement(
        "CREATE TABLE `t` (\n  `k` varchar(9) COLLATE utf8mb4_sv_0900_ai_ci NOT NULL,\n  `v` varchar(9) COLLATE "
        "utf8mb4_sv_0900_ai_ci,\n  `n` enum('a)') NOT NULL DEFAULT 'a)',\n  `x` char(3) NOT NULL,\n  `y` text,\n"
        "  `z` int,\n  PRIMARY KEY (`k`),\n  UNIQUE KEY `u` (`n`,`z`),\n  KEY `p` (`x`),\n  CONSTRAINT `c` FOREIGN KEY "
        "(`x`) REFERENCES `r` (`x`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_ja_0900_as_cs",
        kMariaDb1011);
    EXPECT_EQ(
        adapted.text,
        "CREATE TABLE `t` (\n  `k` varchar(9) COLLATE utf8mb4_nopad_bin NOT NULL,\n  `v` varchar(9) COLLATE "
        "utf8mb4_uca1400_swedish_nopad_ai_ci,\n  `n` enum('a)') COLLATE utf8mb4_nopad_bin NOT NULL DEFAULT 'a)',\n"
        "  `x` char(3) COLLATE utf8mb4_nopad_bin NOT NULL,\n  `y` text,\n  `z` int,\n  PRIMARY KEY (`k`),\n"
        "  UNIQUE KEY `u` (`n`,`z`),\n  KEY `p` (`x`),\n  CONSTRAINT `c` FOREIGN KEY (`x`) REFERENCES `r` "
        "(`x`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_nopad_as_cs");
    EXPECT_EQ(
        adapt_statement("ALTER TABLE t ADD a CHAR(3) COLLATE utf8mb4_general_nopad_ci UNIQUE, ADD b CHAR(3) COLLATE "
                        "utf8mb4_general_nopad_ci",
                        kMySql97)
            .text,
        "ALTER TABLE t ADD a CHAR(3) COLLATE utf8mb4_0900_bin UNIQUE, ADD b CHAR(3) COLLATE utf8mb4_general_ci");
}

TEST(AdaptStatement, ReplacesCollationsAndLeavesTextsAlone) {
    const AdaptedStatement adapted = adapt_statement(
        "CREATE TABLE `COLLATE utf8mb4_0900_ai_ci` (\n  `a` varchar(9) COLLATE utf8mb4_0900_as_cs DEFAULT 'COLLATE "
        "utf8mb4_0900_ai_ci',\n"
        "  `b` int /*!80023 INVISIBLE */\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci",
        kMariaDb1011);
    EXPECT_EQ(adapted.text,
              "CREATE TABLE `COLLATE utf8mb4_0900_ai_ci` (\n  `a` varchar(9) COLLATE utf8mb4_uca1400_nopad_as_cs "
              "DEFAULT 'COLLATE utf8mb4_0900_ai_ci',\n"
              "  `b` int INVISIBLE\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_nopad_ai_ci");
    EXPECT_EQ(adapted.changes.size(), 2U);
}

TEST(AdaptStatement, WordsOfMySqlForMariaDb) {
    const auto text = [](std::string_view statement) { return adapt_statement(statement, kMariaDb1011).text; };
    EXPECT_EQ(text("ALTER TABLE `s`.`t` ADD v INT AS (a+2) VIRTUAL NOT NULL COMMENT 'NOT NULL'"),
              "ALTER TABLE `s`.`t` ADD v INT AS (a+2) VIRTUAL  COMMENT 'NOT NULL'");
    EXPECT_EQ(text("CREATE TABLE `t` (`a` int NOT NULL, `g` int GENERATED ALWAYS AS (`a`) STORED NOT NULL, KEY (`a`))"),
              "CREATE TABLE `t` (`a` int NOT NULL, `g` int GENERATED ALWAYS AS (`a`) STORED , KEY (`a`))");
    EXPECT_EQ(text("ALTER TABLE `t` ALTER INDEX d INVISIBLE"), "ALTER TABLE `t` ALTER INDEX d IGNORED");
    EXPECT_EQ(text("ALTER TABLE `t` ALTER INDEX d VISIBLE"), "ALTER TABLE `t` ALTER INDEX d NOT IGNORED");
    EXPECT_EQ(text("CREATE TABLE `t` (a INT INVISIBLE, b INT, KEY kb(b) INVISIBLE)"),
              "CREATE TABLE `t` (a INT INVISIBLE, b INT, KEY kb(b) IGNORED)");
    EXPECT_EQ(text("ALTER TABLE `t` ALTER COLUMN a SET VISIBLE"), "DO 0");
    EXPECT_EQ(text("ALTER TABLE `t` ADD g POINT NOT NULL SRID 4326"), "ALTER TABLE `t` ADD g POINT NOT NULL ");
    EXPECT_EQ(text("ALTER TABLE `t` ADD e INT COLUMN_FORMAT DYNAMIC STORAGE DISK"), "ALTER TABLE `t` ADD e INT  ");
    EXPECT_EQ(text("ALTER TABLE `t` DROP CHECK c"), "ALTER TABLE `t` DROP CONSTRAINT c");
    EXPECT_EQ(text("ALTER TABLE `t` ALTER CHECK c NOT ENFORCED"), "ALTER TABLE `t` DROP CONSTRAINT c ");
    EXPECT_EQ(text("ALTER TABLE `t` ALTER CONSTRAINT c ENFORCED"), "DO 0");
    EXPECT_EQ(text("CREATE TABLE `t` (a INT CHECK (a > 1) NOT ENFORCED, CONSTRAINT c CHECK (a > 2) /*!80016 NOT "
                   "ENFORCED */, CHECK (a > 3) ENFORCED)"),
              "CREATE TABLE `t` (a INT , CHECK (a > 3) )");
    EXPECT_EQ(text("CREATE TABLE `t` (a INT, UNIQUE KEY g ((a * 2), a), KEY h (a DESC), KEY ((a + 1)))"),
              "CREATE TABLE `t` (a INT, KEY h (a DESC))");
    EXPECT_EQ(text("ALTER TABLE `t` ADD KEY f ((a + 1)) INVISIBLE"), "DO 0");
    EXPECT_EQ(text("CREATE UNIQUE INDEX f USING BTREE ON `s`.`t` ((a + 1))"), "DO 0");
    EXPECT_EQ(text("ALTER DATABASE `s` READ ONLY = 1"), "DO 0");
    EXPECT_EQ(translate_words("CHECK (a) /*!80016 NOT ENFORCED */", kMariaDb1011), "CHECK (a) NOT ENFORCED");
}

TEST(AdaptStatement, WordsOfMariaDbForMySql) {
    const auto text = [](std::string_view statement) { return adapt_statement(statement, kMySql97).text; };
    EXPECT_EQ(text("ALTER TABLE `t` ADD h INT GENERATED ALWAYS AS (a + 1) PERSISTENT AFTER id, ADD UNIQUE KEY uh(h)"),
              "ALTER TABLE `t` ADD h INT GENERATED ALWAYS AS (a + 1) STORED AFTER id, ADD UNIQUE KEY uh(h)");
    EXPECT_EQ(text("ALTER TABLE `t` ALTER INDEX d IGNORED"), "ALTER TABLE `t` ALTER INDEX d INVISIBLE");
    EXPECT_EQ(text("ALTER TABLE `t` ALTER INDEX d NOT IGNORED"), "ALTER TABLE `t` ALTER INDEX d  VISIBLE");
    EXPECT_EQ(text("ALTER TABLE `t` ADD c TEXT COMPRESSED=zlib, ADD d VARCHAR(9) COMPRESSED DEFAULT 'c'"),
              "ALTER TABLE `t` ADD c TEXT , ADD d VARCHAR(9)  DEFAULT 'c'");
    EXPECT_EQ(text("CREATE TABLE `t` (a TEXT DEFAULT 'q', b BLOB DEFAULT NULL, c VARCHAR(9) DEFAULT 'v')"),
              "CREATE TABLE `t` (a TEXT DEFAULT ('q'), b BLOB DEFAULT NULL, c VARCHAR(9) DEFAULT 'v')");
    EXPECT_EQ(text("CREATE TABLE `t` (a INT DEFAULT nextval(`s`.`q`), b INT DEFAULT (NEXT VALUE FOR q))"),
              "CREATE TABLE `t` (a INT , b INT )");
    EXPECT_EQ(text("ALTER TABLE `t` ADD g POINT REF_SYSTEM_ID=4326"), "ALTER TABLE `t` ADD g POINT ");
    EXPECT_EQ(text("ALTER TABLE `t` DROP PERIOD FOR p"), "DO 0");
    EXPECT_EQ(text("ALTER DATABASE `s` COMMENT 'hey'"), "DO 0");
}

TEST(StateCollations, AfterEveryCharacterSetThatHasNone) {
    const CollationDefaults defaults = {{"utf8mb4", "utf8mb4_general_ci"}, {"latin1", "latin1_swedish_ci"}};
    EXPECT_EQ(
        state_collations("CREATE TABLE `CHARSET` (\n  `a` char(3) CHARACTER SET latin1 DEFAULT 'CHARSET=utf8mb4 ',"
                         "\n  `b` text CHARACTER SET latin1 COLLATE latin1_bin,\n  `c` text CHARACTER SET odd\n) "
                         "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
                         defaults),
        "CREATE TABLE `CHARSET` (\n  `a` char(3) CHARACTER SET latin1 COLLATE latin1_swedish_ci DEFAULT "
        "'CHARSET=utf8mb4 ',\n  `b` text CHARACTER SET latin1 COLLATE latin1_bin,\n  `c` text CHARACTER SET odd\n) "
        "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci");
    constexpr std::string_view kStated = "CREATE TABLE `t` (`a` int) CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='x'";
    EXPECT_EQ(state_collations(kStated, defaults), kStated);
}

TEST(AdaptStatement, LeavesOutOptionsAndEngines) {
    const AdaptedStatement adapted = adapt_statement(
        "CREATE TABLE `t` (\n  `u` uuid NOT NULL\n) ENGINE=Aria DEFAULT CHARSET=latin1 PAGE_CHECKSUM=1 ROW_FORMAT=PAGE "
        "WITH SYSTEM VERSIONING",
        kMySql97);
    EXPECT_EQ(
        adapted.text,
        "CREATE TABLE `t` (\n  `u` char(36) CHARACTER SET ascii NOT NULL\n) ENGINE=InnoDB DEFAULT CHARSET=latin1 ");
}

TEST(AdaptStatement, LeavesOutOptionsOfAnEngine) {
    EXPECT_EQ(
        adapt_statement("CREATE TABLE `t` (\n  `ENCRYPTED` int\n) ENGINE=InnoDB `PAGE_COMPRESSED`=1", kMySql97).text,
        "CREATE TABLE `t` (\n  `ENCRYPTED` int\n) ENGINE=InnoDB");
}

TEST(TranslateWords, MariaDbHasOtherWords) {
    constexpr std::string_view kHidden =
        "CREATE TABLE `t` (\n  `a` int DEFAULT '1' /*!80023 INVISIBLE */,\n  KEY `a` (`a`) /*!80000 INVISIBLE */\n)";
    EXPECT_EQ(translate_words(kHidden, kMariaDb1011),
              "CREATE TABLE `t` (\n  `a` int DEFAULT '1' INVISIBLE,\n  KEY `a` (`a`) IGNORED\n)");
    EXPECT_EQ(translate_words(kHidden, kMySql97), kHidden);
}

TEST(AdaptStatement, NamesTypesAsTheTargetDoes) {
    EXPECT_EQ(adapt_statement("CREATE TABLE `t` (\n  `g` geomcollection DEFAULT NULL\n)", kMariaDb1011).text,
              "CREATE TABLE `t` (\n  `g` geometrycollection DEFAULT NULL\n)");
}

TEST(AdaptStatement, KeepsPartitions) {
    const std::string statement = "CREATE TABLE `t` (`a` int)\n/*!50100 PARTITION BY HASH (`a`)\nPARTITIONS 4 */";
    EXPECT_EQ(adapt_statement(statement, kMariaDb1011).text, statement);
    EXPECT_TRUE(adapt_statement(statement, kMariaDb1011).changes.empty());
}

TEST(AdaptStatement, UnendedQuotesAreTakenAsTheyAre) {
    EXPECT_EQ(adapt_statement("CREATE TABLE `t", kMariaDb1011).text, "CREATE TABLE `t");
    EXPECT_EQ(adapt_statement("x 'y\\", kMariaDb1011).text, "x 'y\\");
}

struct Adapted {
    std::string_view statement;
    std::string_view wanted;
};

TEST(AdaptStatement, StatementsAsPeopleWriteThem) {
    for (const auto& [statement, wanted] : std::initializer_list<Adapted>{
             {"ALTER TABLE `s`.`t` ADD COLUMN uuid uuid, ADD c UUID NOT NULL AFTER uuid, DROP COLUMN uuid",
              "ALTER TABLE `s`.`t` ADD COLUMN uuid char(36) CHARACTER SET ascii, ADD c char(36) CHARACTER SET ascii "
              "NOT NULL AFTER uuid, DROP COLUMN uuid"},
             {"ALTER TABLE `s`.`t` CHANGE a uuid INET6, RENAME COLUMN uuid TO inet6",
              "ALTER TABLE `s`.`t` CHANGE a uuid varchar(45) CHARACTER SET ascii, RENAME COLUMN uuid TO inet6"},
             {"CREATE TABLE `s`.`t` (uuid INT, KEY uuid (uuid), u uuid DEFAULT UUID(), n DATETIME DEFAULT NOW())",
              "CREATE TABLE `s`.`t` (uuid INT, KEY uuid (uuid), u char(36) CHARACTER SET ascii DEFAULT (UUID()), "
              "n DATETIME DEFAULT NOW())"},
             {"ALTER TABLE `s`.`t` CONVERT TO CHARACTER SET 'utf8mb4' COLLATE 'utf8mb4_uca1400_as_cs' # COLLATE x",
              "ALTER TABLE `s`.`t` CONVERT TO CHARACTER SET 'utf8mb4' COLLATE utf8mb4_0900_as_cs # COLLATE x"},
             {"ALTER TABLE `s`.`t` ROW_FORMAT = PAGE, ADD c INT, PAGE_CHECKSUM=1", "ALTER TABLE `s`.`t` ADD c INT"},
             {"ALTER TABLE `s`.`t` ADD row_format INT, ADD encrypted INT, ENGINE = Aria",
              "ALTER TABLE `s`.`t` ADD row_format INT, ADD encrypted INT, ENGINE = InnoDB"},
             {"CREATE TABLE `s`.`t` (a INT, s DATE, e DATE, PERIOD FOR `p`(s, e), KEY (a))",
              "CREATE TABLE `s`.`t` (a INT, s DATE, e DATE, KEY (a))"},
             {"ALTER TABLE `s`.`t` ADD PERIOD FOR p (s, e), ADD COLUMN period INT",
              "ALTER TABLE `s`.`t` ADD COLUMN period INT"},
             {"ALTER DATABASE `s` COLLATE = uca1400_ai_ci", "ALTER DATABASE `s` COLLATE = utf8mb4_0900_ai_ci"},
         }) {
        EXPECT_EQ(adapt_statement(statement, kMySql97).text, wanted);
    }
}

TEST(HasOverlapKey, ByItsWords) {
    EXPECT_TRUE(has_overlap_key("CREATE TABLE t (PRIMARY KEY (a, p WITHOUT  OVERLAPS))"));
    EXPECT_FALSE(has_overlap_key("CREATE TABLE t (a INT COMMENT 'WITHOUT OVERLAPS', without INT, overlaps INT)"));
}

TEST(AdaptStatement, OlderServersOfTheSameKind) {
    EXPECT_EQ(adapt_statement("CREATE TABLE t (u uuid, i inet6) COLLATE utf8mb4_uca1400_nopad_as_ci", kMariaDb105).text,
              "CREATE TABLE t (u char(36) CHARACTER SET ascii, i inet6) COLLATE utf8mb4_unicode_520_nopad_ci");
    EXPECT_EQ(adapt_statement("CREATE TABLE t (a char(3) COLLATE utf8mb4_0900_ai_ci)", kMySql57).text,
              "CREATE TABLE t (a char(3) COLLATE utf8mb4_unicode_520_ci)");
    EXPECT_TRUE(adapt_statement("CREATE TABLE t (u uuid, i inet4)", kMariaDb1011).changes.empty());
}

TEST(StateCollations, WhereverACharacterSetIsNamedAlone) {
    const CollationDefaults defaults = {{"utf8mb4", "u_c"}};
    for (const auto& [statement, wanted] : std::initializer_list<Adapted>{
             {"ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4, ADD b INT",
              "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE u_c, ADD b INT"},
             {"CREATE TABLE t (a TEXT CHARSET utf8mb4 NOT NULL, b TEXT CHARSET utf8mb4 NOT NULL COLLATE x) CHARSET = "
              "'utf8mb4' COMMENT 'COLLATE'",
              "CREATE TABLE t (a TEXT CHARSET utf8mb4 COLLATE u_c NOT NULL, b TEXT CHARSET utf8mb4 NOT NULL COLLATE "
              "x) CHARSET = 'utf8mb4' COLLATE=u_c COMMENT 'COLLATE'"},
             {"ALTER DATABASE d CHARACTER SET utf8mb4", "ALTER DATABASE d CHARACTER SET utf8mb4 COLLATE u_c"},
             {"CREATE TABLE t (a INT) COLLATE=x, CHARSET=utf8mb4", "CREATE TABLE t (a INT) COLLATE=x, CHARSET=utf8mb4"},
             {"CREATE TABLE t (a INT) CHARSET=utf8mb4 ENGINE=InnoDB, DEFAULT COLLATE x",
              "CREATE TABLE t (a INT) CHARSET=utf8mb4 ENGINE=InnoDB, DEFAULT COLLATE x"},
             {"CREATE TABLE t (a TEXT CHARACTER SET utf8mb4 BINARY)",
              "CREATE TABLE t (a TEXT CHARACTER SET utf8mb4 BINARY)"},
             {"CREATE TABLE t (a TEXT AS (CAST(b AS CHAR(3) CHARACTER SET utf8mb4)))",
              "CREATE TABLE t (a TEXT AS (CAST(b AS CHAR(3) CHARACTER SET utf8mb4)))"},
         }) {
        EXPECT_EQ(state_collations(statement, defaults), wanted);
    }
}

TEST(TranslateWords, TextsThatMariaDbCannotReadAgainLoseTheirCharacterSet) {
    constexpr std::string_view kDefaults =
        R"(CREATE TABLE t (a text DEFAULT (_utf8mb4'it\'s'), b text DEFAULT (concat(_utf8mb4'x',_utf8mb4'\\')), c int))";
    EXPECT_EQ(translate_words(kDefaults, kMariaDb1011),
              R"(CREATE TABLE t (a text DEFAULT ('it\'s'), b text DEFAULT (concat(_utf8mb4'x','\\')), c int))");
    EXPECT_EQ(translate_words(kDefaults, kMySql97), kDefaults);
}

}  // namespace
}  // namespace dm::sql
