"""Table routes with wildcards and block-allow lists, in the copy and in what follows it."""

import pytest


def make(server, *tables):
    """Tables named schema.table, each with two rows that tell where they come from."""
    for index, name in enumerate(tables):
        schema, table = name.split(".")
        server.execute(f"CREATE DATABASE IF NOT EXISTS `{schema}`",
                       f"CREATE TABLE {name} (id INT PRIMARY KEY, origin VARCHAR(40))",
                       f"INSERT INTO {name} VALUES ({index * 1000}, '{name}'), ({index * 1000 + 1}, '{name}')")


def write_more(server, *tables):
    for index, name in enumerate(tables):
        server.execute(f"INSERT INTO {name} VALUES ({index * 1000 + 2}, 'late {name}')",
                       f"UPDATE {name} SET origin = CONCAT(origin, ' changed') WHERE id % 1000 = 0",
                       f"DELETE FROM {name} WHERE id % 1000 = 1")


def tables_of(server):
    return {f"{schema}.{table}" for schema, table in server.query(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema NOT IN "
        "('mysql', 'sys', 'information_schema', 'performance_schema', 'dm_meta')")}


def test_routes_rename_schemas_and_tables(cluster, upstream, downstream, assert_same):
    names = ["shop_eu.orders", "shop_eu.items_1", "shop_us.orders", "keep.alone", "logs_a.day1"]
    make(upstream, *names)
    cluster.create_source("s1", upstream)
    routes = {
        "eu": {"schema-pattern": "shop_eu", "target-schema": "europe"},
        "eu-items": {"schema-pattern": "shop_eu", "table-pattern": "items_?", "target-schema": "europe",
                     "target-table": "items"},
        "us": {"schema-pattern": "shop_u[r-t]", "table-pattern": "ord*", "target-schema": "america",
               "target-table": "us_orders"},
        "logs": {"schema-pattern": "~^logs_[a-z]$", "table-pattern": "~^day\\d+$", "target-schema": "logs"},
    }
    cluster.start_task("t", downstream, [{"source-id": "s1", "route-rules": list(routes)}], routes=routes)
    cluster.wait_unit("t", "Sync")
    write_more(upstream, *names)
    upstream.execute("ALTER TABLE shop_eu.items_1 ADD COLUMN extra INT DEFAULT 1",
                     "INSERT INTO shop_eu.items_1 VALUES (77, 'after the change', 2)",
                     "CREATE TABLE shop_eu.new_one (id INT PRIMARY KEY)", "INSERT INTO shop_eu.new_one VALUES (1)")
    cluster.wait_synced("t")
    moved = {"shop_eu.orders": "europe.orders", "shop_eu.items_1": "europe.items", "shop_us.orders": "america.us_orders",
             "keep.alone": "keep.alone", "logs_a.day1": "logs.day1", "shop_eu.new_one": "europe.new_one"}
    assert tables_of(downstream) == set(moved.values())
    assert_same(upstream, downstream, *((tuple(a.split(".")), tuple(b.split("."))) for a, b in moved.items()))


@pytest.mark.parametrize("kind", ["mysql5.6", "mysql9.7", "mariadb10.11"])
def test_foreign_keys_follow_the_routes_of_their_parents(cluster, servers, assert_same, kind):
    source, target = servers.get("mariadb10.11", "up"), servers.get(kind, "down")
    source.execute("CREATE DATABASE a", "CREATE DATABASE b", "CREATE TABLE a.parent (id INT PRIMARY KEY)",
                   "CREATE TABLE a.child (id INT PRIMARY KEY, CONSTRAINT c1 FOREIGN KEY (id) REFERENCES parent (id))",
                   "CREATE TABLE b.child (id INT PRIMARY KEY, CONSTRAINT c2 FOREIGN KEY (id) REFERENCES a.parent (id))",
                   "INSERT INTO a.parent VALUES (1), (2)", "INSERT INTO a.child VALUES (1)", "INSERT INTO b.child VALUES (2)")
    cluster.create_source("s1", source)
    routes = {"all": {"schema-pattern": "a", "target-schema": "a_t"},
              "parent": {"schema-pattern": "a", "table-pattern": "parent", "target-schema": "p", "target-table": "elder"}}
    cluster.start_task("t", target, [{"source-id": "s1", "route-rules": list(routes)}], routes=routes)
    source.execute("CREATE TABLE b.late (id INT PRIMARY KEY, CONSTRAINT c3 FOREIGN KEY (id) REFERENCES a.parent (id))")
    cluster.wait_synced("t")
    assert_same(source, target, (("a", "parent"), ("p", "elder")), (("a", "child"), ("a_t", "child")), (("b", "child"), ("b", "child")))
    parents = target.query("SELECT table_name, unique_constraint_schema, referenced_table_name FROM "
                           "information_schema.referential_constraints WHERE constraint_name IN ('c1', 'c2', 'c3') ORDER BY constraint_name")
    assert [tuple(row) for row in parents] == [("child", "p", "elder"), ("child", "p", "elder"), ("late", "p", "elder")]


