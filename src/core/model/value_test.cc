#include "core/model/value.h"

#include <cstring>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace dm::model {
namespace {

TEST(Value, IsSmall) {
    EXPECT_EQ(sizeof(Value), 24U);
    EXPECT_TRUE(std::is_trivially_copyable_v<Value>);
}

TEST(Value, KeepsWhatItWasGiven) {
    EXPECT_TRUE(Value{}.is_null());
    EXPECT_EQ(Value::of_int(std::numeric_limits<std::int64_t>::min()).as_int(),
              std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(Value::of_uint(~0ULL).as_uint(), ~0ULL);
    EXPECT_EQ(Value::of_float(0.1F).as_double(), static_cast<double>(0.1F));
    EXPECT_EQ(Value::of_view(ValueKind::Text, "abc").text(), "abc");
    EXPECT_TRUE(Value::of_view(ValueKind::Bytes, {}).is_view());
    EXPECT_FALSE(Value::of_double(1).is_view());
}

TEST(Value, EqualityIsByKindAndContent) {
    const std::string copy = "abc";
    EXPECT_EQ(Value::of_view(ValueKind::Text, "abc"), Value::of_view(ValueKind::Text, copy));
    EXPECT_NE(Value::of_view(ValueKind::Text, "abc"), Value::of_view(ValueKind::Bytes, "abc"));
    EXPECT_NE(Value::of_int(1), Value::of_uint(1));
    EXPECT_EQ(Value::null(), Value{});
    EXPECT_NE(Value::null(), Value::of_int(0));
    EXPECT_NE(Value::of_double(1), Value::of_double(2));
}

TEST(RowBatch, ReversesItsRows) {
    for (int rows = 0; rows < 5; ++rows) {
        RowBatch batch(2);
        for (int i = 0; i < rows; ++i) {
            const auto row = batch.append();
            row[0] = Value::of_int(i);
            row[1] = Value::of_int(-i);
        }
        batch.reverse();
        for (int i = 0; i < rows; ++i) {
            EXPECT_EQ(batch.row(static_cast<std::size_t>(i))[0], Value::of_int(rows - 1 - i));
            EXPECT_EQ(batch.row(static_cast<std::size_t>(i))[1], Value::of_int(i + 1 - rows));
        }
    }
}

TEST(ByteArena, NeverMovesWhatItGaveOut) {
    ByteArena arena;
    std::vector<std::string_view> views;
    for (std::size_t size : {1UL, 100UL, 20'000UL, 16'384UL, 3UL, 9'000UL, 9'000UL}) {
        views.push_back(arena.store(std::string(size, static_cast<char>('a' + views.size()))));
    }
    for (std::size_t i = 0; i < views.size(); ++i) {
        EXPECT_EQ(views[i].find_first_not_of(static_cast<char>('a' + i)), std::string_view::npos) << i;
    }
    EXPECT_GE(arena.allocated_bytes(), 54'488U);
    EXPECT_TRUE(arena.store("").empty());
    arena.clear();
    EXPECT_EQ(arena.allocated_bytes(), 0U);
}

TEST(RowBatch, RowsAreNullUntilFilled) {
    RowBatch batch(2);
    EXPECT_TRUE(batch.is_empty());
    batch.append()[1] = Value::of_int(7);
    batch.append()[0] = Value::of_view(ValueKind::Text, batch.arena().store("x"));
    ASSERT_EQ(batch.size(), 2U);
    EXPECT_TRUE(batch.row(0)[0].is_null());
    EXPECT_EQ(batch.row(0)[1], Value::of_int(7));
    EXPECT_EQ(batch.row(1)[0].text(), "x");
    EXPECT_EQ(RowBatch{}.size(), 0U);
    EXPECT_GT(batch.bytes(), 4 * sizeof(Value));
}

TEST(RowBatch, KeepsOwnersAlive) {
    auto owner = std::make_shared<std::string>("data");
    const std::weak_ptr<std::string> watch = owner;
    {
        RowBatch batch(1);
        batch.keep_alive(std::move(owner));
        RowBatch moved = std::move(batch);
        EXPECT_FALSE(watch.expired());
    }
    EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace dm::model
