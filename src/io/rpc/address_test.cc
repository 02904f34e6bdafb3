#include "io/rpc/address.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::rpc {
namespace {

TEST(AddressTest, ReadsHostAndPort) {
    EXPECT_EQ(parse_address("127.0.0.1:8261"), (Address{"127.0.0.1", 8261}));
    EXPECT_EQ(parse_address(" http://master-1:80/ "), (Address{"master-1", 80}));
    EXPECT_EQ(parse_address("https://h:65535"), (Address{"h", 65535}));
    EXPECT_EQ(parse_address(":8261"), (Address{"", 8261}));
    EXPECT_EQ(parse_address("[::1]:0"), (Address{"::1", 0}));
    EXPECT_EQ(parse_address("[::1]:1").text(), "[::1]:1");
    EXPECT_TRUE(parse_address(":1").is_any_host());
    EXPECT_FALSE(parse_address("h:1").is_any_host());
}

TEST(AddressTest, RefusesWhatIsNone) {
    for (const char* text : {"", "host", "host:", "host:x", "host:65536", "host:-1", "::1:80", "h/x:1", "ftp://h:1"}) {
        try {
            static_cast<void>(parse_address(text));
            ADD_FAILURE() << text << " was accepted";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::WorkerAddrInvalid);
            EXPECT_NE(error.message().find(text), std::string::npos);
        }
    }
}

TEST(AddressTest, SplitsLists) {
    EXPECT_EQ(split_addresses(" http://a:1, b:2,,https://c:3/ "), (std::vector<std::string>{"a:1", "b:2", "c:3"}));
    EXPECT_TRUE(split_addresses("").empty());
    EXPECT_EQ(without_scheme("unix:/tmp/x"), "unix:/tmp/x");
}

}  // namespace
}  // namespace dm::rpc
