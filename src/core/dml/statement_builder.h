#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/dml/batch_planner.h"

namespace dm::dml {

/// One statement ready to run.
struct Statement {
    std::string text;
    std::size_t rows = 0;  ///< operations it stands for
    /// The affected rows that a server reports if every row was found: less means that rows were missing.
    /// 0 where the number says nothing.
    std::size_t expected_rows = 0;
};

/// Writes the statements of operation groups. Updates name the columns that change; several rows are updated by one
/// statement, with a CASE for each column where the key is one integer, else by an upsert. Stateless but for its
/// limits; one thread per object.
class StatementBuilder {
  public:
    struct Options {
        std::size_t max_bytes = 1UL << 20U;  ///< a statement of several rows ends before it would be longer
        bool json_cast = true;               ///< compare JSON columns by a cast (MySQL, TiDB); MariaDB's JSON is text
    };
    explicit StatementBuilder(Options options) : options_(options) {}

    /// Appends the statements of `group` to `out`; they may run in one transaction in this order.
    void append(const OperationGroup& group, std::vector<Statement>& out) const;

  private:
    void append_rows(const OperationGroup& group, std::vector<Statement>& out) const;
    void append_updates(const OperationGroup& group, std::vector<Statement>& out) const;
    void append_deletes(const OperationGroup& group, std::vector<Statement>& out) const;
    void append_in_list(const OperationGroup& group, const WrittenColumn& column, std::vector<Statement>& out) const;
    void append_condition(std::string& out, const TablePlan& plan, model::Row row) const;
    void append_comparison(std::string& out, const WrittenColumn& column, const model::Value& value) const;
    void append_update(const TablePlan& plan, const Operation& operation, std::vector<Statement>& out) const;
    [[nodiscard]] bool append_joint_updates(const OperationGroup& group, std::vector<Statement>& out) const;

    Options options_;
};

}  // namespace dm::dml
