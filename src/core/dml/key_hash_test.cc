#include "core/dml/key_hash.h"

#include <gtest/gtest.h>

#include "core/dml/causality_keys.h"
#include "core/dml/dml_test_util.h"

namespace dm::dml {
namespace {

using testing::int_column;
using testing::plan_of;
using testing::table;
using testing::text;
using testing::text_column;
using testing::unique_index;

std::string skeleton(std::string_view value) {
    std::string out;
    append_skeleton(out, value);
    return out;
}

/// Pairs that some collation of a supported server calls equal.
TEST(Skeleton, texts_that_a_collation_equates_have_one_skeleton) {
    const std::pair<std::string_view, std::string_view> equal[] = {
        {"Abc", "aBC"},
        {"caf\u00e9", "CAFE"},
        {"stra\u00dfe", "strasse"},
        {"stra\u00dfe", "strase"},
        {"\u00e4", "ae"},
        {"\u00e5", "aa"},
        {"\u00fc", "y"},
        {"\u0142", "l"},
        {"\u00f0", "d"},
        {"\u00fe", "th"},
        {"\u00e6", "\u00e4"},
        {"v", "w"},
        {"a ", "a"},
        {"\u0661", "1"},
        {"\uff11", "1"},
        {"\u2460", "1"},
        {"\U0001F600", "\U0001F601"},
        {"i", "j"},
        {"\u3042", "\u30a2"},
        {"a\u200bb", "ab"},
        {"[", "\u00c5"},
        {"\u00f1", "n"},
    };
    for (const auto& [a, b] : equal) EXPECT_EQ(skeleton(a), skeleton(b)) << a << " and " << b;
}

TEST(Skeleton, ordinary_keys_stay_apart) {
    EXPECT_NE(skeleton("user-1001"), skeleton("user-1002"));
    EXPECT_NE(skeleton("100"), skeleton("1000"));
    EXPECT_NE(skeleton("\u5317\u4eac"), skeleton("\u4e0a\u6d77"));
    EXPECT_NE(skeleton("11"), skeleton("1"));
}

CausalityKey key_of(const schema::Column& column, const model::Value& value, std::uint32_t prefix = 0) {
    auto index = unique_index("u", {column.name});
    index.parts[0].prefix_length = prefix;
    const auto plan = plan_of(table({column}, {index}));
    std::vector<CausalityKey> keys;
    CausalityKeys().append(plan, {}, {&value, 1}, keys);
    return keys.front();
}

TEST(CausalityKeys, follow_the_collation_of_the_column) {
    const auto general = text_column("a", "utf8mb4_general_ci");
    const auto binary = text_column("a", "utf8mb4_bin");
    EXPECT_EQ(key_of(general, text("Tom")), key_of(general, text("tOM")));
    EXPECT_NE(key_of(binary, text("Tom")), key_of(binary, text("tOM")));
    EXPECT_EQ(key_of(binary, text("Tom  ")), key_of(binary, text("Tom")));
    const auto hungarian = text_column("a", "utf8mb4_hungarian_ci");
    EXPECT_EQ(key_of(hungarian, text("ccs")), key_of(hungarian, text("cscs")));
}

TEST(CausalityKeys, prefix_keys_compare_the_prefix_in_characters) {
    const auto binary = text_column("a", "utf8mb4_bin");
    EXPECT_EQ(key_of(binary, text("\u00e4bcx"), 3), key_of(binary, text("\u00e4bcy"), 3));
    EXPECT_NE(key_of(binary, text("\u00e4bx"), 3), key_of(binary, text("\u00e4by"), 3));
}

TEST(CausalityKeys, numbers_compare_by_value) {
    EXPECT_EQ(key_of(int_column("a"), model::Value::of_int(5)), key_of(int_column("a"), model::Value::of_uint(5)));
    EXPECT_NE(key_of(int_column("a"), model::Value::of_int(5)), key_of(int_column("a"), model::Value::of_int(6)));
}

std::size_t count_keys(const TablePlan& plan, const std::vector<model::Value>& before,
                       const std::vector<model::Value>& after) {
    std::vector<CausalityKey> keys;
    CausalityKeys().append(plan, before, after, keys);
    return keys.size();
}

TEST(CausalityKeys, one_key_per_unique_index_and_image_without_doubles) {
    const auto plan = plan_of(
        table({int_column("id", false), int_column("u")}, {unique_index("PRIMARY", {"id"}), unique_index("u", {"u"})}));
    const auto value = [](std::int64_t number) { return model::Value::of_int(number); };
    EXPECT_EQ(count_keys(plan, {}, {value(1), value(2)}), 2U);
    EXPECT_EQ(count_keys(plan, {value(1), value(2)}, {value(1), value(2)}), 2U);
    EXPECT_EQ(count_keys(plan, {value(1), value(2)}, {value(1), value(3)}), 3U);
    EXPECT_EQ(count_keys(plan, {}, {value(1), model::Value::null()}), 1U) << "NULLs do not clash";
}

TEST(CausalityKeys, tables_without_an_identifying_key_use_the_whole_row) {
    const auto keyless = plan_of(table({int_column("a"), int_column("b")}, {}));
    EXPECT_EQ(count_keys(keyless, {}, {model::Value::of_int(1), model::Value::of_int(2)}), 1U);
    const auto nullable = plan_of(table({int_column("a"), int_column("b")}, {unique_index("u", {"a"})}));
    EXPECT_EQ(count_keys(nullable, {}, {model::Value::null(), model::Value::of_int(2)}), 1U);
    EXPECT_EQ(count_keys(nullable, {}, {model::Value::of_int(1), model::Value::of_int(2)}), 2U);
}

TEST(CausalityKeys, columns_that_the_target_converts_count_as_equal) {
    const auto source = table({text_column("a", "utf8mb4_bin", false, 50)}, {});
    const auto target = table({text_column("a", "utf8mb4_bin", false, 10)}, {unique_index("PRIMARY", {"a"})});
    const auto plan = TablePlan::compile(source, target);
    std::vector<CausalityKey> keys;
    const auto first = text("x");
    const auto second = text("y");
    CausalityKeys().append(plan, {}, {&first, 1}, keys);
    CausalityKeys().append(plan, {}, {&second, 1}, keys);
    EXPECT_EQ(keys.size(), 2U);
    EXPECT_EQ(keys[0], keys[1]);
}

}  // namespace
}  // namespace dm::dml
