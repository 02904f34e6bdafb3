#include "unit/copy/row_packer.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::copy {
namespace {

constexpr std::size_t kPacketHead = 64;  // what the protocol adds to a statement, generously
constexpr std::size_t kPacketStep = 1UL << 20U;

std::uint64_t data_bytes(sql::CellRow row) {
    std::uint64_t bytes = 0;
    for (const sql::Cell& cell : row) bytes += cell ? cell->size() : 0;
    return bytes;
}

/// Characters a literal puts around its value, generously.
constexpr std::size_t kLiteralFrame = 12;

/// Length of the row's tuple: never too small, and exact for what is large.
std::size_t tuple_bytes(const std::vector<CopyColumn>& columns, sql::CellRow row) {
    std::size_t bytes = 4;
    for (std::size_t i = 0; i < columns.size(); ++i)
        bytes += kLiteralFrame + (row[i] ? literal_bytes(*row[i], columns[i].kind) : 0);
    return bytes;
}

/// For people: the key of a row, cut where it is long.
std::string shown_key(const TableShape& shape, sql::CellRow row) {
    constexpr std::size_t kShownBytes = 60;
    std::string text;
    for (const KeyColumn& key : shape.key) {
        const auto found = std::ranges::find(shape.columns, key.name, &CopyColumn::name);
        if (found == shape.columns.end()) continue;
        std::string literal;
        const sql::Cell& cell = row[static_cast<std::size_t>(found - shape.columns.begin())];
        append_cell(literal, cell ? sql::Cell(cell->substr(0, kShownBytes)) : cell, found->kind);
        text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", model::quote_identifier(key.name), literal);
    }
    return text.empty() ? "a row without a key" : text;
}

}  // namespace

RowPacker::RowPacker(const TableJob& job, target::WriteMode mode, std::size_t statement_bytes, std::size_t packet_bytes)
    : job_(job),
      statement_bytes_(std::min(statement_bytes, packet_bytes - std::min(packet_bytes, kPacketHead))),
      packet_bytes_(packet_bytes),
      builder_(job.target, job.shape.column_names(), mode, statement_bytes_) {}

bool RowPacker::fits(sql::CellRow row) const {
    // A row much larger than those before must not push the statement over the limit.
    return builder_.is_empty() || (!builder_.is_full() && builder_.size() + data_bytes(row) <= statement_bytes_);
}

std::size_t RowPacker::cost(sql::CellRow row) const {
    const std::size_t bytes = builder_.head_bytes() + tuple_bytes(job_.shape.columns, row) + kPacketHead;
    if (bytes > packet_bytes_) {
        throw Error(
            ErrorCode::CopyPlan,
            fmt::format("the row of {} with {} has {} bytes of data and needs a statement of up to {} bytes, more "
                        "than the target's max_allowed_packet of {}",
                        job_.source.quoted(), shown_key(job_.shape, row), data_bytes(row), bytes, packet_bytes_))
            .with_workaround(fmt::format(
                "Set max_allowed_packet of the target to at least {} (at most 1 GiB), then resume the task.",
                (bytes / kPacketStep + 1) * kPacketStep));
    }
    return std::max(bytes, statement_bytes_);
}

void RowPacker::begin(ByteBudget::Share share) {
    share_ = std::move(share);
    is_begun_ = true;
}

void RowPacker::add(sql::CellRow row) {
    std::string& text = builder_.begin_row();
    const auto& columns = job_.shape.columns;
    if (text.capacity() - text.size() < data_bytes(row)) text.reserve(text.size() + tuple_bytes(columns, row));
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) text += ',';
        append_cell(text, row[i], columns[i].kind);
    }
    builder_.end_row(data_bytes(row));
}

std::optional<Held> RowPacker::take() {
    if (builder_.is_empty()) return std::nullopt;
    is_begun_ = false;
    Held held{.statement = builder_.take(), .share = std::move(share_)};
    held.share.shrink(held.statement.text().size());
    return held;
}

}  // namespace dm::copy
