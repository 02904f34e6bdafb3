#include "io/mysql/mysql_session.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::mysql {
namespace {

TEST(MySqlSession, UnreachableServerIsATransientErrorOfItsSide) {
    // Port 1 of the loopback is closed: refused at once, nothing leaves the machine.
    const sql::SqlConnector connect =
        make_connector({.port = 1, .user = "u", .password = "secret", .scope = ErrorScope::Upstream});
    try {
        connect();
        FAIL() << "connected to port 1";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::DbBadConnection);
        EXPECT_EQ(error.retry_class(), RetryClass::Resume);
        EXPECT_EQ(error.scope(), ErrorScope::Upstream);
        EXPECT_NE(error.message().find("127.0.0.1:1"), std::string::npos) << error.message();
        EXPECT_TRUE(error.raw_cause().starts_with("Error 200")) << error.raw_cause();
        EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
        EXPECT_NE(error.workaround().find("`host` and `port`"), std::string::npos) << error.workaround();
    }
}

TEST(MySqlSession, IPv6AddressesStandInBracketsWhereTheyAreTold) {
    const sql::SqlConnector connect = make_connector({.host = "::1", .port = 1, .user = "u"});
    try {
        connect();
        FAIL() << "connected to port 1";
    } catch (const Error& error) {
        EXPECT_NE(error.message().find("at [::1]:1 as user"), std::string::npos) << error.message();
    }
}

}  // namespace
}  // namespace dm::mysql
