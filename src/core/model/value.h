#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace dm::model {

/// How a value is written into a statement.
enum class ValueKind : std::uint8_t {
    Null,
    Int,      ///< signed integer
    UInt,     ///< unsigned integer; also BIT, YEAR, and the numbers of ENUM and SET members
    Float,    ///< FLOAT, kept in `real` as the float's exact value
    Double,   ///< DOUBLE
    Number,   ///< DECIMAL: digits as text, written without quotes
    Text,     ///< text in utf8mb4, and DATE, TIME, DATETIME, TIMESTAMP: written quoted and escaped
    Bytes,    ///< binary strings, and text in a charset that is sent as it is: written as a hexadecimal literal
    Json,     ///< JSON document as text in utf8mb4
    Default,  ///< the column's default; only in hand-made rows
};

/// One column's value: 24 bytes, trivially copyable. `text` views bytes that the row's owner keeps (RowBatch or a
/// result buffer); nothing here owns memory. Equality is by kind and content.
class Value {
  public:
    Value() = default;
    static Value null() noexcept { return {}; }
    static Value of_int(std::int64_t v) noexcept {
        Value r;
        r.kind_ = ValueKind::Int;
        r.number_.i = v;
        return r;
    }
    static Value of_uint(std::uint64_t v) noexcept {
        Value r;
        r.kind_ = ValueKind::UInt;
        r.number_.u = v;
        return r;
    }
    static Value of_float(float v) noexcept {
        Value r;
        r.kind_ = ValueKind::Float;
        r.number_.d = static_cast<double>(v);
        return r;
    }
    static Value of_double(double v) noexcept {
        Value r;
        r.kind_ = ValueKind::Double;
        r.number_.d = v;
        return r;
    }
    /// `kind` is Number, Text, Bytes or Json.
    static Value of_view(ValueKind kind, std::string_view v) noexcept {
        Value r;
        r.kind_ = kind;
        r.number_.p = v.data();
        r.size_ = v.size();
        return r;
    }

    [[nodiscard]] ValueKind kind() const noexcept { return kind_; }
    [[nodiscard]] bool is_null() const noexcept { return kind_ == ValueKind::Null; }
    [[nodiscard]] bool is_view() const noexcept { return kind_ >= ValueKind::Number && kind_ <= ValueKind::Json; }
    [[nodiscard]] std::int64_t as_int() const noexcept { return number_.i; }
    [[nodiscard]] std::uint64_t as_uint() const noexcept { return number_.u; }
    [[nodiscard]] double as_double() const noexcept { return number_.d; }
    [[nodiscard]] std::string_view text() const noexcept { return {number_.p, size_}; }

    bool operator==(const Value& other) const noexcept;

  private:
    union {
        std::int64_t i;
        std::uint64_t u;
        double d;
        const char* p;
    } number_{.u = 0};
    std::size_t size_ = 0;
    ValueKind kind_ = ValueKind::Null;
};

/// One row image: values in the order of the columns it was logged or selected with.
using Row = std::span<const Value>;

/// Bytes that live as long as the arena. Grows in blocks, never moves what it gave out. Not thread-safe.
class ByteArena {
  public:
    /// Copies `bytes` in and returns the stable view.
    std::string_view store(std::string_view bytes);
    /// `size` writable bytes; the caller fills them.
    std::span<char> allocate(std::size_t size);
    [[nodiscard]] std::size_t allocated_bytes() const noexcept { return total_; }
    void clear() noexcept;

  private:
    static constexpr std::size_t kBlockBytes = 16UL << 10U;
    std::vector<std::unique_ptr<char[]>> blocks_;
    char* free_ = nullptr;
    std::size_t left_ = 0;
    std::size_t total_ = 0;
};

/// Rows of one width with the memory their values view. Moves cheaply, does not copy. Not thread-safe.
class RowBatch {
  public:
    RowBatch() = default;
    explicit RowBatch(std::size_t columns) : columns_(columns) {}

    [[nodiscard]] std::size_t columns() const noexcept { return columns_; }
    [[nodiscard]] std::size_t size() const noexcept { return columns_ == 0 ? 0 : cells_.size() / columns_; }
    [[nodiscard]] bool is_empty() const noexcept { return cells_.empty(); }
    [[nodiscard]] Row row(std::size_t index) const noexcept { return {cells_.data() + index * columns_, columns_}; }
    /// Appends a row of NULLs and returns it for filling; the span is valid until the next append.
    std::span<Value> append();
    /// The last row becomes the first.
    void reverse() noexcept;
    [[nodiscard]] ByteArena& arena() noexcept { return arena_; }
    /// Memory held, for queue limits.
    [[nodiscard]] std::size_t bytes() const noexcept {
        return cells_.size() * sizeof(Value) + arena_.allocated_bytes();
    }
    /// Keeps `owner` (for example an event's buffer) alive as long as the rows that view it.
    void keep_alive(std::shared_ptr<const void> owner) { owners_.push_back(std::move(owner)); }

  private:
    std::size_t columns_ = 0;
    std::vector<Value> cells_;
    ByteArena arena_;
    std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace dm::model
