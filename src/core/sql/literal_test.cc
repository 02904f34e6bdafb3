#include "core/sql/literal.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/sql/lexer.h"

namespace dm::sql {
namespace {

using model::Value;
using model::ValueKind;

std::string literal(const Value& value) {
    std::string out;
    append_literal(out, value);
    return out;
}

TEST(Literal, WritesIntegersAndNull) {
    EXPECT_EQ(literal(Value::null()), "NULL");
    EXPECT_EQ(literal(Value::of_int(-5)), "-5");
    EXPECT_EQ(literal(Value::of_int(std::numeric_limits<std::int64_t>::min())), "-9223372036854775808");
    EXPECT_EQ(literal(Value::of_uint(std::numeric_limits<std::uint64_t>::max())), "18446744073709551615");
}

TEST(Literal, WritesVectorsAsText) {
    const auto text = [](const std::vector<float>& elements) {
        std::string bytes;
        for (const float element : elements) {
            std::array<char, sizeof(float)> raw;
            std::memcpy(raw.data(), &element, raw.size());
            bytes.append(raw.data(), raw.size());
        }
        std::string out;
        append_vector_text(out, bytes);
        return out;
    };
    EXPECT_EQ(text({}), "'[]'");
    EXPECT_EQ(text({1, -2.5F, 0.1F}), "'[1,-2.5,0.1]'");
    EXPECT_EQ(text({std::numeric_limits<float>::max(), 1e-40F, -0.0F}), "'[3.4028235e+38,1e-40,-0e0]'");
    EXPECT_THROW(text({std::numeric_limits<float>::infinity()}), Error);
    std::string out;
    EXPECT_THROW(append_vector_text(out, "abc"), Error);
}

TEST(Literal, WritesShortestFloats) {
    EXPECT_EQ(literal(Value::of_float(0.1F)), "0.1");
    EXPECT_EQ(literal(Value::of_double(0.1)), "0.1");
    EXPECT_EQ(literal(Value::of_double(1.0 / 3.0)), "0.3333333333333333");
    EXPECT_EQ(literal(Value::of_float(1.0F / 3.0F)), "0.33333334");
    EXPECT_EQ(literal(Value::of_double(-0.0)), "-0e0");
    EXPECT_EQ(literal(Value::of_double(5)), "5");
}

TEST(Literal, FloatsComeBackExactly) {
    std::mt19937_64 random(7);
    for (int i = 0; i < 20000; ++i) {
        const std::uint64_t bits = random();
        double number = 0;
        std::memcpy(&number, &bits, sizeof number);
        if (!std::isfinite(number)) continue;
        EXPECT_EQ(std::strtod(literal(Value::of_double(number)).c_str(), nullptr), number);
        const auto small = static_cast<float>(number);
        if (!std::isfinite(small)) continue;
        // The server reads a double first and rounds it to the column.
        EXPECT_EQ(static_cast<float>(std::strtod(literal(Value::of_float(small)).c_str(), nullptr)), small);
    }
}

TEST(Literal, RefusesWhatSqlCannotWrite) {
    for (const double number : {std::numeric_limits<double>::infinity(), std::nan("")}) {
        try {
            (void)literal(Value::of_double(number));
            FAIL() << number;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::DbUnexpected);
        }
    }
}

TEST(Literal, EscapesText) {
    EXPECT_EQ(literal(Value::of_view(ValueKind::Text, "it's \\ \"x\"\n\r")), R"('it\'s \\ "x"\n\r')");
    const std::string special("\0\x1a", 2);
    EXPECT_EQ(literal(Value::of_view(ValueKind::Text, special)), R"('\0\Z')");
    EXPECT_EQ(literal(Value::of_view(ValueKind::Text, "")), "''");
    EXPECT_EQ(literal(Value::of_view(ValueKind::Json, R"({"a":"\n"})")), R"('{"a":"\\n"}')");
}

TEST(Literal, EscapedTextReadsBackAsItself) {
    std::mt19937 random(11);
    for (int i = 0; i < 500; ++i) {
        std::string text(random() % 40, '\0');
        for (char& c : text) c = static_cast<char>(random() % 256);
        const std::string written = literal(Value::of_view(ValueKind::Text, text));
        Lexer lexer(written, {});
        const Token token = lexer.next();
        EXPECT_EQ(token.span.size(), written.size());
        EXPECT_EQ(string_value(written, token, 0), text);
    }
}

TEST(Literal, WritesBytesAndNumbersAndDefaults) {
    EXPECT_EQ(literal(Value::of_view(ValueKind::Bytes, std::string_view("\x00\xff\x10", 3))), "x'00ff10'");
    EXPECT_EQ(literal(Value::of_view(ValueKind::Bytes, "")), "''");
    EXPECT_EQ(literal(Value::of_view(ValueKind::Number, "-12345678901234567890.10")), "-12345678901234567890.10");
}

TEST(Literal, DoublesBackQuotes) {
    std::string out = "x";
    append_identifier(out, "a`b");
    EXPECT_EQ(out, "x`a``b`");
}

}  // namespace
}  // namespace dm::sql
