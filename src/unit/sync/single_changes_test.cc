#include "unit/sync/single_changes.h"

#include <set>

#include <gtest/gtest.h>

#include "core/schema/tracker.h"
#include "core/sql/ddl_parser.h"

namespace dm::sync {
namespace {

using rules::SingleChange;
using Set = std::set<SingleChange>;

constexpr auto kTable =
    "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT DEFAULT 1, s VARCHAR(20), n DECIMAL(10,2), e "
    "ENUM('a','b'), "
    "UNIQUE u (v), KEY k (s), CONSTRAINT f FOREIGN KEY (v) REFERENCES p (id)) CHARSET utf8mb4";

Set changes(const std::string& statement, bool is_known = true) {
    schema::Tracker tracker({.is_mariadb = true});
    tracker.apply(kTable, {.default_schema = "s"});
    const auto before = tracker.find({"s", "t"});
    tracker.apply(statement, {.default_schema = "s"});
    const auto after = tracker.find({"s", "t"});
    const auto ddl = sql::parse_ddl(statement, {.default_schema = "s", .is_mariadb = true});
    const auto found = single_changes(ddl, is_known ? before.get() : nullptr, is_known ? after.get() : nullptr);
    return {found.begin(), found.end()};
}

TEST(SingleChanges, columns) {
    using enum SingleChange;
    EXPECT_EQ(changes("ALTER TABLE t ADD w INT AFTER id"), Set{AddColumn});
    EXPECT_EQ(changes("ALTER TABLE t DROP COLUMN s"), Set{DropColumn});
    EXPECT_EQ(changes("ALTER TABLE t RENAME COLUMN s TO w"), Set{RenameColumn});
    EXPECT_EQ(changes("ALTER TABLE t MODIFY v BIGINT DEFAULT 1"), Set{ModifyColumn});
    EXPECT_EQ(changes("ALTER TABLE t CHANGE v w INT DEFAULT 1"), (Set{ModifyColumn, RenameColumn}));
    EXPECT_EQ(changes("ALTER TABLE t MODIFY v INT DEFAULT 2"), (Set{ModifyColumn, ModifyDefaultValue}));
    EXPECT_EQ(changes("ALTER TABLE t ALTER v SET DEFAULT 2"), (Set{SetDefaultValue, ModifyDefaultValue}));
    EXPECT_EQ(changes("ALTER TABLE t MODIFY s VARCHAR(20) FIRST"), (Set{ModifyColumn, ModifyColumnsOrder}));
    EXPECT_EQ(changes("ALTER TABLE t MODIFY id INT"), (Set{ModifyColumn, RemoveAutoIncrement}));
    EXPECT_EQ(changes("ALTER TABLE t MODIFY s VARCHAR(20) CHARSET latin1"),
              (Set{ModifyColumn, ModifyCharset, ModifyCollation}));
}

TEST(SingleChanges, values_that_a_column_no_longer_holds) {
    using enum SingleChange;
    for (const auto* smaller : {"v SMALLINT DEFAULT 1", "v INT UNSIGNED DEFAULT 1", "s VARCHAR(19)", "s DATE",
                                "n DECIMAL(9,2)", "e ENUM('a')"})
        EXPECT_EQ(changes(std::string("ALTER TABLE t MODIFY ") + smaller).count(ValueRangeDecrease), 1U) << smaller;
    for (const auto* as_large :
         {"v BIGINT DEFAULT 1", "s VARCHAR(21)", "s TEXT", "n DECIMAL(11,2)", "e ENUM('a','b','c')"})
        EXPECT_EQ(changes(std::string("ALTER TABLE t MODIFY ") + as_large), Set{ModifyColumn}) << as_large;
    EXPECT_EQ(changes("ALTER TABLE t MODIFY n DECIMAL(9,1)"), (Set{ModifyColumn, PrecisionDecrease}));
    EXPECT_EQ(changes("ALTER TABLE t MODIFY n BIGINT"), (Set{ModifyColumn, PrecisionDecrease}));
    EXPECT_EQ(changes("ALTER TABLE t MODIFY v BIGINT DEFAULT 1", false).count(ValueRangeDecrease), 1U)
        << "nobody knows";
}

TEST(SingleChanges, keys_options_and_partitions) {
    using enum SingleChange;
    const std::vector<std::pair<const char*, Set>> cases{
        {"ALTER TABLE t DROP PRIMARY KEY, MODIFY id INT", {DropPrimaryKey, ModifyColumn, RemoveAutoIncrement}},
        {"ALTER TABLE t DROP KEY u", {DropUniqueKey}},
        {"ALTER TABLE t DROP KEY k", {}},
        {"DROP INDEX u ON t", {DropUniqueKey}},
        {"DROP INDEX k ON t", {}},
        {"ALTER TABLE t RENAME KEY k TO l", {RenameIndex}},
        {"ALTER TABLE t ALTER INDEX k IGNORED", {AlterIndexVisibility}},
        {"ALTER TABLE t ADD FOREIGN KEY (s) REFERENCES p (s)", {AddForeignKey}},
        {"ALTER TABLE t DROP FOREIGN KEY f", {DropForeignKey}},
        {"ALTER TABLE t ENGINE=MyISAM", {ModifyStorageEngine}},
        {"ALTER TABLE t COMMENT 'x'", {ModifyTableComment}},
        {"ALTER TABLE t CONVERT TO CHARACTER SET latin1", {ModifyTableCharset, ModifyCharset, ModifyCollation}},
        {"ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 2", {AlterTablePartitioning}},
        {"ALTER TABLE t REMOVE PARTITIONING", {RemoveTablePartitioning}},
        {"ALTER TABLE t ADD PARTITION (PARTITION q VALUES LESS THAN (9))", {AddTablePartition}},
        {"ALTER TABLE t DROP PARTITION q", {DropTablePartition}},
        {"ALTER TABLE t TRUNCATE PARTITION q", {TruncateTablePartition}},
        {"ALTER TABLE t REORGANIZE PARTITION q INTO (PARTITION r VALUES LESS THAN (9))", {ReorganizeTablePartition}},
        {"ALTER TABLE t EXCHANGE PARTITION q WITH TABLE o", {ExchangeTablePartition}},
        {"ALTER DATABASE s CHARSET latin1", {ModifySchemaCharset}},
        {"ALTER TABLE t ADD KEY (n), FORCE, ALGORITHM=COPY", {}},
        {"TRUNCATE TABLE t", {}},
    };
    for (const auto& [statement, expected] : cases) EXPECT_EQ(changes(statement), expected) << statement;
}

}  // namespace
}  // namespace dm::sync
