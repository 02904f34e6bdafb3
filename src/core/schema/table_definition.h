#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/names.h"

namespace dm::schema {

/// Families of column types, as far as decoding, literals and keys differ.
enum class ColumnType : std::uint8_t {
    TinyInt,
    SmallInt,
    MediumInt,
    Int,
    BigInt,
    Decimal,
    Float,
    Double,
    Bit,
    Date,
    Time,
    DateTime,
    Timestamp,
    Year,
    Char,
    VarChar,
    TinyText,
    Text,
    MediumText,
    LongText,
    Binary,
    VarBinary,
    TinyBlob,
    Blob,
    MediumBlob,
    LongBlob,
    Enum,
    Set,
    Json,
    Geometry,  ///< all spatial types
    Vector,
    Uuid,
    Inet4,
    Inet6,
};

/// What a generated column is.
enum class Generated : std::uint8_t { No, Virtual, Stored };

/// One column as the server would describe it. A plain value.
struct Column {
    std::string name;
    ColumnType type = ColumnType::Int;
    std::string type_text;  ///< full type as declared, "int(10) unsigned", "enum('a','b')"
    bool is_unsigned = false;
    std::uint32_t length =
        0;  ///< characters or bytes of strings, digits of DECIMAL, bits of BIT, digits of fractional seconds
    std::uint32_t decimals = 0;  ///< DECIMAL scale
    std::string charset;         ///< of text, ENUM and SET; "binary" or empty otherwise
    std::string collation;       ///< likewise
    bool is_nullable = true;
    std::optional<std::string> default_text;  ///< the DEFAULT clause as written, without the word
    bool is_auto_increment = false;
    Generated generated = Generated::No;
    bool is_invisible = false;  ///< declared INVISIBLE; still in the binlog's row images
    /// Stands in row images only, behind all other columns, and no statement can name it: MariaDB's row_start and
    /// row_end of implicit system versioning, and the DB_ROW_HASH_n of unique keys too long for an index.
    bool is_hidden = false;
    bool is_row_period = false;         ///< GENERATED ALWAYS AS ROW START or ROW END: the table is system-versioned
    std::vector<std::string> elements;  ///< members of ENUM and SET, in utf8mb4
    bool is_on_update_now = false;

    bool operator==(const Column&) const = default;
};

struct IndexPart {
    std::string column;               ///< empty for an expression
    std::string expression;           ///< text of a functional key part
    std::uint32_t prefix_length = 0;  ///< characters or bytes; 0 = whole column
    bool is_descending = false;
    bool operator==(const IndexPart&) const = default;
};

enum class IndexKind : std::uint8_t { Primary, Unique, Plain, Fulltext, Spatial };

struct Index {
    std::string name;  ///< "PRIMARY" for the primary key
    IndexKind kind = IndexKind::Plain;
    std::vector<IndexPart> parts;
    bool is_invisible = false;
    bool is_hash = false;  ///< declared USING HASH
    bool operator==(const Index&) const = default;

    [[nodiscard]] bool is_unique() const noexcept { return kind == IndexKind::Primary || kind == IndexKind::Unique; }
};

struct ForeignKey {
    std::string name;
    std::vector<std::string> columns;
    model::TableName parent;
    std::vector<std::string> parent_columns;
    bool changes_children = false;  ///< rows follow their parent: CASCADE, SET NULL or SET DEFAULT
    bool operator==(const ForeignKey&) const = default;
};

/// A table's structure: columns in binlog order and keys. A plain value; share it as shared_ptr<const TableDefinition>.
/// Names of columns and indexes compare without case, as on the server.
struct TableDefinition {
    model::TableName name;
    std::vector<Column> columns;
    std::vector<Index> indexes;  ///< the primary key first if there is one
    std::vector<ForeignKey> foreign_keys;
    std::string charset;
    std::string collation;
    std::string engine;
    std::string comment;
    bool is_partitioned = false;

    bool operator==(const TableDefinition&) const = default;

    /// Index into `columns` of the column called `column`, without regard to ASCII case; nothing if absent.
    [[nodiscard]] std::optional<std::size_t> find_column(std::string_view column) const;
    [[nodiscard]] const Index* find_index(std::string_view index) const;
    [[nodiscard]] const Index* primary_key() const;
    /// The key that identifies a row: the primary key, else the unique index of NOT NULL whole columns with the fewest
    /// and shortest columns; null for a keyless table.
    [[nodiscard]] const Index* row_key() const;
    /// Whether its engine undoes what is rolled back.
    [[nodiscard]] bool has_transactions() const;
};

}  // namespace dm::schema
