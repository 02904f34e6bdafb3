#include "unit/copy/create_table.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::copy {
namespace {

const ParentRoute kNoParents = [](const model::TableName& parent) { return parent; };

TEST(RetargetCreateTable, ReplacesOnlyTheName) {
    EXPECT_EQ(retarget_create_table("CREATE TABLE `a``(b` (\n  `CREATE TABLE` int\n)", {"s", "x`y"}, kNoParents),
              "CREATE TABLE IF NOT EXISTS `s`.`x``y` (\n  `CREATE TABLE` int\n)");
}

TEST(RetargetCreateTable, RoutesTheParentsOfForeignKeys) {
    const auto route = [](const model::TableName& parent) {
        return model::TableName{parent.schema.empty() ? "own" : "of " + parent.schema, parent.table + "_t"};
    };
    EXPECT_EQ(retarget_create_table("CREATE TABLE `c` (\n  `a` int COMMENT 'REFERENCES `x`',\n  `REFERENCES` int,\n  "
                                    "CONSTRAINT `c1` FOREIGN KEY (`a`) REFERENCES `p` (`id`) ON DELETE CASCADE,\n  "
                                    "CONSTRAINT `c2` FOREIGN KEY (`a`) REFERENCES `o``s`.`q` (`id`)\n) ENGINE=InnoDB",
                                    {"s", "c"}, route),
              "CREATE TABLE IF NOT EXISTS `s`.`c` (\n  `a` int COMMENT 'REFERENCES `x`',\n  `REFERENCES` int,\n  "
              "CONSTRAINT `c1` FOREIGN KEY (`a`) REFERENCES `own`.`p_t` (`id`) ON DELETE CASCADE,\n  CONSTRAINT `c2` "
              "FOREIGN KEY (`a`) REFERENCES `of o``s`.`q_t` (`id`)\n) ENGINE=InnoDB");
}

TEST(RetargetCreateTable, RefusesWhatIsNoTable) {
    EXPECT_THROW(retarget_create_table("CREATE ALGORITHM=UNDEFINED VIEW `v` AS select 1", {"s", "v"}, kNoParents),
                 Error);
}

TEST(ComparableStructure, TheCounterDoesNotMatter) {
    const std::string with =
        "CREATE TABLE `t` (\n  `a` int AUTO_INCREMENT\n) ENGINE=InnoDB AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4";
    const std::string without = "CREATE TABLE `t` (\n  `a` int AUTO_INCREMENT\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";
    EXPECT_EQ(comparable_structure(with), comparable_structure(without));
    EXPECT_NE(comparable_structure(with),
              comparable_structure("CREATE TABLE `t` (\n  `a` bigint AUTO_INCREMENT\n) ENGINE=InnoDB"));
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

TEST(LacksTransactions, GoesByTheEngine) {
    EXPECT_TRUE(lacks_transactions("CREATE TABLE `t` (\n  `a` int\n) ENGINE=MyISAM"));
    EXPECT_TRUE(
        lacks_transactions("CREATE TABLE `t` (\n  `a` int\n) ENGINE=Aria DEFAULT CHARSET=utf8mb4 PAGE_CHECKSUM=1"));
    EXPECT_FALSE(lacks_transactions("CREATE TABLE `t` (\n  `a` int COMMENT ') ENGINE=MyISAM '\n) ENGINE=InnoDB"));
}

TEST(TakeOutForeignKeys, TakesTheConstraintsOnly) {
    const WithoutForeignKeys without = take_out_foreign_keys(
        "CREATE TABLE `t` (\n  `a` int COMMENT 'FOREIGN KEY (x)',\n  KEY `c` (`a`),\n  CONSTRAINT `c` FOREIGN KEY "
        "(`a`) "
        "REFERENCES `p` (`id`) ON DELETE CASCADE,\n  CONSTRAINT `d` CHECK (`a` > 0)\n) ENGINE=InnoDB");
    EXPECT_EQ(without.keys,
              (std::vector<std::string>{"CONSTRAINT `c` FOREIGN KEY (`a`) REFERENCES `p` (`id`) ON DELETE CASCADE"}));
    EXPECT_EQ(
        without.create_table,
        "CREATE TABLE `t` (\n  `a` int COMMENT 'FOREIGN KEY (x)',\n  KEY `c` (`a`),\n  CONSTRAINT `d` CHECK (`a` > "
        "0)\n) ENGINE=InnoDB");
    EXPECT_EQ(take_out_foreign_keys(kWithIndexes).create_table, kWithIndexes);
}

TEST(ZonedColumns, AreThoseThatAreStoredAndMadeOfATime) {
    EXPECT_EQ(zoned_columns("CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `ts` timestamp NULL DEFAULT NULL,\n"
                            "  `d` datetime,\n  `a` date GENERATED ALWAYS AS (cast(`ts` as date)) STORED,\n"
                            "  `b` date GENERATED ALWAYS AS (cast(`ts` as date)) VIRTUAL,\n"
                            "  `c` datetime GENERATED ALWAYS AS (from_unixtime(`id`)) STORED,\n"
                            "  `e` date GENERATED ALWAYS AS (cast(`d` as date)) STORED COMMENT '`ts`',\n"
                            "  `stored` int,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB"),
              (std::vector<std::string>{"`a`", "`c`"}));
}

}  // namespace
}  // namespace dm::copy
