#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/byte_cursor.h"
#include "core/binlog/event.h"
#include "core/binlog/row_layout.h"
#include "core/model/value.h"

namespace dm::binlog {

/// One event as text without its rows, statements cut to 120 bytes: "WRITE_ROWS_V2 table=17 end columns=3 ...".
[[nodiscard]] std::string dump_event(const Event& event);
/// One value: NULL, 12, 13u, 1.5, double 1.5, 'text', x'00ff', json '...'; #size:crc32 for text over 200 bytes.
[[nodiscard]] std::string dump_value(const model::Value& value);

/// Gives the hints for a table; for tests, where no tracker is at hand.
using HintSource = std::function<std::vector<ColumnHint>(const TableMap&)>;

/// A whole binlog file as text: each event with the stream's locations, each row with its values.
[[nodiscard]] std::string dump_file(ByteView file, const std::string& name, const HintSource& hints);

}  // namespace dm::binlog
