#include "core/binlog/event_decoder.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/binlog/payload_reader.h"
#include "core/binlog/test_events.h"

namespace dm::binlog {
namespace {

template <typename Call>
ErrorCode code_of(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error.code();
    }
    return ErrorCode::NotSet;
}

std::string rotate_body(std::string_view file) {
    std::string body;
    append_number(body, 4, 8);
    return body += file;
}

/// A decoder that has seen a format description.
class AfterFormat : public testing::Test {
  protected:
    void SetUp() override { (void)decoder.decode(as_bytes(format)); }

    Event decode(const EventParts& parts, std::string_view body) {
        bytes = make_event(parts, body);
        return decoder.decode(as_bytes(bytes));
    }

    std::string format = make_format("9.7.0", 1);
    std::string bytes;
    EventDecoder decoder;
};

TEST(EventDecoder, FormatDescription) {
    for (const std::uint16_t flags : {std::uint16_t{0}, std::uint16_t{1}}) {
        EventDecoder decoder;
        const std::string bytes = make_format("10.11.6-MariaDB-log", 1, flags);
        const Event event = decoder.decode(as_bytes(bytes));
        ASSERT_NE(event.get_if<FormatDescription>(), nullptr);
        EXPECT_EQ(event.get_if<FormatDescription>()->server_version, "10.11.6-MariaDB-log");
        EXPECT_EQ(decoder.flavor(), model::Flavor::MariaDb);
        EXPECT_EQ(decoder.checksum(), ChecksumAlgorithm::Crc32);
        EXPECT_EQ(decoder.format().post_header_lengths.size(), 42U);
    }
}

TEST(EventDecoder, DamagedFormatDescriptionIsNotTaken) {
    EventDecoder decoder;
    std::string bytes = make_format("9.7.0", 1);
    bytes[30] = static_cast<char>(bytes[30] ^ 1);
    EXPECT_EQ(code_of([&] { (void)decoder.decode(as_bytes(bytes)); }), ErrorCode::BinlogChecksum);
    EXPECT_TRUE(decoder.format().server_version.empty());
    const std::string version_5 = make_event({.type = EventType::FormatDescription}, std::string(100, '\5'));
    EXPECT_EQ(code_of([&] { (void)decoder.decode(as_bytes(version_5)); }), ErrorCode::BinlogUnsupported);
}

TEST(EventDecoder, FakeRotateBeforeTheFormatWithAndWithoutChecksum) {
    for (const bool has_checksum : {true, false}) {
        EventDecoder decoder;
        const std::string bytes =
            make_event({.type = EventType::Rotate, .flags = 0x20, .timestamp = 0, .has_checksum = has_checksum},
                       rotate_body("bin.000007"));
        const Event event = decoder.decode(as_bytes(bytes));
        ASSERT_NE(event.get_if<Rotate>(), nullptr);
        EXPECT_EQ(event.get_if<Rotate>()->next_file, "bin.000007");
        EXPECT_TRUE(event.get_if<Rotate>()->is_fake);
        EXPECT_TRUE(event.header.is_artificial);
    }
}

TEST_F(AfterFormat, ChecksumIsVerifiedUnlessToldOtherwise) {
    bytes = make_event({.type = EventType::Xid, .log_pos = 99}, std::string(8, '\1'));
    bytes[20] = '\2';
    EXPECT_EQ(code_of([&] { (void)decoder.decode(as_bytes(bytes)); }), ErrorCode::BinlogChecksum);
    EventDecoder trusting({.verify_checksum = false});
    (void)trusting.decode(as_bytes(format));
    EXPECT_NE(trusting.decode(as_bytes(bytes)).get_if<Xid>(), nullptr);
    // The next event is read as if nothing had happened.
    EXPECT_EQ(decode({.type = EventType::Xid}, std::string("\7\0\0\0\0\0\0\0", 8)).get_if<Xid>()->number, 7U);
}

TEST_F(AfterFormat, MessagesNameTheEventAndItsEnd) {
    try {
        (void)decode({.type = EventType::Xid, .log_pos = 1234}, "abc");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::BinlogMalformed);
        EXPECT_NE(error.message().find("XID event that ends at 1234"), std::string::npos) << error.message();
    }
}

TEST_F(AfterFormat, WithoutChecksumAlgorithmEventsHaveNone) {
    EventDecoder plain;
    const std::string no_checksums = make_format("9.7.0", 0);
    (void)plain.decode(as_bytes(no_checksums));
    const std::string xid = make_event({.type = EventType::Xid, .has_checksum = false}, std::string(8, '\1'));
    EXPECT_NE(plain.decode(as_bytes(xid)).get_if<Xid>(), nullptr);
}

