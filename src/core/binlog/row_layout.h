#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/binlog/table_map.h"

namespace dm::binlog {

/// Fixed binary strings that stand for something with a text form of its own (MariaDB).
enum class FixedForm : std::uint8_t { None, Uuid, Inet4, Inet6 };

/// What a table map does not reliably tell about a column; the table's structure does.
struct ColumnHint {
    bool is_unsigned = false;
    std::string charset;             ///< of text, ENUM and SET: "utf8mb4", "latin1", "gbk"...; "binary" or empty: bytes
    std::uint32_t fixed_length = 0;  ///< BINARY(n): padded with zeros to n; 0: as long as the table map says
    FixedForm form = FixedForm::None;
    std::uint8_t fraction_digits = 0;   ///< of TIME, DATETIME, TIMESTAMP; needed only for MariaDB's old formats
    std::vector<std::string> elements;  ///< members of ENUM and SET in utf8mb4; empty: values are numbers
};

/// Hints as far as the table map's optional metadata has them (all, if binlog_row_metadata is FULL).
[[nodiscard]] std::vector<ColumnHint> hints_from_metadata(const TableMap& table);

/// What becomes of a text's bytes.
enum class TextHandling : std::uint8_t {
    AsIs,    ///< utf8mb4, utf8mb3, ascii: already utf8mb4, kind Text
    Latin1,  ///< cp1252 as the server understands it: converted, kind Text
    Bytes,   ///< binary, or a charset passed on untouched (see RowLayout::charset): kind Bytes
};

struct ColumnLayout;

/// How to decode the rows of one table: table map and hints compiled once. Immutable after construction; copies share
/// what was compiled. May be used from several threads. Decoded rows keep what they view of it alive themselves.
class RowLayout {
  public:
    using Columns = std::shared_ptr<const std::vector<ColumnLayout>>;

    /// Throws Error{BinlogUnsupported} for a column type it cannot decode and Error{BinlogMalformed} if the number of
    /// hints is not the number of columns or metadata is out of range.
    RowLayout(const TableMap& table, std::span<const ColumnHint> hints);

    [[nodiscard]] const model::TableName& table() const noexcept { return name_; }
    [[nodiscard]] std::size_t columns() const noexcept;
    /// Charset of a text column whose values come as Bytes because they are not converted ("gbk"): write them as
    /// `_gbk x'..'`. Empty for real binary strings and for everything that comes as Text.
    [[nodiscard]] std::string_view charset(std::size_t column) const;
    [[nodiscard]] const Columns& layouts() const noexcept { return columns_; }
    /// True if decoded values may view the names of ENUM members kept here.
    [[nodiscard]] bool lends_members() const noexcept { return lends_members_; }

  private:
    model::TableName name_;
    Columns columns_;
    bool lends_members_ = false;
};

}  // namespace dm::binlog
