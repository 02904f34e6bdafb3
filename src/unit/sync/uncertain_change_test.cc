#include "unit/sync/uncertain_change.h"

#include <gtest/gtest.h>

#include "core/schema/tracker.h"
#include "core/sql/ddl_parser.h"

namespace dm::sync {
namespace {

/// Whether the statement is uncertain on a table of this structure; without one it is not known.
bool is_uncertain(const std::string& statement, const std::string& structure) {
    schema::Tracker tracker({.is_mariadb = true});
    if (!structure.empty()) tracker.apply("CREATE TABLE t " + structure, {.default_schema = "s"});
    const auto ddl = sql::parse_ddl(statement, {.default_schema = "s", .is_mariadb = true});
    const auto known = tracker.find({"s", "t"});
    return uncertain_change(std::get<sql::AlterTable>(ddl), known.get(), {.is_mariadb = true}).has_value();
}

TEST(UncertainChange, numbers_follow_the_order_of_the_rows) {
    for (const auto* statement : {"ALTER TABLE t ADD id INT AUTO_INCREMENT PRIMARY KEY", "ALTER TABLE t ADD id SERIAL",
                                  "ALTER TABLE t ADD (b INT, id BIGINT NOT NULL AUTO_INCREMENT UNIQUE)"}) {
        for (const auto* structure : {"", "(a INT)", "(a INT UNIQUE)", "(a INT, KEY (a))",
                                      "(a VARCHAR(9) NOT NULL, UNIQUE (a(3)))", "(a INT PRIMARY KEY) ENGINE=MyISAM"})
            EXPECT_TRUE(is_uncertain(statement, structure)) << statement << structure;
        for (const auto* structure :
             {"(a INT NOT NULL UNIQUE)", "(a INT PRIMARY KEY)", "(a INT PRIMARY KEY) ENGINE=InnoDB"})
            EXPECT_FALSE(is_uncertain(statement, structure)) << statement << structure;
    }
    EXPECT_FALSE(is_uncertain("ALTER TABLE t ADD id INT, ADD UNIQUE (a)", "(a INT)"));
    EXPECT_FALSE(is_uncertain("ALTER TABLE t MODIFY a INT AUTO_INCREMENT PRIMARY KEY", "(a INT)"));
}

TEST(UncertainChange, rows_that_are_left_out_are_chosen_by_their_order) {
    for (const auto* statement :
         {"ALTER IGNORE TABLE t ADD UNIQUE (a)", "ALTER IGNORE TABLE t ADD PRIMARY KEY (a)",
          "ALTER IGNORE TABLE t MODIFY a CHAR(1)", "ALTER IGNORE TABLE t CONVERT TO CHARSET latin1"}) {
        EXPECT_TRUE(is_uncertain(statement, "(a INT UNIQUE)")) << statement;
        EXPECT_FALSE(is_uncertain(statement, "(a INT, b INT PRIMARY KEY)")) << statement;
    }
    EXPECT_FALSE(is_uncertain("ALTER TABLE t ADD UNIQUE (a)", "(a INT)"));
    EXPECT_FALSE(is_uncertain("ALTER IGNORE TABLE t ADD KEY (a)", "(a INT)"));
}

TEST(UncertainChange, defaults_that_each_server_computes_for_itself) {
    for (const auto* text : {"(UUID())", "uuid()", "(LEFT(UUID(),8))", "(RAND())", "NEXTVAL(`s`)", "(NEXT VALUE FOR q)",
                             "(USER())", "CURRENT_USER", "(CONCAT('a', @x))", "(@@server_id)", "(CONNECTION_ID())",
                             "(SYSDATE())", "(sys_guid())", "(DATABASE())"})
        EXPECT_TRUE(is_uncertain(std::string("ALTER TABLE t ADD b VARCHAR(99) DEFAULT ") + text, "(a INT PRIMARY KEY)"))
            << text;
    for (const auto* text : {"1", "'UUID()'", "(NOW())", "CURRENT_TIMESTAMP(3)", "(CURDATE() + INTERVAL 1 DAY)",
                             "(UNIX_TIMESTAMP())", "(ABS(a))", "(JSON_OBJECT('rand', 1))", "NULL"})
        EXPECT_FALSE(
            is_uncertain(std::string("ALTER TABLE t ADD b VARCHAR(99) DEFAULT ") + text, "(a INT PRIMARY KEY)"))
            << text;
    EXPECT_FALSE(is_uncertain("ALTER TABLE t ALTER a SET DEFAULT (UUID())", "(a CHAR(36) PRIMARY KEY)"))
        << "no row changes";
}

}  // namespace
}  // namespace dm::sync
