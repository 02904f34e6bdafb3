#include "app/master/upstream_probe.h"

#include <gtest/gtest.h>

#include "core/sql/fake_sql_session.h"

namespace dm::master {
namespace {

using model::Flavor;
using model::ServerVersion;

TEST(UpstreamProbe, ReplicasAreListedInTheWordsOfTheServer) {
    const std::vector<std::pair<ServerVersion, std::string>> cases = {
        {{.flavor = Flavor::MySql, .major = 5, .minor = 7, .patch = 44}, "SHOW SLAVE HOSTS"},
        {{.flavor = Flavor::MySql, .major = 8, .minor = 0, .patch = 21}, "SHOW SLAVE HOSTS"},
        {{.flavor = Flavor::MySql, .major = 8, .minor = 0, .patch = 22}, "SHOW REPLICAS"},
        {{.flavor = Flavor::MySql, .major = 8, .minor = 4, .patch = 0}, "SHOW REPLICAS"},
        {{.flavor = Flavor::MySql, .major = 9, .minor = 7, .patch = 0}, "SHOW REPLICAS"},
        {{.flavor = Flavor::MariaDb, .major = 11, .minor = 8, .patch = 2}, "SHOW SLAVE HOSTS"},
    };
    for (const auto& [version, statement] : cases) {
        sql::FakeSqlServer server(version);
        config::SourceConfig source;
        adjust_source(source, *server.connect());
        EXPECT_EQ(server.statements("SHOW REPLICAS").size(), statement == "SHOW REPLICAS" ? 1U : 0U);
        EXPECT_EQ(server.statements(statement).size(), 1U) << version.major << "." << version.minor;
        EXPECT_GE(source.server_id, 429496729U);
    }
}

/// The column's name differs between the two statements.
TEST(UpstreamProbe, AnIdInUseIsNotChosen) {
    for (const auto* column : {"Server_id", "Server_Id"}) {
        sql::FakeSqlServer server;
        std::vector<std::vector<std::string>> used;
        for (int i = 0; i < 100'000; ++i) used.push_back({std::to_string(429496729 + i)});
        server.on("SHOW REPLICAS", sql::FakeSqlServer::result({column}, used));
        config::SourceConfig source;
        adjust_source(source, *server.connect());
        EXPECT_EQ(source.server_id, 429496729U + 100'000U);
    }
}

}  // namespace
}  // namespace dm::master
