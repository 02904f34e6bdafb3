#include "core/api/json_printer.h"

#include <fstream>
#include <limits>
#include <sstream>

#include <dmmaster.pb.h>
#include <gtest/gtest.h>

namespace dm::api {
namespace {

std::string golden(const std::string& name) {
    std::ifstream in(std::string(DM_SOURCE_DIR) + "/tests/cases/api/" + name);
    EXPECT_TRUE(in.good()) << name;
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

void fill_sync(pb::SyncStatus& sync) {
    sync.set_totalevents(12);
    sync.set_totaltps(1);
    sync.set_recenttps(1);
    sync.set_masterbinlog("(bin.000001, 3234)");
    sync.set_masterbinloggtid("c0149e17-dff1-11e8-b6a8-0242ac110004:1-14");
    sync.set_syncerbinlog("(bin.000001, 2525)");
    sync.add_blockingddls("USE `shard_db`; ALTER TABLE `shard_db`.`shard_table` DROP COLUMN `c2`;");
    auto& group = *sync.add_unresolvedgroups();
    group.set_target("`shard_db`.`shard_table`");
    group.set_firstlocation("(bin|000001.000001, 3130)");
    group.add_synced("`s1`.`t1`");
    group.add_synced("`s1`.`t2`");
    sync.set_binlogtype("remote");
    sync.set_totalrows(12);
    sync.set_iototalbytes(std::numeric_limits<std::uint64_t>::max());
}

TEST(JsonPrinterTest, OurOwnFieldsAreShownOnlyWhereTheyAreSet) {
    pb::LoadStatus load;
    EXPECT_EQ(to_json(load).find("noticed"), std::string::npos);
    auto& notice = *load.add_noticed();
    notice.set_kind("view not copied");
    notice.set_count(2);
    EXPECT_TRUE(
        to_json(load).ends_with("    \"noticed\": [\n        {\n            \"kind\": \"view not copied\",\n"
                                "            \"where\": \"\",\n            \"count\": \"2\"\n        }\n    ]\n}"))
        << to_json(load);
}

TEST(JsonPrinterTest, AStatusLooksAsPublished) {
    pb::QueryStatusListResponse response;
    response.set_result(true);
    auto& source = *response.add_sources();
    source.set_result(true);
    source.mutable_sourcestatus()->set_source("mysql-replica-01");
    source.mutable_sourcestatus()->set_worker("worker1");
    auto& running = *source.add_subtaskstatus();
    running.set_name("test");
    running.set_stage(pb::Running);
    running.set_unit(pb::Sync);
    running.set_unresolvedddllockid("test-`shard_db`.`shard_table`");
    fill_sync(*running.mutable_sync());
    auto& gone = *source.add_subtaskstatus();
    gone.set_name("gone");
    gone.set_msg("no sub task with name gone has started");
    auto& error = *gone.mutable_result()->add_errors();
    error.set_errcode(10006);
    error.set_errclass("database");
    error.set_errscope("downstream");
    error.set_errlevel("high");
    error.set_message("a \"quoted\" <b>");
    EXPECT_EQ(to_json(response) + "\n", golden("query_status.json"));
}

TEST(JsonPrinterTest, MapsAreSortedAndEmptyOnesTakeTwoLines) {
    pb::ListTaskConfigsResponse response;
    EXPECT_EQ(to_json(response), "{\n    \"result\": false,\n    \"msg\": \"\",\n    \"taskConfigs\": {\n    }\n}");
    (*response.mutable_taskconfigs())["b"] = "2";
    (*response.mutable_taskconfigs())["a"] = "1\n";
    EXPECT_EQ(to_json(response),
              "{\n    \"result\": false,\n    \"msg\": \"\",\n    \"taskConfigs\": {\n        \"a\": \"1\\n\",\n"
              "        \"b\": \"2\"\n    }\n}");
}

TEST(JsonPrinterTest, OneofsAreAbsentWhenUnset) {
    pb::Members members;
    EXPECT_EQ(to_json(members), "{\n}");
    members.mutable_leader()->set_name("m1");
    EXPECT_EQ(
        to_json(members),
        "{\n    \"leader\": {\n        \"msg\": \"\",\n        \"name\": \"m1\",\n        \"addr\": \"\"\n    }\n}");
}

TEST(JsonPrinterTest, NamesFollowTheStyle) {
    pb::StartValidationRequest request;
    request.set_mode_value("full");
    EXPECT_NE(to_json(request).find("\"modeValue\": \"full\""), std::string::npos);
    EXPECT_NE(to_json(request, {.indent = 2, .are_proto_names = true}).find("\n  \"mode_value\": \"full\""),
              std::string::npos);
}

TEST(JsonPrinterTest, BytesAreBase64OrNull) {
    pb::RegisterWorkerResponse response;
    EXPECT_NE(to_json(response).find("\"secretKey\": null"), std::string::npos);
    for (const auto& [bytes, text] :
         {std::pair{"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"\xff\xfe\xfd", "//79"}}) {
        response.set_secretkey(bytes);
        EXPECT_NE(to_json(response).find(std::string("\"secretKey\": \"") + text + '"'), std::string::npos) << text;
    }
}

TEST(JsonPrinterTest, UnknownEnumNumbersAreBare) {
    pb::OperateTaskResponse response;
    response.set_op(static_cast<pb::TaskOp>(42));
    EXPECT_NE(to_json(response).find("\"op\": 42,"), std::string::npos);
}

TEST(JsonPrinterTest, DoublesAreShortest) {
    const auto text = [](double value) {
        pb::DumpStatus status;
        status.set_finishedbytes(value);
        const std::string json = to_json(status);
        const auto start = json.find("\"finishedBytes\": ") + 17;
        return json.substr(start, json.find(',', start) - start);
    };
    EXPECT_EQ(text(0), "0");
    EXPECT_EQ(text(1.5), "1.5");
    EXPECT_EQ(text(0.1 + 0.2), "0.30000000000000004");
    EXPECT_EQ(text(123456789012.0), "123456789012");
    EXPECT_EQ(text(1e20), "100000000000000000000");
    EXPECT_EQ(text(1e21), "1e+21");
    EXPECT_EQ(text(-1.25e300), "-1.25e+300");
    EXPECT_EQ(text(1e-6), "0.000001");
    EXPECT_EQ(text(1e-7), "1e-7");
    EXPECT_EQ(text(1.5e-10), "1.5e-10");
    EXPECT_EQ(text(std::numeric_limits<double>::quiet_NaN()), "\"NaN\"");
    EXPECT_EQ(text(-std::numeric_limits<double>::infinity()), "\"-Infinity\"");
}

TEST(JsonPrinterTest, StringsAreEscapedForTheWeb) {
    EXPECT_EQ(quote_json("a/b\"\\\n\r\t\b\f"), R"("a/b\"\\\n\r\t\b\f")");
    EXPECT_EQ(quote_json(std::string_view("<>&\0\x1f", 5)), R"("\u003c\u003e\u0026\u0000\u001f")");
    EXPECT_EQ(quote_json("\u2028\u2029\x7f \u00e9\u4e2d"), "\"\\u2028\\u2029\x7f \u00e9\u4e2d\"");
    EXPECT_EQ(quote_json("\xff x\xc3"), R"("\ufffd x\ufffd")");
    EXPECT_EQ(quote_json("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");
    EXPECT_EQ(quote_json("\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\"");
}

}  // namespace
}  // namespace dm::api
