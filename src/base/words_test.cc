#include <memory>

#include <gtest/gtest.h>

#include "base/byte_cursor.h"
#include "base/file_store.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/process_metrics.h"
#include "base/utf8.h"

namespace dm {
namespace {

TEST(Utf8Test, only_well_formed_characters_have_a_length) {
    for (const std::string_view good : {"a", "\x7f", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                                        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_EQ(utf8_length(good), good.size());
    }
    for (const std::string_view bad : {"", "\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xed\xa0\x80",
                                       "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"}) {
        EXPECT_EQ(utf8_length(bad), 0U);
    }
    EXPECT_EQ(utf8_length("\xc3\xa4 and more"), 2U);
}

TEST(ByteCursorTest, ReadsIntegersOfAnyWidth) {
    ByteCursor cursor(as_bytes(std::string_view("\x01\xff\xff\x02\x00\x00\xfe\xff\xff\x01\x02", 11)));
    EXPECT_EQ(cursor.read_u8(), 1);
    EXPECT_EQ(cursor.read_int(2), -1);
    EXPECT_EQ(cursor.read_uint(3), 2U);
    EXPECT_EQ(cursor.read_int(3), -2);
    EXPECT_EQ(cursor.read_uint_be(2), 0x0102U);
    EXPECT_TRUE(cursor.is_at_end());
}

TEST(ByteCursorTest, PackedIntegers) {
    ByteCursor cursor(as_bytes(std::string_view("\xfa\xfc\x01\x01\xfd\x01\x00\x01", 8)));
    EXPECT_EQ(cursor.read_packed_uint(), 250U);
    EXPECT_EQ(cursor.read_packed_uint(), 257U);
    EXPECT_EQ(cursor.read_packed_uint(), 65537U);
    ByteCursor null_marker(as_bytes(std::string_view("\xfb", 1)));
    EXPECT_THROW(null_marker.read_packed_uint(), Error);
}

TEST(ByteCursorTest, ReadingPastTheEndConsumesNothing) {
    ByteCursor cursor(as_bytes("abc"));
    EXPECT_THROW(cursor.read_u32(), Error);
    EXPECT_EQ(cursor.offset(), 0U);
    EXPECT_THROW(cursor.read_zero_terminated(), Error);
    EXPECT_EQ(cursor.read_text(3), "abc");
}

TEST(LogTest, TextLine) {
    EXPECT_EQ(
        log::format_text("2026/01/02 03:04:05.006 +00:00", log::Level::Info, "a.cc:1", "task started",
                         {{"task", "t 1"}, {"rows", 5}, {"quote", "a\"b\n"}}),
        R"([2026/01/02 03:04:05.006 +00:00] [INFO] [a.cc:1] ["task started"] [task="t 1"] [rows=5] [quote="a\"b\n"])");
}

TEST(LogTest, JsonLine) {
    EXPECT_EQ(log::format_json("now", log::Level::Warn, "a.cc:1", "m", {{"k", "v"}}),
              R"({"level":"WARN","time":"now","caller":"a.cc:1","message":"m","k":"v"})");
}

TEST(LogTest, UnknownLevelIsRefused) { EXPECT_THROW(log::configure({.level = "loud", .file = {}}), Error); }

TEST(MetricsTest, SameNameAndLabelsIsTheSameSeries) {
    metrics::Registry registry;
    registry.counter("dm_rows", "rows", {{"task", "t"}}).add(2);
    registry.counter("dm_rows", "rows", {{"task", "t"}}).add();
    registry.gauge("dm_lag", "lag").set(1.5);
    const std::string text = registry.expose();
    EXPECT_NE(text.find("dm_rows{task=\"t\"} 3"), std::string::npos) << text;
    EXPECT_NE(text.find("dm_lag 1.5"), std::string::npos) << text;
}

TEST(MetricsTest, AnotherTypeIsRefused) {
    metrics::Registry registry;
    registry.counter("dm_rows", "rows");
    EXPECT_THROW(registry.gauge("dm_rows", "rows"), Error);
    EXPECT_THROW(registry.gauge("bad name", "x"), Error);
}

TEST(MetricsTest, RemovedGaugeIsGone) {
    metrics::Registry registry;
    const metrics::Gauge gauge = registry.gauge("dm_state", "state", {{"task", "t"}});
    gauge.set(2);
    registry.remove(gauge, "dm_state");
    EXPECT_EQ(registry.expose().find("dm_state{"), std::string::npos);
}

TEST(MetricsTest, TheProcessTellsOfItself) {
    metrics::Registry registry;
    ManualClock clock;
    metrics::ProcessMetrics process(registry, clock, "dm_cpu_usage");
    const std::string text = registry.expose();
    for (const char* name : {"process_cpu_seconds_total ", "process_open_fds ", "process_max_fds ",
                             "process_virtual_memory_bytes ", "process_virtual_memory_max_bytes ",
                             "process_resident_memory_bytes ", "process_start_time_seconds ", "dm_cpu_usage "}) {
        EXPECT_NE(text.find(std::string("\n") + name), std::string::npos) << name;
    }
    EXPECT_EQ(text.find("process_resident_memory_bytes 0"), std::string::npos) << text;
    clock.advance(std::chrono::nanoseconds(1'000'000'000));
    process.refresh();
    EXPECT_NE(registry.expose().find("\ndm_cpu_usage "), std::string::npos);
}

TEST(MetricsTest, AGroupTakesItsSeriesAlongUnlessAnotherHoldsThem) {
    metrics::Registry registry;
    auto first = std::make_unique<metrics::Group>(registry, metrics::Labels{{"task", "t"}});
    first->counter("dm_rows", "rows", {{"type", "a"}}).add(2);
    first->histogram("dm_time", "time", {}, metrics::linear_buckets(1, 1, 3)).observe(2.5);
    metrics::Group second(registry, {{"task", "t"}});
    second.counter("dm_rows", "rows", {{"type", "a"}}).add(1);
    second.counter("dm_rows", "rows", {{"type", "a"}}).add(2);
    first.reset();
    const std::string text = registry.expose();
    EXPECT_NE(text.find("dm_rows{task=\"t\",type=\"a\"} 5"), std::string::npos) << text;
    EXPECT_EQ(text.find("dm_time"), std::string::npos) << text;
    second.gauge("dm_rest", "rest").set(1);
    EXPECT_NE(registry.expose().find("dm_rest{task=\"t\"} 1"), std::string::npos);
}

TEST(MetricsTest, AGroupHoldsASeriesOnceHoweverOftenItAsks) {
    metrics::Registry registry;
    auto group = std::make_unique<metrics::Group>(registry, metrics::Labels{{"task", "t"}});
    for (int i = 0; i < 3; ++i) group->counter("dm_rows", "rows").add(1);
    EXPECT_NE(registry.expose().find("dm_rows{task=\"t\"} 3"), std::string::npos);
    group.reset();
    EXPECT_EQ(registry.expose().find("dm_rows{"), std::string::npos);
}

TEST(MemoryFileStoreTest, AppendsReadsAndRemoves) {
    MemoryFileStore store;
    store.append("a/1", "hello ");
    store.append("a/1", "world");
    store.replace("b", "x");
    EXPECT_EQ(store.read("a/1", 6, 100), "world");
    EXPECT_EQ(store.list("a/"), std::vector<std::string>{"a/1"});
    store.remove("a/1");
    EXPECT_FALSE(store.contains("a/1"));
    EXPECT_THROW(static_cast<void>(store.size("a/1")), Error);
}

}  // namespace
}  // namespace dm
