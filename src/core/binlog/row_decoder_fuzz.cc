#include "core/binlog/row_decoder.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "core/binlog/event_dump.h"

namespace {

using namespace dm::binlog;

/// Hints of every sort, picked by one byte.
std::vector<ColumnHint> make_hints(const TableMap& table, std::uint8_t choice) {
    std::vector<ColumnHint> hints = hints_from_metadata(table);
    for (ColumnHint& hint : hints) {
        if ((choice & 1U) != 0) hint.charset = "latin1";
        if ((choice & 2U) != 0) hint.fraction_digits = 3;
        if ((choice & 4U) != 0) hint.form = FixedForm::Inet6;
        if ((choice & 8U) != 0) hint.form = FixedForm::Uuid;
        if ((choice & 16U) != 0) hint.elements = {"a", "b"};
        hint.is_unsigned = (choice & 32U) != 0;
    }
    return hints;
}

void decode(dm::ByteView input) {
    dm::ByteCursor cursor(input);
    const std::uint8_t kind = cursor.read_u8();
    const std::uint8_t choice = cursor.read_u8();
    const std::uint16_t map_bytes = cursor.read_u16();
    const TableMap table = decode_table_map(cursor.read_bytes(map_bytes), 0);
    const std::string bits((table.columns.size() + 7) / 8, (kind & 16U) != 0 ? '\x55' : '\xff');
    RowsEvent event;
    event.kind = static_cast<RowsKind>(kind % 3);
    event.is_partial_json = event.kind == RowsKind::Update && (kind & 32U) != 0;
    event.column_count = table.columns.size();
    if (event.kind != RowsKind::Write) event.columns_before = dm::as_bytes(bits);
    if (event.kind != RowsKind::Delete) event.columns_after = dm::as_bytes(bits);
    event.rows = cursor.read_rest();
    const DecodedRows rows = decode_rows(event, RowLayout(table, make_hints(table, choice)));
    for (const dm::model::RowBatch* batch : {&rows.before, &rows.after}) {
        for (std::size_t i = 0; i < batch->size(); ++i) {
            for (const dm::model::Value& value : batch->row(i)) (void)dump_value(value);
        }
    }
}

}  // namespace

/// The input is kind, hints, a table map and row images. Rows decode into values that can be read, or are refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        decode({reinterpret_cast<const std::byte*>(data), size});
    } catch (const dm::Error&) {
        // Refusing is what it may do.
    }
    return 0;
}
