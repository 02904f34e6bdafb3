#include "io/mysql/binlog_stream.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.h"
#include "io/mysql/dump_commands.h"

namespace dm::mysql {
namespace {

std::string hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
    }
    return out;
}

model::GtidSet mysql_set(std::string_view tag, std::uint64_t last) {
    model::GtidSet set(model::Flavor::MySql);
    for (std::uint64_t number = 1; number <= last; ++number) {
        set.add(model::MySqlGtid{
            .uuid = *model::parse_uuid("00112233445566778899aabbccddeeff"), .tag = std::string(tag), .number = number});
    }
    return set;
}

const ReplicaIdentity kIdentity{.server_id = 0x01020304, .uuid = "u", .host_name = "worker"};

TEST(DumpCommands, untagged_gtid_set_lists_half_open_intervals) {
    EXPECT_EQ(hex(encode_gtid_set(mysql_set("", 5))),
              "0100000000000000"
              "00112233445566778899aabbccddeeff"
              "0100000000000000"
              "0100000000000000"
              "0600000000000000");
}

TEST(DumpCommands, tags_change_the_count_and_add_the_tag) {
    EXPECT_EQ(hex(encode_gtid_set(mysql_set("ab", 1))),
              "0101000000000001"
              "00112233445566778899aabbccddeeff"
              "046162"
              "0100000000000000"
              "0100000000000000"
              "0200000000000000");
}

TEST(DumpCommands, position_dump_carries_offset_id_and_file) {
    const auto command =
        dump_command(model::Flavor::MySql, {.position = {"bin.000002", 258}, .gtid_set = {}}, kIdentity);
    EXPECT_EQ(command.number, 18);
    EXPECT_EQ(hex(command.body),
              "02010000"
              "0000"
              "04030201" +
                  hex("bin.000002"));
}

TEST(DumpCommands, mariadb_gtid_dump_has_no_file_and_sets_the_connect_state) {
    model::GtidSet set(model::Flavor::MariaDb);
    set.add(model::MariaDbGtid{.domain = 0, .server = 1, .sequence = 7});
    const binlog::StartPoint from{.position = {"bin.000002", 258}, .gtid_set = set};
    EXPECT_EQ(hex(dump_command(model::Flavor::MariaDb, from, kIdentity).body),
              "04000000"
              "0000"
              "04030201");
    const auto statements = replica_statements(model::Flavor::MariaDb, from, kIdentity, 1);
    EXPECT_NE(std::find(statements.begin(), statements.end(), "SET @slave_connect_state = '0-1-7'"), statements.end());
}

TEST(DumpCommands, offset_beyond_four_gigabytes_needs_a_gtid_set) {
    EXPECT_THROW(
        (void)dump_command(model::Flavor::MySql, {.position = {"b.1", 1ULL << 32U}, .gtid_set = {}}, kIdentity), Error);
    EXPECT_NO_THROW((void)dump_command(model::Flavor::MySql,
                                       {.position = {"b.1", 1ULL << 32U}, .gtid_set = mysql_set("", 1)}, kIdentity));
}

TEST(DumpCommands, messages_of_servers_are_told_apart) {
    EXPECT_TRUE(is_purged_message("Could not find first log file name in binary log index file"));
    EXPECT_TRUE(is_purged_message("Cannot replicate because the source purged required binary logs."));
    EXPECT_TRUE(is_purged_message(
        "Could not find GTID state requested by slave in any binlog files. Probably the slave state is too old"));
    EXPECT_FALSE(is_purged_message("Client requested master to start replication from impossible position"));
    EXPECT_TRUE(is_duplicate_replica_message(
        "A slave with the same server_uuid/server_id as this slave has connected to the master"));
}

TEST(BinlogStream, server_that_cannot_be_reached_is_a_transient_error) {
    BinlogStream stream({.connect = {.host = "127.0.0.1", .port = 1, .user = "u"}});
    try {
        stream.start({});
        FAIL() << "no server listens on port 1";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::DbBadConnection);
        EXPECT_EQ(error.retry_class(), RetryClass::Resume);
    }
}

}  // namespace
}  // namespace dm::mysql
