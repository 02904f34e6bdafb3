#include "core/binlog/row_decoder.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/binlog/collations.h"
#include "core/binlog/decimal.h"
#include "core/binlog/temporal.h"
#include "core/binlog/test_events.h"

namespace dm::binlog {
namespace {

TableMapColumn column(WireType type, std::uint32_t metadata = 0) {
    TableMapColumn made;
    made.type = type;
    made.metadata = metadata;
    return made;
}

/// A table of two columns, INT and VARCHAR(20), with rows of it.
class RowDecoderTest : public testing::Test {
  protected:
    RowDecoderTest() {
        table.name = {"db", "t"};
        table.columns = {column(WireType::Long), column(WireType::VarChar, 20)};
        hints.resize(2);
        hints[1].charset = "utf8mb4";
    }

    RowsEvent event(RowsKind kind, std::string_view rows) {
        RowsEvent made;
        made.kind = kind;
        made.column_count = table.columns.size();
        if (kind != RowsKind::Write) made.columns_before = as_bytes(all);
        if (kind != RowsKind::Delete) made.columns_after = as_bytes(all);
        made.rows = as_bytes(rows);
        return made;
    }

    std::string error_of(const RowsEvent& made) {
        try {
            (void)decode_rows(made, RowLayout(table, hints));
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::BinlogMalformed);
            return error.message();
        }
        return "no error";
    }

    const std::string all = "\xff";
    const std::string row = std::string("\0\7\0\0\0\3abc", 9);
    TableMap table;
    std::vector<ColumnHint> hints;
};

TEST_F(RowDecoderTest, KindsFillTheirImages) {
    const RowLayout layout(table, hints);
    const std::string null_row("\2\x08\0\0\0", 5);
    const std::string both = row + null_row;
    const DecodedRows written = decode_rows(event(RowsKind::Write, both), layout);
    EXPECT_EQ(written.before.size(), 0U);
    ASSERT_EQ(written.after.size(), 2U);
    EXPECT_EQ(written.after.row(0)[0], model::Value::of_int(7));
    EXPECT_EQ(written.after.row(0)[1], model::Value::of_view(model::ValueKind::Text, "abc"));
    EXPECT_TRUE(written.after.row(1)[1].is_null());
    const DecodedRows updated = decode_rows(event(RowsKind::Update, both), layout);
    EXPECT_EQ(updated.before.row(0)[0].as_int(), 7);
    EXPECT_EQ(updated.after.row(0)[0].as_int(), 8);
    const DecodedRows deleted = decode_rows(event(RowsKind::Delete, both), layout);
    EXPECT_EQ(deleted.before.size(), 2U);
    EXPECT_TRUE(deleted.after.is_empty());
}

TEST_F(RowDecoderTest, RowsOutliveTheEventsBuffer) {
    DecodedRows copied;
    {
        const std::string temporary = row;
        copied = decode_rows(event(RowsKind::Write, temporary), RowLayout(table, hints));
    }
    EXPECT_EQ(copied.after.row(0)[1].text(), "abc");
    auto buffer = std::make_shared<const std::string>(row);
    const std::weak_ptr<const std::string> watch = buffer;
    DecodedRows shared = decode_rows(event(RowsKind::Write, *buffer), RowLayout(table, hints), buffer);
    EXPECT_EQ(shared.after.row(0)[1].text().data(), buffer->data() + 6);
    buffer.reset();
    EXPECT_FALSE(watch.expired());
    shared = {};
    EXPECT_TRUE(watch.expired());
}

TEST_F(RowDecoderTest, MissingColumnsAreNullAndReported) {
    const std::string first_only = "\1";
    RowsEvent made = event(RowsKind::Write, std::string_view("\0\7\0\0\0", 5));
    made.columns_after = as_bytes(first_only);
    EXPECT_EQ(made.missing_columns(), (std::vector<std::size_t>{1}));
    const DecodedRows rows = decode_rows(made, RowLayout(table, hints));
    EXPECT_EQ(rows.after.row(0)[0].as_int(), 7);
    EXPECT_TRUE(rows.after.row(0)[1].is_null());
    const std::string none(1, '\0');
    made.columns_after = as_bytes(none);
    EXPECT_NE(error_of(made).find("without any columns"), std::string::npos);
}

TEST_F(RowDecoderTest, ErrorsNameTableRowAndColumn) {
    const std::string cut = row + row.substr(0, 7);
    EXPECT_EQ(error_of(event(RowsKind::Write, cut)),
              "row 2 of table `db`.`t`, column 2: row image ends inside a value");
    RowsEvent narrow = event(RowsKind::Write, row);
    narrow.column_count = 1;
    EXPECT_NE(error_of(narrow).find("rows of 1 columns"), std::string::npos);
    hints.pop_back();
    EXPECT_NE(error_of(event(RowsKind::Write, row)).find("2 columns in the binlog, but 1"), std::string::npos);
}

TEST_F(RowDecoderTest, TypesItCannotDecode) {
    table.columns[1] = column(WireType::Decimal);
    try {
        const RowLayout layout(table, hints);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::BinlogUnsupported);
        EXPECT_EQ(error.message(), "column 2 of table `db`.`t`: column type 0 (decimal(old))");
    }
}

