#include "unit/sync/batch_sender.h"

#include <map>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "core/dml/dml_test_util.h"
#include "core/sql/fake_sql_session.h"

namespace dm::sync {
namespace {

using dml::OperationKind;
using sql::FakeSqlServer;
using Texts = std::vector<std::string>;

class BatchSenderTest : public ::testing::Test {
  protected:
    BatchSenderTest() { have_engine("InnoDB"); }
    void add(OperationKind kind, std::string text, std::size_t expected_rows = 0) {
        groups_.push_back({.kind = kind, .plan = &plan_, .is_safe = false, .operations = {}});
        statements_.push_back({.text = std::move(text), .rows = 1, .expected_rows = expected_rows});
        group_of_.push_back(groups_.size() - 1);
    }
    [[nodiscard]] BatchSender::Batch batch() const {
        return {.groups = groups_, .statements = statements_, .group_of = group_of_};
    }
    void have_engine(std::string engine) {
        auto definition = dml::testing::table({dml::testing::int_column("id", false), dml::testing::int_column("v")},
                                              {dml::testing::unique_index("PRIMARY", {"id"})});
        definition.engine = std::move(engine);
        plan_ = dml::testing::plan_of(definition);
    }
    void tell(std::vector<std::vector<std::string>> warnings) {
        target_.on("SHOW WARNINGS", FakeSqlServer::result({"Level", "Code", "Message"}, std::move(warnings)));
    }
    [[nodiscard]] std::map<std::string, std::uint64_t> noticed() const {
        std::map<std::string, std::uint64_t> counts;
        for (const auto& entry : notices_.list()) counts[entry.kind] = entry.count;
        return counts;
    }
    static constexpr const char* kCut = "value changed by the target (warning 1265)";

