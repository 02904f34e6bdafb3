#include "unit/target/insert_builder.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace dm::target {
namespace {

/// All verbs have the same length, so that one can replace another in a built statement.
constexpr std::string_view verb_of(WriteMode mode) {
    switch (mode) {
        case WriteMode::Replace:
            return "REPLACE       INTO ";
        case WriteMode::Ignore:
            return "INSERT IGNORE INTO ";
        case WriteMode::Insert:
        case WriteMode::Upsert:
            break;
    }
    return "INSERT        INTO ";
}

std::string column_list(const std::vector<std::string>& columns) {
    std::string list;
    for (const std::string& column : columns) {
        if (!list.empty()) list += ',';
        list += model::quote_identifier(column);
    }
    return list;
}

std::string upsert_tail(const std::vector<std::string>& columns) {
    std::string tail = " ON DUPLICATE KEY UPDATE ";
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::string name = model::quote_identifier(columns[i]);
        tail += fmt::format("{}{}=VALUES({})", i == 0 ? "" : ",", name, name);
    }
    return tail;
}

}  // namespace

InsertStatement::InsertStatement(std::string text, WriteMode mode, std::uint64_t rows, std::uint64_t data_bytes)
    : text_(std::move(text)), mode_(mode), rows_(rows), data_bytes_(data_bytes) {}

void InsertStatement::set_mode(WriteMode mode) {
    if (mode_ == WriteMode::Upsert || mode == WriteMode::Upsert || mode == mode_) return;
    mode_ = mode;
    text_.replace(0, verb_of(mode).size(), verb_of(mode));
}

InsertBuilder::InsertBuilder(const model::TableName& table, const std::vector<std::string>& columns, WriteMode mode,
                             std::size_t max_bytes)
    : head_(fmt::format("{}{} ({}) VALUES ", verb_of(mode), table.quoted(), column_list(columns))),
      tail_(mode == WriteMode::Upsert && !columns.empty() ? upsert_tail(columns) : std::string()),
      mode_(mode),
      max_bytes_(max_bytes) {}

void InsertBuilder::start() {
    text_.clear();
    text_.reserve(std::min<std::size_t>(max_bytes_ + largest_row_, 2 * max_bytes_));
    text_ += head_;
}

std::string& InsertBuilder::begin_row() {
    if (rows_ == 0) start();
    row_start_ = text_.size();
    text_ += rows_ == 0 ? "(" : ",(";
    return text_;
}

void InsertBuilder::end_row(std::uint64_t data_bytes) {
    text_ += ')';
    largest_row_ = std::max(largest_row_, text_.size() - row_start_);
    ++rows_;
    data_bytes_ += data_bytes;
}

InsertStatement InsertBuilder::take() {
    text_ += tail_;
    InsertStatement statement(std::exchange(text_, {}), mode_, std::exchange(rows_, 0), std::exchange(data_bytes_, 0));
    largest_row_ = 0;
    return statement;
}

}  // namespace dm::target