TEST_F(RowDecoderTest, CharsetsThatAreNotConvertedComeAsBytes) {
    hints[1].charset = "gbk";
    const RowLayout gbk(table, hints);
    EXPECT_EQ(gbk.charset(1), "gbk");
    EXPECT_EQ(gbk.charset(0), "");
    EXPECT_EQ(decode_rows(event(RowsKind::Write, row), gbk).after.row(0)[1].kind(), model::ValueKind::Bytes);
    hints[1].charset = "binary";
    EXPECT_EQ(RowLayout(table, hints).charset(1), "");
}

TEST_F(RowDecoderTest, MembersWithoutNames) {
    table.columns[1] = column(WireType::Enum, 1);
    const std::string member("\0\7\0\0\0\2", 6);
    EXPECT_EQ(decode_rows(event(RowsKind::Write, member), RowLayout(table, hints)).after.row(0)[1],
              model::Value::of_uint(2));
    hints[1].elements = {"only"};
    EXPECT_EQ(decode_rows(event(RowsKind::Write, member), RowLayout(table, hints)).after.row(0)[1],
              model::Value::of_uint(2));
}

TEST_F(RowDecoderTest, TheErrorValueOfAnEnumIsNotItsEmptyMember) {
    table.columns[1] = column(WireType::Enum, 1);
    const std::string member("\0\7\0\0\0\0", 6);
    hints[1].elements = {"a", "b"};
    EXPECT_EQ(decode_rows(event(RowsKind::Write, member), RowLayout(table, hints)).after.row(0)[1].text(), "");
    hints[1].elements = {"a", ""};
    EXPECT_EQ(decode_rows(event(RowsKind::Write, member), RowLayout(table, hints)).after.row(0)[1],
              model::Value::of_uint(0));
}

TEST_F(RowDecoderTest, MembersOutliveTheLayout) {
    table.columns[1] = column(WireType::Enum, 1);
    hints[1].elements = {"a member whose name is too long to lie inside its string"};
    const std::string member("\0\7\0\0\0\1", 6);
    auto layout = std::make_unique<RowLayout>(table, hints);
    const DecodedRows rows = decode_rows(event(RowsKind::Write, member), *layout);
    layout.reset();
    EXPECT_EQ(rows.after.row(0)[1].text(), hints[1].elements[0]);
}

TEST_F(RowDecoderTest, BinaryIsPaddedToTheLengthHinted) {
    table.columns[1] = column(WireType::String, 3);
    hints[1] = {};
    hints[1].fixed_length = 5;
    const std::string short_row("\0\7\0\0\0\2ab", 8);
    EXPECT_EQ(decode_rows(event(RowsKind::Write, short_row), RowLayout(table, hints)).after.row(0)[1].text(),
              std::string_view("ab\0\0\0", 5));
}

TEST(Decimal, EveryWidthRoundTrips) {
    for (unsigned precision = 1; precision <= 65; ++precision) {
        for (unsigned scale = 0; scale <= std::min(precision, 30U); ++scale) {
            std::string zero(decimal_bytes(precision, scale), '\0');
            zero[0] = '\x80';
            DecimalText room;
            const std::string expected = "0" + (scale > 0 ? "." + std::string(scale, '0') : "");
            EXPECT_EQ(decimal_text(zero, precision, scale, room), expected);
            for (char& c : zero) c = static_cast<char>(~c);
            EXPECT_EQ(decimal_text(zero, precision, scale, room), "-" + expected);
        }
    }
    DecimalText room;
    EXPECT_THROW((void)decimal_text("\xff\xff\xff\xff", 9, 0, room), Error);
}

TEST(Temporal, UtcOfTheWholeRange) {
    const auto text = [](std::uint64_t seconds) {
        std::string out(datetime_chars(0), ' ');
        write_datetime(out.data(), utc_time(seconds), 0);
        return out;
    };
    EXPECT_EQ(text(1), "1970-01-01 00:00:01");
    EXPECT_EQ(text(951'782'400), "2000-02-29 00:00:00");
    EXPECT_EQ(text(951'868'799), "2000-02-29 23:59:59");
    EXPECT_EQ(text(2'147'483'647), "2038-01-19 03:14:07");
    EXPECT_EQ(text(4'107'542'400), "2100-03-01 00:00:00");
    EXPECT_EQ(text(4'294'967'295), "2106-02-07 06:28:15");
    EXPECT_EQ(text(1'735'689'599), "2024-12-31 23:59:59");
}

TEST(Collations, Charsets) {
    EXPECT_EQ(charset_of_collation(8), "latin1");
    EXPECT_EQ(charset_of_collation(33), "utf8mb3");
    EXPECT_EQ(charset_of_collation(45), "utf8mb4");
    EXPECT_EQ(charset_of_collation(255), "utf8mb4");
    EXPECT_EQ(charset_of_collation(63), "binary");
    EXPECT_EQ(charset_of_collation(1070), "utf8mb4");
    EXPECT_EQ(charset_of_collation(2304), "utf8mb4");
    EXPECT_EQ(charset_of_collation(28), "gbk");
    EXPECT_EQ(charset_of_collation(0), "");
    EXPECT_EQ(charset_of_collation(17), "");
    EXPECT_EQ(charset_of_collation(60'000), "");
    EXPECT_EQ(text_handling("latin1"), TextHandling::Latin1);
    EXPECT_EQ(text_handling("utf8"), TextHandling::AsIs);
    EXPECT_EQ(text_handling(""), TextHandling::Bytes);
}

}  // namespace
}  // namespace dm::binlog
