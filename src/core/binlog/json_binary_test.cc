#include "core/binlog/json_binary.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/binlog/test_events.h"

namespace dm::binlog {
namespace {

/// Small containers by hand: entries of (type, inlined 16-bit value).
std::string small_array(const std::vector<std::pair<char, std::uint16_t>>& entries, const std::string& tail = {}) {
    std::string bytes("\2", 1);
    append_number(bytes, entries.size(), 2);
    append_number(bytes, 4 + 3 * entries.size() + tail.size(), 2);
    for (const auto& [type, value] : entries) {
        bytes += type;
        append_number(bytes, value, 2);
    }
    return bytes + tail;
}

std::string nested(std::size_t depth) {
    std::string inner = small_array({});
    for (std::size_t i = 1; i < depth; ++i) inner = small_array({{'\2', 7}}, inner.substr(1));
    return inner;
}

std::string print(std::string_view binary) {
    std::string text;
    append_json(binary, text);
    std::string by_tree;
    append_json(parse_json_tree(binary), by_tree);
    EXPECT_EQ(text, by_tree);
    return text;
}

std::string error_of(std::string_view binary) {
    std::string text;
    try {
        append_json(binary, text);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::BinlogMalformed);
        return error.message();
    }
    return "no error: " + text;
}

std::string double_text(double value) {
    std::string binary("\x0b", 1);
    binary.append(reinterpret_cast<const char*>(&value), 8);
    return print(binary);
}

TEST(JsonBinary, Scalars) {
    EXPECT_EQ(print(""), "null");
    EXPECT_EQ(print(std::string("\4\0", 2)), "null");
    EXPECT_EQ(print("\4\1"), "true");
    EXPECT_EQ(print("\x05\xff\xff"), "-1");
    EXPECT_EQ(print("\x06\xff\xff"), "65535");
    EXPECT_EQ(print("\x0c\x03"
                    "a\"\n"),
              R"("a\"\n")");
}

TEST(JsonBinary, DoublesAsTheServerPrintsThem) {
    EXPECT_EQ(double_text(0), "0.0");
    EXPECT_EQ(double_text(-0.0), "-0.0");
    EXPECT_EQ(double_text(1), "1.0");
    EXPECT_EQ(double_text(123.25), "123.25");
    EXPECT_EQ(double_text(1e14), "100000000000000.0");
    EXPECT_EQ(double_text(1e15), "1e15");
    EXPECT_EQ(double_text(1.5e-15), "0.0000000000000015");
    EXPECT_EQ(double_text(1e-16), "1e-16");
    EXPECT_EQ(double_text(-1.7976931348623157e308), "-1.7976931348623157e308");
    EXPECT_NE(error_of(std::string("\x0b\0\0\0\0\0\0\xf0\x7f", 9)).find("not finite"), std::string::npos);
}

TEST(JsonBinary, NestingHasALimit) {
    EXPECT_EQ(print(nested(100)), std::string(100, '[') + std::string(100, ']'));
    EXPECT_EQ(print(nested(kMaxJsonDepth)).size(), 2 * kMaxJsonDepth);
    EXPECT_NE(error_of(nested(kMaxJsonDepth + 1)).find("deeper than 128"), std::string::npos);
    EXPECT_NE(error_of(nested(5000)).find("deeper than 128"), std::string::npos);
}

TEST(JsonBinary, OverlappingPartsAreRefusedBeforeTheyGrow) {
    // Every element of every level is the same array: 8 to the power of the depth values.
    std::string inner = small_array({});
    for (int i = 0; i < 60; ++i) {
        inner = small_array(std::vector<std::pair<char, std::uint16_t>>(8, {'\2', 28}), inner.substr(1));
    }
    EXPECT_NE(error_of(inner).find("overlap"), std::string::npos) << error_of(inner);
}

TEST(JsonBinary, EveryTruncationIsRefusedOrPrints) {
    const std::string whole = small_array({{'\5', 1}, {'\x0c', 16}, {'\4', 1}, {'\2', 10}}, "");
    const std::string document = small_array({{'\5', 1}, {'\x0c', 10}},
                                             "\x03"
                                             "abc");
    EXPECT_EQ(print(document), R"([1, "abc"])");
    for (std::size_t size = 1; size < document.size(); ++size) {
        EXPECT_EQ(error_of(document.substr(0, size)).find("no error"), std::string::npos) << size;
    }
    EXPECT_EQ(error_of(whole).find("no error"), std::string::npos);
    EXPECT_NE(error_of("\x20").find("type 32"), std::string::npos);
}

std::string difference(char operation, const std::string& path, const std::string& value = {}) {
    std::string bytes(1, operation);
    append_number(bytes, path.size(), 1);
    bytes += path;
    if (operation != 2) {
        append_number(bytes, value.size(), 1);
        bytes += value;
    }
    return bytes;
}

std::string patch(const std::string& before, const std::string& differences) {
    std::string text;
    append_patched_json(before, differences, text);
    return text;
}

std::string object_with(std::string_view key, std::uint16_t value) {
    std::string bytes(1, '\0');
    append_number(bytes, 1, 2);
    append_number(bytes, 4 + 4 + 3 + key.size(), 2);
    append_number(bytes, 11, 2);
    append_number(bytes, key.size(), 2);
    bytes += '\5';
    append_number(bytes, value, 2);
    return bytes += key;
}

TEST(JsonDifferences, ReplaceInsertRemove) {
    const std::string five("\5\5\0", 3);
    const std::string array = small_array({{'\5', 1}, {'\5', 2}});
    EXPECT_EQ(patch(array, ""), "[1, 2]");
    EXPECT_EQ(patch(array, difference(0, "$[1]", five)), "[1, 5]");
    EXPECT_EQ(patch(array, difference(0, "$", five)), "5");
    EXPECT_EQ(patch(array, difference(1, "$[0]", five)), "[5, 1, 2]");
    EXPECT_EQ(patch(array, difference(1, "$[99]", five)), "[1, 2, 5]");
    EXPECT_EQ(patch(array, difference(2, "$[0]")), "[2]");
    EXPECT_EQ(patch(array, difference(0, "$[0]", object_with("k", 7)) + difference(0, "$[0].k", five)),
              R"([{"k": 5}, 2])");
    const std::string object = object_with("bb", 1);
    EXPECT_EQ(patch(object, difference(1, "$.a", five) + difference(1, "$.ccc", five)),
              R"({"a": 5, "bb": 1, "ccc": 5})");
    EXPECT_EQ(patch(object, difference(2, "$.bb")), "{}");
    EXPECT_EQ(patch(object, difference(1, R"($."we \"ird\u00e9.[")", five)), "{\"bb\": 1, \"we \\\"ird\u00e9.[\": 5}");
}

TEST(JsonDifferences, PathsThatLeadNowhere) {
    const std::string five("\5\5\0", 3);
    const std::string array = small_array({{'\5', 1}});
    for (const std::string& bytes :
         {difference(0, "$[1]", five), difference(2, "$[7]"), difference(2, "$"), difference(1, "$", five),
          difference(0, "", five), difference(0, "$.a", five), difference(1, "$.a", five), difference(0, "$[x]", five),
          difference(0, "$[0", five), difference(0, "$.\"open", five), difference(0, "$x", five),
          difference(7, "$", five), std::string("\0\5$", 3)}) {
        try {
            ADD_FAILURE() << patch(array, bytes);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::BinlogMalformed);
        }
    }
}

}  // namespace
}  // namespace dm::binlog
