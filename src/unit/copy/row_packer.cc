#include "unit/copy/row_packer.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::copy {
namespace {

constexpr std::size_t kPacketHead = 64;  // what the protocol adds to a statement, generously

std::uint64_t data_bytes(sql::CellRow row) {
    std::uint64_t bytes = 0;
    for (const sql::Cell& cell : row) bytes += cell ? cell->size() : 0;
    return bytes;
}

}  // namespace

RowPacker::RowPacker(const TableJob& job, target::WriteMode mode, std::size_t statement_bytes, std::size_t packet_bytes)
    : job_(job),
      statement_bytes_(std::min(statement_bytes, packet_bytes - std::min(packet_bytes, kPacketHead))),
      packet_bytes_(packet_bytes),
      builder_(job.target, job.shape.column_names(), mode, statement_bytes_) {}

std::optional<target::InsertStatement> RowPacker::add(sql::CellRow row) {
    const std::uint64_t bytes = data_bytes(row);
    std::optional<target::InsertStatement> complete;
    // A row much larger than those before must not push the statement over the limit.
    if (!builder_.is_empty() && (builder_.is_full() || builder_.size() + bytes > statement_bytes_))
        complete = builder_.take();
    std::string& text = builder_.begin_row();
    const auto& columns = job_.shape.columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) text += ',';
        append_cell(text, row[i], columns[i].kind);
    }
    builder_.end_row(bytes);
    ensure(builder_.size() + kPacketHead <= packet_bytes_, ErrorCode::CopyPlan,
           fmt::format(
               "a row of {} makes a statement of {} bytes, more than the target's max_allowed_packet of {}: raise that",
               job_.source.quoted(), builder_.size(), packet_bytes_));
    return complete;
}

std::optional<target::InsertStatement> RowPacker::rest() {
    if (builder_.is_empty()) return std::nullopt;
    return builder_.take();
}

}  // namespace dm::copy