TEST_F(AfterFormat, UnknownTypesAreValues) {
    const Event event = decode({.type = static_cast<EventType>(99), .flags = 0x80}, "body");
    ASSERT_NE(event.get_if<Unknown>(), nullptr);
    EXPECT_TRUE(event.get_if<Unknown>()->is_ignorable);
    EXPECT_EQ(as_text(event.get_if<Unknown>()->body), "body");
    EXPECT_FALSE(decode({.type = static_cast<EventType>(99)}, "").get_if<Unknown>()->is_ignorable);
    EXPECT_EQ(event_type_name(static_cast<EventType>(99)), "UNKNOWN");
}

TEST_F(AfterFormat, SizesThatLieAreMalformed) {
    bytes = make_event({.type = EventType::Xid}, std::string(8, '\1'));
    EXPECT_EQ(code_of([&] { (void)decoder.decode(as_bytes(bytes).first(bytes.size() - 1)); }),
              ErrorCode::BinlogMalformed);
    EXPECT_EQ(code_of([&] { (void)decoder.decode(as_bytes(bytes).first(10)); }), ErrorCode::BinlogMalformed);
    bytes[9] = '\5';
    EXPECT_EQ(code_of([&] { (void)decoder.decode(as_bytes(bytes)); }), ErrorCode::BinlogMalformed);
}