@pytest.mark.parametrize("rules, kept", [
    ({"do-dbs": ["shop*"]}, {"shop_a.one", "shop_a.two", "shop_b.one"}),
    ({"ignore-dbs": ["shop_?"]}, {"other.one", "other.log_1"}),
    ({"do-tables": [{"db-name": "~^shop", "tbl-name": "one"}, {"db-name": "other", "tbl-name": "log_*"}]},
     {"shop_a.one", "shop_b.one", "other.log_1"}),
    ({"do-dbs": ["shop_a", "other"], "ignore-tables": [{"db-name": "other", "tbl-name": "log_[0-9]"}]},
     {"shop_a.one", "shop_a.two", "other.one"}),
], ids=["do-dbs", "ignore-dbs", "do-tables", "ignore-tables"])
def test_block_allow_list(cluster, servers, downstream, assert_same, rules, kept):
    source = servers.get("mariadb10.11", "up")
    names = ["shop_a.one", "shop_a.two", "shop_b.one", "other.one", "other.log_1"]
    make(source, *names)
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, [{"source-id": "s1", "block-allow-list": "list"}],
                       **{"block-allow-list": {"list": rules}})
    cluster.wait_unit("t", "Sync")
    write_more(source, *names)
    source.execute(*(f"ALTER TABLE {name} ADD COLUMN c INT DEFAULT 9" for name in names))
    cluster.wait_synced("t")
    assert tables_of(downstream) == kept
    assert_same(source, downstream, *(tuple(name.split(".")) for name in kept))


def test_rules_ignore_case_unless_told(cluster, servers, downstream, assert_same):
    source = servers.get("mysql9.7", "up")
    make(source, "ShopX.Orders")
    cluster.create_source("s1", source)
    routes = {"r": {"schema-pattern": "SHOP*", "table-pattern": "orders", "target-schema": "Shop", "target-table": "O"}}
    cluster.start_task("t", downstream, [{"source-id": "s1", "route-rules": ["r"], "block-allow-list": "l"}],
                       routes=routes, **{"block-allow-list": {"l": {"do-dbs": ["shopx"]}}})
    cluster.wait_unit("t", "Sync")
    write_more(source, "ShopX.Orders")
    cluster.wait_synced("t")
    assert_same(source, downstream, (("ShopX", "Orders"), ("Shop", "O")))


def test_what_merged_tables_lose_to_each_other_is_said(running, servers, downstream):
    source = servers.get("mariadb10.11", "up")
    source.execute("CREATE DATABASE m", "CREATE TABLE m.t1 (id INT PRIMARY KEY, v INT)", "CREATE TABLE m.t2 LIKE m.t1",
                   "INSERT INTO m.t1 VALUES (1, 1), (2, 2), (3, 3)", "INSERT INTO m.t2 VALUES (2, 20), (3, 30), (4, 40)",
                   "CREATE DATABASE f", "CREATE TABLE f.t (id INT PRIMARY KEY, v INT, c INT)",
                   "INSERT INTO f.t VALUES (1, 1, 1), (2, 2, 2)")
    downstream.execute("CREATE DATABASE f", "CREATE TABLE f.t (id INT PRIMARY KEY, v INT, c INT AS (v + 5) STORED)",
                       "INSERT INTO f.t (id, v) VALUES (2, 9), (7, 7)")
    cluster = running(source, downstream, **{
        "mysql-instances": [{"source-id": "s1", "route-rules": ["r"]}],
        "routes": {"r": {"schema-pattern": "m", "table-pattern": "t*", "target-schema": "m", "target-table": "t"}}})
    noticed = {n["kind"]: n["count"] for n in cluster.subtask("t", "s1")["sync"]["noticed"]}
    assert noticed == {"row of the target replaced by one with the same key": "3",
                       "target table that held rows before": "1",
                       "column that the target computes, the upstream's values are left out": "1"}
    assert downstream.value("SELECT COUNT(*) FROM m.t") == 4
    assert downstream.query("SELECT * FROM f.t ORDER BY id") == [(1, 1, 6), (2, 2, 7), (7, 7, 12)]
