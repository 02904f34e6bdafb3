#include "io/mysql/db_options.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::mysql {
namespace {

TEST(DbOptionsTest, AddressUserAndScope) {
    config::DbConfig database;
    database.host = "db";
    database.port = 4000;
    database.user = "dm";
    database.password = "secret";
    const ConnectOptions options = connect_options(database, ErrorScope::Downstream);
    EXPECT_EQ(options.host, "db");
    EXPECT_EQ(options.port, 4000);
    EXPECT_EQ(options.password, "secret");
    EXPECT_EQ(options.scope, ErrorScope::Downstream);
    EXPECT_FALSE(options.tls.is_enabled());
}

TEST(DbOptionsTest, AnIPv6AddressMayStandInBrackets) {
    config::DbConfig database;
    database.port = 3306;
    for (const auto* host : {"::1", "[::1]"}) {
        database.host = host;
        EXPECT_EQ(connect_options(database, ErrorScope::Upstream).host, "::1");
        EXPECT_EQ(config::host_and_port(database.host, database.port), "[::1]:3306");
    }
}

TEST(DbOptionsTest, NoOtherPortIsDialledThanTheOneGiven) {
    for (const int port : {0, -3306, 65536, 65536 + 3306}) {
        config::DbConfig database;
        database.host = "db";
        database.port = port;
        try {
            static_cast<void>(connect_options(database, ErrorScope::Upstream));
            ADD_FAILURE() << port;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::DbDriver);
            EXPECT_NE(error.message().find("db:" + std::to_string(port)), std::string::npos) << error.message();
        }
    }
}

TEST(DbOptionsTest, BytesWinOverBase64AndBase64OverThePath) {
    config::DbConfig database;
    database.port = 1;
    database.security.emplace();
    database.security->ssl_ca = "/ca.pem";
    database.security->ssl_ca_base64 = "aGVsbG8=";
    database.security->ssl_cert = "/cert.pem";
    database.security->ssl_key_bytes = "KEY";
    database.security->ssl_key_base64 = "aGVsbG8=";
    const TlsOptions tls = connect_options(database, ErrorScope::Upstream).tls;
    EXPECT_EQ(tls.ca_pem, "hello");
    EXPECT_EQ(tls.ca_path, "");
    EXPECT_EQ(tls.cert_path, "/cert.pem");
    EXPECT_EQ(tls.key_pem, "KEY");
}

TEST(DbOptionsTest, NamesAreCheckedAndNeedAnAuthority) {
    config::DbConfig database;
    database.port = 1;
    database.security.emplace();
    database.security->cert_allowed_cn = {"db-1", "db-2"};
    try {
        static_cast<void>(connect_options(database, ErrorScope::Upstream));
        ADD_FAILURE() << "a name without an authority";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::TlsInvalid);
    }
    database.security->ssl_ca_base64 = "aGVsbG8=";
    EXPECT_EQ(connect_options(database, ErrorScope::Upstream).tls.allowed_names,
              (std::vector<std::string>{"db-1", "db-2"}));
}

TEST(DbOptionsTest, BrokenBase64IsRefused) {
    config::DbConfig database;
    database.port = 1;
    database.security.emplace();
    database.security->ssl_ca_base64 = "not base64";
    EXPECT_THROW(static_cast<void>(connect_options(database, ErrorScope::Upstream)), Error);
}

}  // namespace
}  // namespace dm::mysql
