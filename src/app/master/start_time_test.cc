#include "app/master/start_time.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/binlog/memory_event_source.h"
#include "core/binlog/test_events.h"
#include "core/sql/fake_sql_session.h"

namespace dm::master {
namespace {

using binlog::EventType;

TEST(StartTime, FormsOfATime) {
    for (const auto* same :
         {"2021-10-21 00:01:00Z", "2021-10-21T00:01:00Z", "2021-10-21T08:01:00+08:00", "2021-10-20T21:31:00-0230"})
        EXPECT_EQ(parse_start_time(same).seconds, 1634774460) << same;
    EXPECT_EQ(parse_start_time("2021-10-21T03:01:00").seconds, std::nullopt);
    EXPECT_EQ(parse_start_time("2021-10-21T03:01:00").clock, "2021-10-21 03:01:00");
    for (const auto* bad :
         {"", "now", "2021-10-21", "2021-13-21 00:00:00", "2021-02-30 00:00:00", "2021-10-21 24:00:00",
          "2021-10-21 00:01:00 +08:00", "2021-10-21 00:01:00+8", "2021-10-2100:01:00"})
        EXPECT_THROW(static_cast<void>(parse_start_time(bad)), Error) << bad;
}

TEST(StartTime, WithoutAZoneItIsTheSources) {
    sql::FakeSqlServer server;
    server.on("SELECT UNIX_TIMESTAMP('2021-10-21 03:01:00')", sql::FakeSqlServer::result({"t"}, {{"1634774460"}}));
    server.on("SELECT UNIX_TIMESTAMP('2921-10-21 03:01:00')", sql::FakeSqlServer::result({"t"}, {{"0"}}));
    const auto session = server.connect();
    EXPECT_EQ(seconds_at(parse_start_time("2021-10-21T03:01:00"), *session), 1634774460);
    EXPECT_EQ(server.statements("SET SESSION time_zone").size(), 1);
    EXPECT_THROW(static_cast<void>(seconds_at(parse_start_time("2921-10-21T03:01:00"), *session)), Error);
    EXPECT_EQ(seconds_at(parse_start_time("1970-01-01T00:00:50Z"), *session), 50);
    EXPECT_EQ(server.statements("SET SESSION time_zone").size(), 2) << "a zone that is named needs no asking";
}

/// Files of transactions that a statement each is, made at the given seconds.
class Files {
  public:
    void add(const std::string& name, std::uint32_t created, const std::vector<std::uint32_t>& seconds) {
        std::string bytes(
            "\xfe"
            "bin");
        std::string format = binlog::make_format("8.0.36", 0);
        for (int i = 0; i < 4; ++i) format[static_cast<std::size_t>(i)] = static_cast<char>(created >> (8 * i) & 0xffU);
        bytes += format;
        for (const auto second : seconds) {
            const std::string body = binlog::query_body("CREATE TABLE t (a INT)");
            const auto end = static_cast<std::uint32_t>(bytes.size() + 19 + body.size());
            bytes += binlog::make_event(
                {.type = EventType::Query, .log_pos = end, .timestamp = second, .has_checksum = false}, body);
            ends_.push_back(end);
        }
        files_.push_back({name, bytes});
        names_.push_back(name);
    }
    [[nodiscard]] std::optional<model::Location> find(std::int64_t time) {
        const BinlogByTime search(
            [this] {
                ++opened_;
                return std::make_unique<binlog::MemoryEventSource>(files_);
            },
            names_, model::Flavor::MySql);
        return search.find(time);
    }
    [[nodiscard]] std::uint64_t end(std::size_t i) const { return ends_.at(i); }
    [[nodiscard]] int opened() const { return opened_; }

  private:
    std::vector<binlog::MemoryEventSource::File> files_;
    std::vector<std::string> names_;
    std::vector<std::uint64_t> ends_;
    int opened_ = 0;
};

TEST(StartTime, EndsOfTransactionsBeforeTheTime) {
    Files files;
    files.add("bin.000001", 100, {110, 120});
    files.add("bin.000002", 200, {210, 220, 220});
    files.add("bin.000003", 300, {});
    const auto position = [&](std::int64_t time) { return files.find(time)->position; };
    EXPECT_EQ(position(1), (model::BinlogPosition{"bin.000001", 4}));
    EXPECT_EQ(position(120), (model::BinlogPosition{"bin.000001", files.end(0)}));
    EXPECT_EQ(position(215), (model::BinlogPosition{"bin.000002", files.end(2)}));
    EXPECT_EQ(position(220), (model::BinlogPosition{"bin.000002", files.end(2)}));
    EXPECT_FALSE(files.find(221));
    EXPECT_FALSE(files.find(400));
}

TEST(StartTime, LooksIntoFewFiles) {
    Files files;
    for (std::uint32_t i = 0; i < 64; ++i) files.add("bin." + std::to_string(100000 + i), 100 * i, {100 * i + 50});
    EXPECT_EQ(files.find(3120)->position.file, "bin.100031");
    EXPECT_LE(files.opened(), 8);
}

}  // namespace
}  // namespace dm::master
