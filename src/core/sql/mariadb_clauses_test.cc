#include "core/sql/mariadb_clauses.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::sql {
namespace {

std::string alter(std::string_view statement) { return without_mariadb_clauses(statement, StatementKind::AlterTable); }

TEST(MariaDbClauses, waiting_is_taken_out_behind_the_table_only) {
    EXPECT_EQ(alter("ALTER TABLE `d`.`t` WAIT 5 ADD COLUMN a INT"), "ALTER TABLE `d`.`t` ADD COLUMN a INT");
    EXPECT_EQ(alter("ALTER TABLE `d`.`t` NOWAIT ADD nowait INT"), "ALTER TABLE `d`.`t` ADD nowait INT");
    EXPECT_EQ(alter("ALTER TABLE `d`.`t` ADD COLUMN wait INT COMMENT 'NOWAIT'"),
              "ALTER TABLE `d`.`t` ADD COLUMN wait INT COMMENT 'NOWAIT'");
    EXPECT_EQ(without_mariadb_clauses("TRUNCATE TABLE `d`.`t` WAIT 10", StatementKind::TruncateTable),
              "TRUNCATE TABLE `d`.`t`");
    EXPECT_EQ(without_mariadb_clauses("RENAME TABLE `d`.`t` NOWAIT TO `d`.`u`", StatementKind::RenameTable),
              "RENAME TABLE `d`.`t` TO `d`.`u`");
    EXPECT_EQ(without_mariadb_clauses("DROP TABLE IF EXISTS `d`.`t` NOWAIT", StatementKind::DropTable),
              "DROP TABLE IF EXISTS `d`.`t`");
    EXPECT_EQ(without_mariadb_clauses("CREATE INDEX i WAIT 3 ON `d`.`t` (a)", StatementKind::CreateIndex),
              "CREATE INDEX i ON `d`.`t` (a)");
}

TEST(MariaDbClauses, conditions_of_single_actions_are_taken_out) {
    EXPECT_EQ(alter("ALTER TABLE `d`.`t` ADD COLUMN IF NOT EXISTS a INT"), "ALTER TABLE `d`.`t` ADD COLUMN a INT");
    EXPECT_EQ(alter("ALTER TABLE `d`.`t` DROP INDEX IF EXISTS i"), "ALTER TABLE `d`.`t` DROP INDEX i");
    EXPECT_EQ(alter("ALTER TABLE `d`.`t` MODIFY IF EXISTS a DECIMAL(5,2)"),
              "ALTER TABLE `d`.`t` MODIFY a DECIMAL(5,2)");
    EXPECT_EQ(alter("ALTER TABLE IF EXISTS `d`.`t` ADD a INT, ADD b INT"), "ALTER TABLE `d`.`t` ADD a INT, ADD b INT");
    EXPECT_EQ(without_mariadb_clauses("DROP INDEX IF EXISTS i ON `d`.`t`", StatementKind::DropIndex),
              "DROP INDEX i ON `d`.`t`");
    EXPECT_EQ(without_mariadb_clauses("CREATE INDEX IF NOT EXISTS i ON `d`.`t` (a)", StatementKind::CreateIndex),
              "CREATE INDEX i ON `d`.`t` (a)");
}

TEST(MariaDbClauses, conditions_among_several_actions_are_refused) {
    for (const std::string_view statement : {"ALTER TABLE `d`.`t` ADD COLUMN IF NOT EXISTS a INT, ADD COLUMN b INT",
                                             "ALTER TABLE `d`.`t` ADD COLUMN IF NOT EXISTS (a INT, b INT)"}) {
        try {
            (void)alter(statement);
            FAIL() << statement;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::SyncDdlUnsupported);
        }
    }
}

TEST(MariaDbClauses, statements_that_every_server_knows_stay) {
    EXPECT_EQ(without_mariadb_clauses("CREATE TABLE IF NOT EXISTS `d`.`t` (wait INT)", StatementKind::CreateTable),
              "CREATE TABLE IF NOT EXISTS `d`.`t` (wait INT)");
    EXPECT_EQ(without_mariadb_clauses("DROP TABLE IF EXISTS `d`.`t`", StatementKind::DropTable),
              "DROP TABLE IF EXISTS `d`.`t`");
}

TEST(MariaDbClauses, actions_are_counted) {
    EXPECT_FALSE(has_several_actions("ALTER TABLE `d`.`t` ADD COLUMN a DECIMAL(5,2)"));
    EXPECT_FALSE(has_several_actions("ALTER TABLE `d`.`t` ADD INDEX (a, b)"));
    EXPECT_TRUE(has_several_actions("ALTER TABLE `d`.`t` ADD COLUMN a INT, DROP COLUMN b"));
    EXPECT_TRUE(has_several_actions("ALTER TABLE `d`.`t` ADD COLUMN (a INT, b INT)"));
    EXPECT_TRUE(has_several_actions("ALTER TABLE `d`.`t` ADD (a INT, b INT)"));
}

}  // namespace
}  // namespace dm::sql
