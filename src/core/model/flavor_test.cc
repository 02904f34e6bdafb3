#include "core/model/flavor.h"

#include <gtest/gtest.h>

namespace dm::model {
namespace {

void expect(std::string_view text, Flavor flavor, int major, int minor, int patch) {
    const ServerVersion version = parse_server_version(text);
    EXPECT_EQ(version.flavor, flavor) << text;
    EXPECT_EQ(version.major, major) << text;
    EXPECT_EQ(version.minor, minor) << text;
    EXPECT_EQ(version.patch, patch) << text;
}

TEST(ServerVersion, ParsesWhatServersSay) {
    expect("10.11.6-MariaDB-0+deb12u1-log", Flavor::MariaDb, 10, 11, 6);
    expect("5.5.5-10.4.12-MariaDB", Flavor::MariaDb, 10, 4, 12);
    expect("9.7.0", Flavor::MySql, 9, 7, 0);
    expect("5.6.24-log", Flavor::MySql, 5, 6, 24);
    expect("8.0.11-TiDB-v7.5.0", Flavor::MySql, 8, 0, 11);
    expect("", Flavor::MySql, 0, 0, 0);
    expect("8.x", Flavor::MySql, 8, 0, 0);
}

TEST(ServerVersion, TidbSaysTwoVersions) {
    const ServerVersion tidb = parse_server_version("8.0.11-TiDB-v7.5.0");
    EXPECT_TRUE(tidb.is_tidb);
    EXPECT_TRUE(tidb.is_tidb_at_least(7, 5));
    EXPECT_TRUE(tidb.is_tidb_at_least(6, 6));
    EXPECT_FALSE(tidb.is_tidb_at_least(7, 6));
    EXPECT_TRUE(parse_server_version("5.7.25-TiDB-None").is_tidb);
    EXPECT_FALSE(parse_server_version("8.0.11").is_tidb_at_least(0, 0));
}

TEST(ServerVersion, IsAtLeast) {
    EXPECT_TRUE(parse_server_version("8.0.11").is_at_least(5, 7));
    EXPECT_TRUE(parse_server_version("5.7.1").is_at_least(5, 7));
    EXPECT_FALSE(parse_server_version("5.6.24").is_at_least(5, 7));
    EXPECT_EQ(flavor_name(Flavor::MariaDb), "mariadb");
}

}  // namespace
}  // namespace dm::model
