#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dm::sync {

/// Which rows events of a transaction its session has undone though they are in the binlog. Servers cut what is undone
/// out of the binlog, unless the transaction has used a temporary table or one without transactions: then ROLLBACK
/// stands at its end, or ROLLBACK TO SAVEPOINT amid it. A value type; one thread.
class UndoneChanges {
  public:
    /// Rows events of a transaction from `begin` up to `end`, counted from 0.
    struct Range {
        std::size_t begin = 0;
        std::size_t end = 0;
        bool operator==(const Range&) const = default;
    };
    /// A transaction begins, perhaps one that was read in part before.
    void begin_transaction();
    /// What the transaction will undo is known: all of it. Statements undo nothing more then.
    void foresee(std::vector<Range> undone);
    /// Whether the rows event of that number is among it.
    [[nodiscard]] bool is_foreseen(std::size_t number) const;
    /// A rows event of it; returns its number.
    std::size_t count() noexcept { return count_++; }
    /// The rows events that a statement amid it, or at its end, undoes, in their order, each once. Nothing if it is no
    /// statement about savepoints or the transaction's end.
    [[nodiscard]] std::optional<std::vector<Range>> undone_by(std::string_view statement);

  private:
    struct Savepoint {
        std::string name;
        std::size_t place = 0;  ///< number of the next rows event
    };
    std::vector<Range> undo(std::size_t from);

    std::size_t count_ = 0;
    std::vector<Savepoint> savepoints_;
    std::vector<Range> undone_;
    std::optional<std::vector<Range>> foreseen_;
};

}  // namespace dm::sync
