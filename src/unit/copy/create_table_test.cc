#include "unit/copy/create_table.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::copy {
namespace {

constexpr model::ServerVersion kMariaDb1011{.flavor = model::Flavor::MariaDb, .major = 10, .minor = 11, .patch = 6};
constexpr model::ServerVersion kMariaDb105{.flavor = model::Flavor::MariaDb, .major = 10, .minor = 5, .patch = 1};
constexpr model::ServerVersion kMySql97{.flavor = model::Flavor::MySql, .major = 9, .minor = 7, .patch = 0};
constexpr model::ServerVersion kMySql57{.flavor = model::Flavor::MySql, .major = 5, .minor = 7, .patch = 40};

TEST(RetargetCreateTable, ReplacesOnlyTheName) {
    EXPECT_EQ(retarget_create_table("CREATE TABLE `a``(b` (\n  `CREATE TABLE` int\n)", {"s", "x`y"}),
              "CREATE TABLE IF NOT EXISTS `s`.`x``y` (\n  `CREATE TABLE` int\n)");
}

TEST(RetargetCreateTable, RefusesWhatIsNoTable) {
    EXPECT_THROW(retarget_create_table("CREATE ALGORITHM=UNDEFINED VIEW `v` AS select 1", {"s", "v"}), Error);
}

TEST(ComparableStructure, TheCounterDoesNotMatter) {
    const std::string with =
        "CREATE TABLE `t` (\n  `a` int AUTO_INCREMENT\n) ENGINE=InnoDB AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4";
    const std::string without = "CREATE TABLE `t` (\n  `a` int AUTO_INCREMENT\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";
    EXPECT_EQ(comparable_structure(with), comparable_structure(without));
    EXPECT_NE(comparable_structure(with),
              comparable_structure("CREATE TABLE `t` (\n  `a` bigint AUTO_INCREMENT\n) ENGINE=InnoDB"));
}

TEST(AdaptCollation, MapsTheNewestCollationsOfEachFamily) {
    EXPECT_EQ(adapt_collation("utf8mb4_0900_ai_ci", kMariaDb1011), "utf8mb4_uca1400_nopad_ai_ci");
    EXPECT_EQ(adapt_collation("utf8mb4_0900_as_cs", kMariaDb1011), "utf8mb4_uca1400_nopad_as_cs");
    EXPECT_EQ(adapt_collation("utf8mb4_0900_bin", kMariaDb1011), "utf8mb4_nopad_bin");
    EXPECT_EQ(adapt_collation("utf8mb4_de_pb_0900_ai_ci", kMariaDb1011), "utf8mb4_uca1400_nopad_ai_ci");
    EXPECT_EQ(adapt_collation("utf8mb4_0900_ai_ci", kMariaDb105), "utf8mb4_unicode_520_nopad_ci");
    EXPECT_EQ(adapt_collation("utf8mb4_uca1400_ai_ci", kMySql97), "utf8mb4_0900_ai_ci");
    EXPECT_EQ(adapt_collation("utf8mb4_uca1400_nopad_as_cs", kMySql97), "utf8mb4_0900_as_cs");
    EXPECT_EQ(adapt_collation("uca1400_as_ci", kMySql97), "utf8mb4_0900_as_ci");
    EXPECT_EQ(adapt_collation("utf8mb3_uca1400_ai_ci", kMySql97), "utf8mb3_unicode_520_ci");
    EXPECT_EQ(adapt_collation("latin1_swedish_nopad_ci", kMySql97), "latin1_swedish_ci");
    EXPECT_EQ(adapt_collation("utf8mb4_uca1400_ai_ci", kMySql57), "utf8mb4_unicode_520_ci");
    EXPECT_EQ(adapt_collation("utf8mb4_general_ci", kMariaDb1011), "utf8mb4_general_ci");
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
              "  `b` int \n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_nopad_ai_ci");
    EXPECT_EQ(adapted.changes.size(), 3U);
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

TEST(TranslateHidden, MariaDbHasOtherWords) {
    constexpr std::string_view kHidden =
        "CREATE TABLE `t` (\n  `a` int DEFAULT '1' /*!80023 INVISIBLE */,\n  KEY `a` (`a`) /*!80000 INVISIBLE */\n)";
    EXPECT_EQ(translate_hidden(kHidden, kMariaDb1011),
              "CREATE TABLE `t` (\n  `a` int DEFAULT '1' INVISIBLE,\n  KEY `a` (`a`) IGNORED\n)");
    EXPECT_EQ(translate_hidden(kHidden, kMySql97), kHidden);
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

constexpr std::string_view kWithIndexes =
    "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `a` varchar(9) DEFAULT 'KEY (x),',\n  `n` int NOT NULL "
    "AUTO_INCREMENT,\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`a`),\n  KEY `a, ``b` (`a`(3),`n`) USING BTREE,\n"
    "  KEY `n` (`n`),\n  KEY `e` ((`id` + 1)),\n  FULLTEXT KEY `f` (`a`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";

TEST(TakeOutIndexes, TakesPlainOnesOnly) {
    const WithoutIndexes without = take_out_indexes(kWithIndexes);
    EXPECT_EQ(without.indexes,
              (std::vector<std::string>{"KEY `a, ``b` (`a`(3),`n`) USING BTREE", "KEY `e` ((`id` + 1))"}));
    EXPECT_EQ(without.create_table,
              "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `a` varchar(9) DEFAULT 'KEY (x),',\n  `n` int NOT NULL "
              "AUTO_INCREMENT,\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`a`),\n  KEY `n` (`n`),\n  FULLTEXT KEY `f` "
              "(`a`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4");
    EXPECT_EQ(index_name(without.indexes[0]), "a, `b");
}

TEST(TakeOutIndexes, LeavesOtherTablesAlone) {
    for (const std::string_view text :
         {"CREATE TABLE `t` (\n  `a` int,\n  KEY `a` (`a`)\n) ENGINE=MyISAM",
          "CREATE TABLE `t` (\n  `a` int,\n  KEY `a` (`a`),\n  CONSTRAINT `c` FOREIGN KEY (`a`) REFERENCES `p` "
          "(`id`)\n) ENGINE=InnoDB",
          "CREATE TABLE `t` (\n  `a` int,\n  `b` point NOT NULL,\n  SPATIAL KEY `b` (`b`)\n) ENGINE=InnoDB"}) {
        EXPECT_TRUE(take_out_indexes(text).indexes.empty()) << text;
        EXPECT_EQ(take_out_indexes(text).create_table, text);
    }
}

}  // namespace
}  // namespace dm::copy
