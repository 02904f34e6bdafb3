#include "core/sql/comment_text.h"

#include <gtest/gtest.h>

namespace dm::sql {
namespace {

model::ServerVersion server(const char* text) { return model::parse_server_version(text); }

struct Case {
    const char* statement;
    bool is_from_mariadb;
    const char* target;
    const char* expected;
};

TEST(CommentTextTest, what_only_the_upstream_would_execute_is_said_in_the_open) {
    const Case cases[] = {
        {"ADD w INT /*M!100301 DEFAULT 5 */", true, "9.7.0", "ADD w INT  DEFAULT 5 "},
        {"ADD w INT /*!100301 DEFAULT 5 */", true, "9.7.0", "ADD w INT  DEFAULT 5 "},
        {"ADD w INT /*!80000 DEFAULT 5 */", false, "10.11.6-MariaDB", "ADD w INT  DEFAULT 5 "},
        {"ADD w INT/*!50700DEFAULT 5*/COMMENT 'a*/'", false, "5.6.51", "ADD w INT DEFAULT 5 COMMENT 'a*/'"},
        {"ADD w INT /*!80013 DEFAULT ('*/') */", false, "5.7.44", "ADD w INT  DEFAULT ('*/') "},
        // What the target executes, too, stays as it is.
        {"ADD w INT /*!50503 DEFAULT 5 */ /* why */", false, "10.11.6-MariaDB",
         "ADD w INT /*!50503 DEFAULT 5 */ /* why */"},
        {"ADD w INT /*! DEFAULT 5 */", true, "9.7.0", "ADD w INT /*! DEFAULT 5 */"},
        {"ADD w INT /*!80013 DEFAULT (1) */", false, "8.0.36", "ADD w INT /*!80013 DEFAULT (1) */"},
        {"ADD w INT /*!80099 DEFAULT 5 */", false, "8.0.11-TiDB-v7.5.0", "ADD w INT /*!80099 DEFAULT 5 */"},
        {"ADD w INT /*M!100301 DEFAULT 5 */", true, "8.0.11-TiDB-v7.5.0", "ADD w INT  DEFAULT 5 "},
        // So does what MySQL writes for itself.
        {"CREATE DATABASE d /*!40100 CHARACTER SET utf8mb4 */ /*!80016 DEFAULT ENCRYPTION='N' */", false,
         "10.11.6-MariaDB", "CREATE DATABASE d /*!40100 CHARACTER SET utf8mb4 */ /*!80016 DEFAULT ENCRYPTION='N' */"},
        {"KEY (a) /*!80000 INVISIBLE */", false, "5.7.44", "KEY (a) /*!80000 INVISIBLE */"},
    };
    for (const Case& one : cases)
        EXPECT_EQ(open_comments(one.statement, one.is_from_mariadb, server(one.target)), one.expected) << one.target;
}

}  // namespace
}  // namespace dm::sql
