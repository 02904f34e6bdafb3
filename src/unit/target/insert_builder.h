#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/names.h"
#include "core/sql/sql_session.h"

namespace dm::target {

/// What a multi-row INSERT does with rows whose key exists.
enum class WriteMode : std::uint8_t {
    Insert,   ///< fails
    Replace,  ///< REPLACE: the existing rows go
    Ignore,   ///< the existing row stays
    Upsert,   ///< ON DUPLICATE KEY UPDATE of all columns
};

/// A complete multi-row statement whose verb can still be changed, because a repetition must be harmless where the
/// first attempt need not be. A value type.
class InsertStatement {
  public:
    InsertStatement() = default;
    InsertStatement(std::string text, WriteMode mode, std::uint64_t rows, std::uint64_t data_bytes);

    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    [[nodiscard]] WriteMode mode() const noexcept { return mode_; }
    [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
    /// Bytes of the rows' values, without what we put around them.
    [[nodiscard]] std::uint64_t data_bytes() const noexcept { return data_bytes_; }
    [[nodiscard]] bool is_empty() const noexcept { return rows_ == 0; }
    /// Changes Insert, Replace or Ignore into one another. An Upsert stays one.
    void set_mode(WriteMode mode);

  private:
    std::string text_;
    WriteMode mode_ = WriteMode::Insert;
    std::uint64_t rows_ = 0;
    std::uint64_t data_bytes_ = 0;
};

/// Builds multi-row INSERTs of one table, each up to a number of bytes. Use: `begin_row`, append the values to the text
/// it returns, separated by commas, `end_row`; `is_full` says when to `take`. Not thread-safe.
class InsertBuilder {
  public:
    /// Without columns the rows are empty tuples.
    InsertBuilder(const model::TableName& table, const std::vector<std::string>& columns, WriteMode mode,
                  std::size_t max_bytes);

    /// The statement's text to append one row's values to; valid until `end_row`.
    std::string& begin_row();
    void end_row(std::uint64_t data_bytes);
    [[nodiscard]] bool is_full() const noexcept { return text_.size() + largest_row_ >= max_bytes_; }
    [[nodiscard]] bool is_empty() const noexcept { return rows_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return text_.size(); }
    /// Bytes of a statement without its rows.
    [[nodiscard]] std::size_t head_bytes() const noexcept { return head_.size() + tail_.size(); }
    /// The statement so far; the builder is empty afterwards.
    InsertStatement take();

  private:
    void start();

    std::string head_;
    std::string tail_;
    WriteMode mode_;
    std::size_t max_bytes_;
    std::string text_;
    std::size_t row_start_ = 0;
    std::size_t largest_row_ = 0;
    std::uint64_t rows_ = 0;
    std::uint64_t data_bytes_ = 0;
};

}  // namespace dm::target
