#pragma once

#include <memory>

#include "core/binlog/event.h"
#include "core/binlog/row_layout.h"
#include "core/model/value.h"

namespace dm::binlog {

/// Row images of one event. Write fills `after`, Delete `before`, Update both, row by row in the same order.
struct DecodedRows {
    model::RowBatch before;
    model::RowBatch after;
};

/// Decodes all row images of `event`, every column of the table in each row. Columns that an image leaves out are NULL
/// here, which tells nothing of the row: ask RowsEvent::missing_columns first. Values are views over the event's bytes
/// where their text is there as it is. Those bytes are kept alive by `event.owner`, else by `owner` if the caller
/// passes one (what holds the buffer the event was decoded from), else by a copy made here. Throws
/// Error{BinlogMalformed} naming table and column.
///
/// Values: integers Int or UInt; DECIMAL Number; FLOAT, DOUBLE; BIT and YEAR UInt; DATE, TIME, DATETIME, TIMESTAMP Text
/// with exactly the declared fraction digits, TIMESTAMP in UTC; texts Text, or Bytes if their charset is not converted;
/// binary strings, GEOMETRY (SRID and WKB) and VECTOR Bytes; ENUM and SET Text, or UInt if the members are not known or
/// the number has none (an ENUM's 0 is the empty text); JSON Json.
[[nodiscard]] DecodedRows decode_rows(const RowsEvent& event, const RowLayout& layout,
                                      const std::shared_ptr<const void>& owner = {});

}  // namespace dm::binlog