TEST_F(AfterFormat, QueryStatusOfLaterServersEndsTheKnownPart) {
    std::string status("\x01", 1);
    append_number(status, 1'411'383'296, 8);
    status += std::string("\x05\x06+02:00", 8);
    status += std::string("\x04\x2d\x00\x2e\x00\x3f\x00", 7);
    status += "\x7f what only later servers know";
    const Event event = decode({.type = EventType::Query}, query_body("CREATE TABLE t (a INT)", status));
    const Query& query = *event.get_if<Query>();
    EXPECT_EQ(query.sql_mode, 1'411'383'296U);
    EXPECT_EQ(query.time_zone, "+02:00");
    EXPECT_EQ(query.client_collation, 45);
    EXPECT_EQ(query.connection_collation, 46);
    EXPECT_EQ(query.server_collation, 63);
    EXPECT_EQ(query.default_schema, "db");
    EXPECT_EQ(query.statement, "CREATE TABLE t (a INT)");
    EXPECT_FALSE(query.execution_flags);
}

TEST_F(AfterFormat, Heartbeats) {
    const Event old = decode({.type = EventType::Heartbeat, .log_pos = 500}, "bin.000003");
    EXPECT_EQ(old.get_if<Heartbeat>()->file, "bin.000003");
    EXPECT_EQ(old.get_if<Heartbeat>()->position, 500U);
    std::string body(
        "\1\x0a"
        "bin.000003\2\x09\xfe",
        15);
    append_number(body, 1ULL << 33U, 8);
    body += '\0';
    const Event v2 = decode({.type = EventType::HeartbeatV2}, body);
    EXPECT_EQ(v2.get_if<Heartbeat>()->file, "bin.000003");
    EXPECT_EQ(v2.get_if<Heartbeat>()->position, 1ULL << 33U);
}

TEST_F(AfterFormat, OldRowEventsWithoutExtraData) {
    std::string body;
    append_number(body, 17, 6);
    append_number(body, 1, 2);
    body += std::string("\x03\x07\x05rows", 7);
    const Event write = decode({.type = EventType::WriteRowsV0}, body);
    const RowsEvent& rows = *write.get_if<RowsEvent>();
    EXPECT_EQ(rows.kind, RowsKind::Write);
    EXPECT_EQ(rows.table_id, 17U);
    EXPECT_TRUE(rows.is_statement_end);
    EXPECT_EQ(as_text(rows.rows), "\5rows");
    EXPECT_TRUE(rows.columns_before.empty());
    EXPECT_TRUE(rows.missing_columns().empty());
    const Event update = decode({.type = EventType::UpdateRowsV1}, body);
    EXPECT_EQ(update.get_if<RowsEvent>()->missing_columns(), (std::vector<std::size_t>{1}));
    EXPECT_EQ(decode({.type = EventType::DeleteRowsV1}, body).get_if<RowsEvent>()->kind, RowsKind::Delete);
}

TEST_F(AfterFormat, SameTableKeepsItsDescription) {
    const auto map_body = [](std::string_view table, std::uint64_t id) {
        std::string body;
        append_number(body, id, 6);
        append_number(body, 1, 2);
        body += std::string("\2db\0\1", 5) + std::string(table) + std::string("\0\1\3\0\0", 5);
        return body;
    };
    const auto table_of = [&](std::string_view name, std::uint64_t id) {
        return decode({.type = EventType::TableMap}, map_body(name, id)).get_if<TableMapEvent>()->table;
    };
    const auto first = table_of("a", 1);
    EXPECT_EQ(first->name, (model::TableName{"db", "a"}));
    EXPECT_EQ(table_of("a", 1), first);
    EXPECT_NE(table_of("b", 1), first);
    EXPECT_NE(table_of("a", 1), first);
}

TEST_F(AfterFormat, CompressedFieldsThatLie) {
    const std::string query = query_body("");
    for (const std::string& field : {std::string("\x81\x05 nonsense"), std::string("\x01\x05x"),
                                     std::string("\x84\xff\xff\xff\xff x"), std::string("\x80")}) {
        EXPECT_EQ(code_of([&] { (void)decode({.type = EventType::QueryCompressed}, query + field); }),
                  ErrorCode::BinlogMalformed);
    }
    EXPECT_EQ(code_of([&] { (void)decode({.type = EventType::QueryCompressed}, query + "\x91\x05x"); }),
              ErrorCode::BinlogUnsupported);
}

std::string payload_body(std::uint8_t compression, const std::string& content) {
    std::string body("\1\3\xfc", 3);
    append_number(body, content.size(), 2);
    body += std::string("\2\1", 2);
    if (compression == 255) {
        body[body.size() - 1] = '\3';
        body += std::string("\xfc\xff\0", 3);
    } else {
        body += static_cast<char>(compression);
    }
    body += '\0';
    return body + content;
}

TEST_F(AfterFormat, UncompressedPayload) {
    const std::string begin = make_event({.type = EventType::Query, .has_checksum = false}, query_body("BEGIN"));
    const std::string xid = make_event({.type = EventType::Xid, .has_checksum = false}, std::string(8, '\0'));
    const Event event = decode({.type = EventType::TransactionPayload}, payload_body(255, begin + xid));
    PayloadReader reader(*event.get_if<TransactionPayload>(), decoder);
    const auto first = reader.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->get_if<Query>()->statement, "BEGIN");
    EXPECT_NE(first->get_if<Query>()->owner, nullptr);
    EXPECT_NE(reader.next()->get_if<Xid>(), nullptr);
    EXPECT_FALSE(reader.next());
}

TEST_F(AfterFormat, DamagedPayloads) {
    const std::string xid = make_event({.type = EventType::Xid, .has_checksum = false}, std::string(8, '\0'));
    for (const std::string& content : {xid.substr(0, 10), xid.substr(0, 25)}) {
        const Event event = decode({.type = EventType::TransactionPayload}, payload_body(255, content));
        PayloadReader reader(*event.get_if<TransactionPayload>(), decoder);
        EXPECT_EQ(code_of([&] { (void)reader.next(); }), ErrorCode::BinlogMalformed);
    }
    const Event not_zstd = decode({.type = EventType::TransactionPayload}, payload_body(0, "certainly not zstd"));
    PayloadReader reader(*not_zstd.get_if<TransactionPayload>(), decoder);
    EXPECT_EQ(code_of([&] { (void)reader.next(); }), ErrorCode::BinlogMalformed);
    const Event other = decode({.type = EventType::TransactionPayload}, payload_body(7, "x"));
    EXPECT_EQ(code_of([&] { PayloadReader unknown(*other.get_if<TransactionPayload>(), decoder); }),
              ErrorCode::BinlogUnsupported);
}

TEST_F(AfterFormat, MariaDbHeartbeatPastFourGigabytes) {
    const std::string mariadb = make_format("11.8.2-MariaDB", 1);
    (void)decoder.decode(as_bytes(mariadb));
    std::string body;
    append_number(body, 1ULL << 34U, 8);
    const Event event = decode({.type = EventType::Heartbeat}, body + "bin.000001");
    EXPECT_EQ(event.get_if<Heartbeat>()->position, 1ULL << 34U);
    EXPECT_EQ(event.get_if<Heartbeat>()->file, "bin.000001");
}

}  // namespace
}  // namespace dm::binlog
