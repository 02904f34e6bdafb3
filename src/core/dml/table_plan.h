#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/value.h"
#include "core/schema/table_definition.h"

namespace dm::dml {

/// How the values of a key's column are compared downstream, so that equal values get equal hashes.
enum class KeyForm : std::uint8_t {
    Exact,   ///< byte by byte
    Padded,  ///< byte by byte, trailing spaces do not count
    Folded,  ///< by a collation that ignores case, accents or more: see fold_text
    Number,  ///< by numeric value, whatever the kind
    Opaque,  ///< cannot be told: all values count as equal
};

struct KeyPart {
    std::size_t column = 0;  ///< index in the row image
    KeyForm form = KeyForm::Exact;
    std::uint32_t prefix = 0;  ///< characters (bytes for binary strings) that count; 0 = all
};

/// A downstream unique key over columns the source has.
struct UniqueKey {
    std::string name;
    std::vector<KeyPart> parts;
    std::uint64_t seed = 0;    ///< tells tables and keys apart in hashes
    bool is_not_null = false;  ///< no column can be NULL downstream
    bool identifies = false;   ///< may stand in a WHERE: every column is at hand and comparable
};

/// One column that statements name.
struct WrittenColumn {
    std::size_t column = 0;       ///< index in the row image
    std::string name;             ///< quoted
    std::string introducer;       ///< "_gbk " where the value's bytes are in that charset; else empty
    bool is_json = false;         ///< comparing needs a cast
    bool is_vector_text = false;  ///< a vector, for a target that takes it as text
    bool is_folded = false;       ///< text: values that compare equal may differ in case, accents or trailing spaces
    /// An update always names it: left out, the target might set it to the time of the update.
    bool is_always_set = false;
    bool is_enum = false;           ///< upstream
    bool has_empty_member = false;  ///< an empty text is a member of it, not its error value
    /// The values of several rows may stand in one CASE: their literals are of one type, which the column takes
    /// exactly.
    bool fits_case = false;
};

/// What row images hold.
enum class Images : std::uint8_t {
    Whole,
    WithoutGenerated,  ///< some lack the columns that the source computes
};

/// How the target takes values of VECTOR columns.
enum class VectorForm : std::uint8_t { Bytes, Text };

/// Everything the structures say about writing one source table's rows into its target, compiled once and used for each
/// row. Immutable after `compile`, so free to share between threads.
class TablePlan {
  public:
    /// `charsets` gives per source column the charset of values that come as bytes ("" for none); may be empty.
    /// Columns: all of the source but those that the target generates. Columns the target has more take their default.
    /// Without generated columns in the images, keys of such columns identify no row, and values of theirs count as
    /// equal: all images of a table must be hashed by plans of one kind.
    static TablePlan compile(const schema::TableDefinition& source, const schema::TableDefinition& target,
                             const std::vector<std::string>& charsets = {}, Images images = Images::Whole,
                             VectorForm vectors = VectorForm::Bytes);

    [[nodiscard]] const model::TableName& source() const noexcept { return source_; }
    [[nodiscard]] const model::TableName& target() const noexcept { return target_; }
    [[nodiscard]] const std::string& quoted_target() const noexcept { return quoted_target_; }
    [[nodiscard]] std::size_t row_width() const noexcept { return row_width_; }
    [[nodiscard]] const std::vector<WrittenColumn>& columns() const noexcept { return columns_; }
    /// "(`a`,`b`)".
    [[nodiscard]] const std::string& column_list() const noexcept { return column_list_; }
    /// The key that identifies every row: the primary key, else the first unique key without NULLs; null if there is
    /// none.
    [[nodiscard]] const UniqueKey* row_key() const noexcept { return row_key_ ? &keys_[*row_key_] : nullptr; }
    /// The key to find this row by: the row key, else the first unique key without a NULL in it; null: by all columns.
    [[nodiscard]] const UniqueKey* where_key(model::Row row) const noexcept;
    [[nodiscard]] const std::vector<UniqueKey>& unique_keys() const noexcept { return keys_; }
    /// Rows that no unique key tells apart for certain are also ordered by their whole content.
    [[nodiscard]] const UniqueKey& whole_row() const noexcept { return whole_row_; }
    /// The written integer column that alone is the row key, by which a CASE can tell rows apart; null if there is
    /// none.
    [[nodiscard]] const WrittenColumn* case_key() const noexcept;
    /// How conditions name a column that a key consists of: a written one, or one that the target generates.
    [[nodiscard]] const WrittenColumn& named(std::size_t column) const noexcept;
    /// False if the target has a column of its own that must be given a value: then a row cannot be inserted to update
    /// it.
    [[nodiscard]] bool can_upsert() const noexcept { return can_upsert_; }
    /// False if the target's table keeps what is rolled back (MyISAM); MySQL with GTIDs then takes no transaction of
    /// several statements with it.
    [[nodiscard]] bool has_transactions() const noexcept { return has_transactions_; }
    /// True if the target has no column of its own whose value a new row would take from its default.
    [[nodiscard]] bool covers_target() const noexcept { return covers_target_; }
    /// The target's key under which rows may be equal that differ upstream, for people; empty if there is none. What is
    /// written in safe mode may then take the place of another row.
    [[nodiscard]] const std::string& coarser_key() const noexcept { return coarser_key_; }
    /// True for a column that the source computes, and those that no statement can name.
    [[nodiscard]] bool is_generated(std::size_t column) const noexcept;
    /// True for a generated column that nothing reads: the target computes its own, and no key consists of it. Where an
    /// image lacks it, the row's value (NULL) says nothing.
    [[nodiscard]] bool may_be_missing(std::size_t column) const noexcept;
    /// True if an update changes a column of any unique key, or any column at all if there is no row key.
    [[nodiscard]] bool changes_unique_key(model::Row before, model::Row after) const noexcept;

  private:
    void add_columns(const schema::TableDefinition& source, const schema::TableDefinition& target,
                     const std::vector<std::string>& charsets, VectorForm vectors);
    void add_keys(const schema::TableDefinition& source, const schema::TableDefinition& target, Images images);

    model::TableName source_;
    model::TableName target_;
    std::string quoted_target_;
    std::string column_list_;
    std::size_t row_width_ = 0;
    std::vector<WrittenColumn> columns_;
    std::vector<WrittenColumn> generated_;  // by the target: may be compared, not written
    std::vector<bool> is_generated_;        // by the source; by column of the row image
    std::vector<UniqueKey> keys_;           // the primary key first
    std::optional<std::size_t> row_key_;
    UniqueKey whole_row_;
    std::optional<std::size_t> case_key_;  // in columns_
    bool can_upsert_ = true;
    bool has_transactions_ = true;
    bool covers_target_ = true;
    std::string coarser_key_;
};

}  // namespace dm::dml