    FakeSqlServer target_;
    std::unique_ptr<sql::SqlSession> session_ = target_.connect();
    metrics::Registry registry_;
    SystemClock clock_;
    SyncMetrics metrics_{registry_, {.task = "t", .source_id = "s1", .worker = "w"}, clock_};
    Notices notices_{false, registry_, {}};
    Notices strict_{true, registry_, {{"task", "strict"}}};
    std::atomic<std::uint64_t> bytes_ = 0;
    BatchSender sender_{false, notices_, metrics_, bytes_};
    dml::TablePlan plan_;
    std::vector<dml::OperationGroup> groups_;
    std::vector<dml::Statement> statements_;
    std::vector<std::size_t> group_of_;
};

TEST_F(BatchSenderTest, values_that_the_target_changes_are_counted_by_warning) {
    add(OperationKind::Update, "UPDATE `s`.`t` SET `v`=70000 WHERE `id`=1 LIMIT 1");
    target_.on_execute("UPDATE", {.affected_rows = 1, .warnings = 3});
    tell({{"Warning", "1265", "Data truncated for column 'v' at row 1"},
          {"Warning", "1287", "'x' is deprecated"},
          {"Warning", "1264", "Out of range value for column 'v' at row 1"}});
    EXPECT_TRUE(sender_.send(*session_, batch()));
    EXPECT_EQ(noticed(),
              (std::map<std::string, std::uint64_t>{{kCut, 1}, {"value changed by the target (warning 1264)", 1}}));
    EXPECT_EQ(notices_.list().front().where, "`s`.`t`");
}

TEST_F(BatchSenderTest, nothing_is_asked_without_warnings_or_for_those_of_upserts) {
    add(OperationKind::Upsert,
        "INSERT INTO `s`.`t` VALUES (1,2),(2,3) ON DUPLICATE KEY UPDATE `id`=VALUES(`id`),`v`=VALUES(`v`)");
    target_.on_execute("INSERT", {.affected_rows = 4, .warnings = 2});
    EXPECT_TRUE(sender_.send(*session_, batch()));
    EXPECT_EQ(target_.statements().size(), 1U);
    EXPECT_TRUE(noticed().empty());
    target_.on_execute("INSERT", {.affected_rows = 4, .warnings = 3});
    tell({{"Warning", "1287", "'VALUES function' is deprecated"},
          {"Warning", "1287", "'VALUES function' is deprecated"},
          {"Note", "1265", "Data truncated for column 'v' at row 1"}});
    EXPECT_TRUE(sender_.send(*session_, batch()));
    EXPECT_EQ(noticed(), (std::map<std::string, std::uint64_t>{{kCut, 1}}));
}

TEST_F(BatchSenderTest, warnings_of_a_batch_in_one_piece_are_read_without_writing_again) {
    add(OperationKind::Delete, "DELETE FROM `s`.`t` WHERE (`id`=9) LIMIT 1");
    add(OperationKind::Insert, "INSERT INTO `s`.`t` (`id`,`v`) VALUES (1,70000)");
    target_.on_execute("INSERT", {.affected_rows = 1, .warnings = 1});
    target_.on_execute("REPLACE", {.affected_rows = 2, .warnings = 1});
    tell({{"Warning", "1265", "Data truncated for column 'v' at row 1"}});
    EXPECT_TRUE(sender_.send(*session_, batch()));
    EXPECT_EQ(target_.statements(),
              (Texts{"BEGIN", statements_[0].text, statements_[1].text, "COMMIT", "BEGIN",
                     "REPLACE INTO `s`.`t` (`id`,`v`) VALUES (1,70000)", "SHOW WARNINGS", "ROLLBACK"}));
    EXPECT_EQ(noticed()[kCut], 1U);
    EXPECT_TRUE(sender_.send(*session_, batch()));
    const Texts all = target_.statements();
    EXPECT_EQ(Texts(all.begin() + 8, all.end()),
              (Texts{"BEGIN", statements_[0].text, statements_[1].text, "SHOW WARNINGS", "COMMIT"}))
        << "more warnings are expected then";
    EXPECT_EQ(noticed()[kCut], 2U);
}

TEST_F(BatchSenderTest, what_cannot_be_read_is_counted_still) {
    add(OperationKind::Delete, "DELETE FROM `s`.`t` WHERE (`id`=9) LIMIT 1");
    add(OperationKind::Insert, "INSERT INTO `s`.`t` (`id`,`v`) VALUES (1,70000)");
    target_.on_execute("INSERT", {.affected_rows = 1, .warnings = 5});
    target_.fail("REPLACE", FakeSqlServer::server_error(1213, "Deadlock"));
    EXPECT_FALSE(sender_.send(*session_, batch())) << "the session is in a transaction";
    EXPECT_EQ(noticed(),
              (std::map<std::string, std::uint64_t>{{"value changed by the target (warnings not read)", 5}}));
    // A server keeps the first few of many.
    add(OperationKind::Insert, "INSERT INTO `s`.`t` (`id`,`v`) VALUES (2,70000)");
    tell({{"Warning", "1265", "Data truncated for column 'v' at row 1"}});
    EXPECT_TRUE(sender_.send(*session_, batch()));
    EXPECT_EQ(noticed()[kCut], 10U);
}

TEST_F(BatchSenderTest, a_strict_task_commits_no_changed_value) {
    BatchSender sender(false, strict_, metrics_, bytes_);
    add(OperationKind::Insert, "INSERT INTO `s`.`t` (`id`,`v`) VALUES (1,2)");
    add(OperationKind::Update, "UPDATE `s`.`t` SET `v`=70000 WHERE `id`=1 LIMIT 1");
    target_.on_execute("UPDATE", {.affected_rows = 1, .warnings = 1});
    tell({{"Warning", "1265", "Data truncated for column 'v' at row 1"}});
    try {
        (void)sender.send(*session_, batch());
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::SyncEventUnsupported);
        EXPECT_NE(error.message().find("`s`.`t`: Data truncated for column 'v'"), std::string::npos) << error.what();
        EXPECT_EQ(error.retry_class(), RetryClass::Never);
    }
    EXPECT_TRUE(target_.statements("COMMIT").empty());
    EXPECT_EQ(target_.statements("ROLLBACK").size(), 1U);
}

TEST_F(BatchSenderTest, tables_without_transactions_get_none) {
    have_engine("MyISAM");
    add(OperationKind::Delete, "DELETE FROM `s`.`t` WHERE (`id`=9) LIMIT 1");
    add(OperationKind::Insert, "INSERT INTO `s`.`t` (`id`,`v`) VALUES (1,70000)");
    target_.on_execute("INSERT", {.affected_rows = 1, .warnings = 1});
    tell({{"Warning", "1265", "Data truncated for column 'v' at row 1"}});
    EXPECT_TRUE(sender_.send(*session_, batch()));
    EXPECT_EQ(target_.statements(), (Texts{statements_[0].text, statements_[1].text, "SHOW WARNINGS"}));
    EXPECT_EQ(noticed()[kCut], 1U);
}

TEST_F(BatchSenderTest, rows_are_replaced_without_checks_of_foreign_keys) {
    BatchSender sender(true, notices_, metrics_, bytes_);
    add(OperationKind::Replace, "REPLACE INTO `s`.`t` (`id`,`v`) VALUES (1,2)");
    EXPECT_TRUE(sender.send(*session_, batch()));
    EXPECT_EQ(target_.statements(),
              (Texts{"SET SESSION foreign_key_checks=0", statements_[0].text, "SET SESSION foreign_key_checks=1"}));
    add(OperationKind::Delete, "DELETE FROM `s`.`t` WHERE (`id`=9) LIMIT 1");
    add(OperationKind::Replace, "REPLACE INTO `s`.`t` (`id`,`v`) VALUES (2,2)");
    add(OperationKind::Replace, "REPLACE INTO `s`.`t` (`id`,`v`) VALUES (3,2)");
    EXPECT_TRUE(sender.send(*session_, batch()));
    const Texts all = target_.statements();
    EXPECT_EQ(Texts(all.begin() + 3, all.end()),
              (Texts{"BEGIN", "SET SESSION foreign_key_checks=0", statements_[0].text,
                     "SET SESSION foreign_key_checks=1", statements_[1].text, "SET SESSION foreign_key_checks=0",
                     statements_[2].text, statements_[3].text, "SET SESSION foreign_key_checks=1", "COMMIT"}))
        << "deletions take what refers to them along";
}

}  // namespace
}  // namespace dm::sync
