#include "core/binlog/row_decoder.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/binlog/column_layout.h"
#include "core/binlog/json_binary.h"

namespace dm::binlog {
namespace {

using model::Value;

bool is_set(std::string_view bits, std::size_t index) {
    return (static_cast<unsigned char>(bits[index / 8]) >> (index % 8) & 1U) != 0;
}

/// Length-encoded integer of row images.
std::uint64_t take_packed(RowCursor& cursor) {
    const std::uint64_t first = cursor.little(1);
    if (first < 0xfb) return first;
    if (first == 0xfc) return cursor.little(2);
    if (first == 0xfd) return cursor.little(3);
    ensure(first == 0xfe, ErrorCode::BinlogMalformed, "row image with a wrong length");
    return cursor.little(8);
}

/// Decodes the images of one event in order. Not for reuse.
class ImageReader {
  public:
    ImageReader(const RowsEvent& event, const RowLayout& layout, ByteView rows)
        : columns_(*layout.layouts()),
          before_(count_present(event.columns_before, columns_.size())),
          after_(count_present(event.columns_after, columns_.size())),
          cursor_(rows),
          is_partial_json_(event.is_partial_json) {
        if (!is_partial_json_) return;
        json_before_.resize(columns_.size());
        for (const ColumnLayout& column : columns_) json_columns_ += column.is_json ? 1 : 0;
    }

    [[nodiscard]] bool is_at_end() const { return cursor_.is_at_end(); }
    [[nodiscard]] const char* at() const { return cursor_.at(); }
    /// Index of the column being decoded, for messages.
    [[nodiscard]] std::size_t column() const { return column_; }

    void read_before(model::RowBatch& batch) {
        std::fill(json_before_.begin(), json_before_.end(), std::string_view{});
        read(before_, batch, {});
    }

    void read_after(model::RowBatch& batch) {
        constexpr std::uint64_t kPartialJson = 1;
        std::string_view partial;
        if (is_partial_json_ && (take_packed(cursor_) & kPartialJson) != 0)
            partial = cursor_.take((json_columns_ + 7) / 8);
        read(after_, batch, partial);
    }

  private:
    /// Which columns an image has.
    struct Present {
        std::string_view bits;
        std::size_t count = 0;
    };

    static Present count_present(ByteView bits, std::size_t columns) {
        Present present{as_text(bits)};
        for (std::size_t i = 0; i < columns && !bits.empty(); ++i) present.count += is_set(present.bits, i) ? 1U : 0U;
        return present;
    }

    void read(const Present& present, model::RowBatch& batch, std::string_view partial) {
        const std::string_view nulls = cursor_.take((present.count + 7) / 8);
        const std::span<Value> row = batch.append();
        const DecodeTarget target{batch.arena(), scratch_};
        if (present.count == columns_.size() && !is_partial_json_) return read_all(nulls, row, target);
        std::size_t null_index = 0;
        std::size_t json_index = 0;
        for (column_ = 0; column_ < columns_.size(); ++column_) {
            const ColumnLayout& layout = columns_[column_];
            const bool is_partial = layout.is_json && !partial.empty() && is_set(partial, json_index);
            if (layout.is_json) ++json_index;
            if (!is_set(present.bits, column_) || is_set(nulls, null_index++)) continue;
            row[column_] =
                layout.is_json ? read_json(layout, is_partial, target) : layout.decode(cursor_, layout, target);
        }
    }

    void read_all(std::string_view nulls, std::span<Value> row, const DecodeTarget& target) {
        for (column_ = 0; column_ < row.size(); ++column_) {
            const ColumnLayout& layout = columns_[column_];
            if (!is_set(nulls, column_)) row[column_] = layout.decode(cursor_, layout, target);
        }
    }

    /// A document of an event with differences: the before image's is kept for the after image's.
    Value read_json(const ColumnLayout& layout, bool is_partial, const DecodeTarget& target) {
        const std::string_view bytes = cursor_.take(cursor_.little(layout.width));
        if (json_before_.empty()) return json_value(bytes, false, target);
        if (is_partial) return json_value(bytes, true, target);
        json_before_[column_] = bytes;
        return json_value(bytes, false, target);
    }

    Value json_value(std::string_view bytes, bool is_partial, const DecodeTarget& target) {
        scratch_.clear();
        if (is_partial) {
            append_patched_json(json_before_[column_], bytes, scratch_);
        } else {
            append_json(bytes, scratch_);
        }
        return Value::of_view(model::ValueKind::Json, target.arena.store(scratch_));
    }

    const std::vector<ColumnLayout>& columns_;
    const Present before_;
    const Present after_;
    RowCursor cursor_;
    const bool is_partial_json_;
    std::size_t column_ = 0;
    std::size_t json_columns_ = 0;
    std::string scratch_;
    std::vector<std::string_view> json_before_;  // by column; empty if the event has no differences
};

void read_rows(const RowsEvent& event, ImageReader& images, DecodedRows& rows) {
    while (!images.is_at_end()) {
        const char* const begin = images.at();
        if (event.kind != RowsKind::Write) images.read_before(rows.before);
        if (event.kind != RowsKind::Delete) images.read_after(rows.after);
        ensure(images.at() != begin, ErrorCode::BinlogMalformed, "rows without any columns");
    }
}

}  // namespace

DecodedRows decode_rows(const RowsEvent& event, const RowLayout& layout, const std::shared_ptr<const void>& owner) {
    ensure(event.column_count == layout.columns(), ErrorCode::BinlogMalformed, [&] {
        return fmt::format("rows of {} columns for table {}, which has {}", event.column_count, layout.table().quoted(),
                           layout.columns());
    });
    // Values view the event; where nobody keeps it, one copy of the whole serves them all.
    std::shared_ptr<const void> kept = event.owner ? event.owner : owner;
    ByteView bytes = event.rows;
    if (!kept) {
        auto copy = std::make_shared<const std::string>(as_text(bytes));
        bytes = as_bytes(*copy);
        kept = std::move(copy);
    }
    DecodedRows rows{model::RowBatch(layout.columns()), model::RowBatch(layout.columns())};
    ImageReader images(event, layout, bytes);
    try {
        read_rows(event, images, rows);
    } catch (const Error& error) {
        throw error.with_context(fmt::format("row {} of table {}, column {}",
                                             std::max(rows.before.size(), rows.after.size()), layout.table().quoted(),
                                             images.column() + 1));
    }
    for (model::RowBatch* batch : {&rows.before, &rows.after}) {
        if (batch->is_empty()) continue;
        batch->keep_alive(kept);
        if (layout.lends_members()) batch->keep_alive(layout.layouts());
    }
    return rows;
}

}  // namespace dm::binlog
