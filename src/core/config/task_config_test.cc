#include "core/config/task_config.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/config/missing_features.h"
#include "core/config/subtask_config.h"

namespace dm::config {
namespace {

constexpr std::string_view kShop = R"(
name: copy-shop
task-mode: all
target-database:
  host: 127.0.0.1
  port: 4000
  user: root
  password: ""
mysql-instances:
  - source-id: src-a
    block-allow-list: only-shop
    route-rules: [db-rule, orders-rule]
    filter-rules: [keep-rows]
    syncer-config-name: apply
block-allow-list:
  only-shop:
    do-dbs: ["shop"]
routes:
  db-rule:
    schema-pattern: shop
    target-schema: shop_copy
  orders-rule:
    schema-pattern: shop
    table-pattern: "orders_*"
    target-schema: shop_copy
    target-table: orders
filters:
  keep-rows:
    schema-pattern: shop
    table-pattern: "*"
    events: ["truncate table", "drop table"]
    action: Ignore
syncers:
  apply:
    worker-count: 8
    batch: 50
)";

SourceConfig shop_source() {
    return parse_source_yaml(R"(
source-id: src-a
enable-gtid: true
server-id: 4711
flavor: mysql
filters:
- schema-pattern: other
  events: [all dml]
  action: Ignore
- schema-pattern: shop
  table-pattern: "*"
  action: Do
from:
  host: 127.0.0.1
  port: 3306
  user: dm_user
  password: change-me
)");
}

TEST(TaskConfig, ReadsTheExampleOfTheManual) {
    const TaskConfig task = parse_task_yaml(kShop);
    EXPECT_EQ(task.name.str(), "copy-shop");
    EXPECT_EQ(task.task_mode, TaskMode::All);
    EXPECT_EQ(task.target_database.port, 4000);
    EXPECT_EQ(task.syncers.at("apply").worker_count, 8);
    EXPECT_EQ(task.syncers.at("apply").queue_size, 1024);
    EXPECT_EQ(task.filters.at("keep-rows").events, (std::vector<std::string>{"truncate table", "drop table"}));
    EXPECT_NO_THROW(refuse_missing_features(task));
}

TEST(TaskConfig, BecomesSubtasksWithEverythingResolved) {
    const auto subtasks = make_subtasks(parse_task_yaml(kShop), {shop_source()});
    ASSERT_EQ(subtasks.size(), 1U);
    SubTaskConfig subtask = subtasks[0];
    EXPECT_EQ(subtask.from, DbConfig{}) << "the source's settings come when it runs";
    EXPECT_EQ(subtask_from_toml(to_toml(subtask)), subtask);
    apply_source(subtask, shop_source());
    apply_source(subtask, shop_source());
    EXPECT_EQ(subtask.source_id.str(), "src-a");
    EXPECT_EQ(subtask.route_rules.size(), 2U);
    EXPECT_EQ(subtask.block_allow.do_dbs, std::vector<std::string>{"shop"});
    EXPECT_EQ(subtask.sync.batch, 50);
    EXPECT_TRUE(subtask.sync.enable_gtid);
    EXPECT_EQ(subtask.server_id, 4711U);
    EXPECT_EQ(subtask.from.password, "change-me");
    EXPECT_EQ(subtask.load.dir, "./dumped_data.copy-shop");
    EXPECT_EQ(subtask.load.sorting_dir_physical, "./dumped_data.copy-shop.sorting");
    ASSERT_EQ(subtask.filter_rules.size(), 2U) << "the source's rule with the task's patterns gives way";
    EXPECT_EQ(subtask.filter_rules[1].schema_pattern, "other");
    EXPECT_EQ(subtask_from_toml(to_toml(subtask)), subtask);
}

TEST(TaskConfig, ComesBackFromItsSubtasks) {
    const TaskConfig task = parse_task_yaml(kShop);
    SourceConfig other = shop_source();
    other.source_id = model::SourceId("src-0");
    TaskConfig two = task;
    two.instances.push_back(task.instances[0]);
    two.instances[1].source_id = other.source_id;
    two.instances[1].route_rules = {"orders-rule"};
    const std::vector<SourceConfig> sources{shop_source(), other};
    const auto subtasks = make_subtasks(two, sources);

    const TaskConfig exported = task_from_subtasks(subtasks);
    EXPECT_EQ(exported.instances[0].source_id.str(), "src-0") << "sorted by source";
    EXPECT_EQ(exported.instances[0].route_rules, std::vector<std::string>{"route-01"});
    EXPECT_EQ(exported.instances[1].route_rules, (std::vector<std::string>{"route-02", "route-01"}))
        << "equal rules share a name";
    EXPECT_EQ(exported.syncers.size(), 1U);
    EXPECT_EQ(exported.loaders.at("load-01").dir, "./dumped_data");

    const auto again = make_subtasks(parse_task_yaml(to_yaml(exported, Redact::No)), sources);
    ASSERT_EQ(again.size(), 2U);
    EXPECT_EQ(again[0], subtasks[1]);
    EXPECT_EQ(again[1], subtasks[0]);
}

TEST(TaskConfig, RefusesSourcesThatTheClusterDoesNotKnow) {
    try {
        (void)make_subtasks(parse_task_yaml(kShop), {});
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::ConfigSourceUnknown);
        EXPECT_EQ(error.message(), "source src-a: source 'src-a' is not known to the cluster");
    }
}

TEST(TaskConfig, PrintsWhatItReads) {
    const TaskConfig task = parse_task_yaml(kShop);
    EXPECT_EQ(parse_task_yaml(to_yaml(task, Redact::No)), task);
    EXPECT_NE(to_yaml(task, Redact::Yes).find("password: '******'"), std::string::npos);
    const SourceConfig source = shop_source();
    EXPECT_EQ(parse_source_yaml(to_yaml(source, Redact::No)), source);
    EXPECT_EQ(source_from_toml(to_toml(source)), source);
    EXPECT_EQ(to_yaml(source, Redact::Yes).find("change-me"), std::string::npos);
}

TEST(SourceConfig, AWrongRelayGtidIsToldByTheWorker) {
    try {
        (void)parse_source_yaml("source-id: s\nflavor: mysql\nrelay-binlog-gtid: 0-1-5\n");
        FAIL() << "it is no GTID set of MySQL";
    } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()).rfind("[code=11009:class=dm-worker:", 0), 0U) << error.what();
    }
}

}  // namespace
}  // namespace dm::config
