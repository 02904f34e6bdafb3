#include "core/sql/check_constraints.h"

#include <gtest/gtest.h>

namespace dm::sql {
namespace {

using Strings = std::vector<std::string>;

TEST(CheckConstraints, OfTablesAndColumnsAreLeftOut) {
    const auto left = without_checks(
        "CREATE TABLE `t` (\n  `id` int(11) NOT NULL,\n  `j` longtext CHARACTER SET utf8mb4 DEFAULT NULL CHECK "
        "(json_valid(`j`)),\n  `n` int NOT NULL CHECK (`n` > (1 + 2)) COMMENT 'CHECK (x)',\n  PRIMARY KEY (`id`),\n  "
        "CONSTRAINT `CONSTRAINT_1` CHECK (`n` < 9),\n  CONSTRAINT `u` UNIQUE (`n`)\n) ENGINE=InnoDB");
    EXPECT_EQ(
        left.text,
        "CREATE TABLE `t` (\n  `id` int(11) NOT NULL,\n  `j` longtext CHARACTER SET utf8mb4 DEFAULT NULL ,\n  `n` "
        "int NOT NULL  COMMENT 'CHECK (x)',\n  PRIMARY KEY (`id`),\n  CONSTRAINT `u` UNIQUE (`n`)\n) "
        "ENGINE=InnoDB");
    EXPECT_EQ(left.changes, (Strings{"CHECK (json_valid(`j`)) left out", "CHECK (`n` > (1 + 2)) left out",
                                     "CONSTRAINT `CONSTRAINT_1` CHECK (`n` < 9) left out"}));
}

TEST(CheckConstraints, ActionsOfAlterTable) {
    const auto left = [](std::string_view text) { return without_checks(text).text; };
    EXPECT_EQ(left("ALTER TABLE `s`.`t` ADD CHECK (a > 0), ADD b INT CONSTRAINT CHECK (b > 0) AFTER a"),
              "ALTER TABLE `s`.`t` ADD b INT  AFTER a");
    EXPECT_EQ(left("ALTER TABLE `s`.`t` ADD b INT UNIQUE CHECK (b > 0), ADD CONSTRAINT IF NOT EXISTS c CHECK (a > 0)"),
              "ALTER TABLE `s`.`t` ADD b INT UNIQUE ");
    EXPECT_EQ(left("ALTER TABLE `s`.`t` ADD CONSTRAINT c CHECK (a > 0)"), "");
    EXPECT_EQ(left("/* why */ ALTER TABLE IF EXISTS `s`.`t` ADD CHECK (a > 0), ADD CHECK (b > 0)"), "");
    EXPECT_EQ(left("CREATE TABLE `s`.`t` (a INT, CONSTRAINT u UNIQUE (a), CHECK (a > 0))"),
              "CREATE TABLE `s`.`t` (a INT, CONSTRAINT u UNIQUE (a))");
}

TEST(CheckConstraints, WhatHasNoneStays) {
    for (const auto* text : {"ALTER TABLE `s`.`t` ADD `check` INT", "CREATE TABLE `s`.`t` (a INT COMMENT 'CHECK (a)')",
                             "ALTER TABLE `s`.`t` CHECK PARTITION p", "CREATE TABLE `s`.`t` (a INT CHECK (a"}) {
        const auto left = without_checks(text);
        EXPECT_EQ(left.text, text);
        EXPECT_TRUE(left.changes.empty());
    }
}

TEST(CheckConstraints, DroppedByName) {
    const auto left = [](std::string_view text) { return without_drop_constraint(text, "Pos").text; };
    EXPECT_EQ(left("ALTER TABLE `s`.`t` DROP CONSTRAINT `pos`"), "");
    EXPECT_EQ(left("ALTER TABLE `s`.`t` DROP CONSTRAINT IF EXISTS pos, DROP CONSTRAINT fk, ADD a INT"),
              "ALTER TABLE `s`.`t` DROP CONSTRAINT fk, ADD a INT");
    EXPECT_EQ(left("ALTER TABLE `s`.`t` DROP CONSTRAINT fk"), "ALTER TABLE `s`.`t` DROP CONSTRAINT fk");
    EXPECT_TRUE(without_drop_constraint("ALTER TABLE `s`.`t` DROP pos", "pos").changes.empty());
}

}  // namespace
}  // namespace dm::sql
