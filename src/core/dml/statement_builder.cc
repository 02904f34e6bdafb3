#include "core/dml/statement_builder.h"

#include <algorithm>

#include "core/sql/literal.h"

namespace dm::dml {
namespace {

void append_value(std::string& out, const WrittenColumn& column, const model::Value& value) {
    if (value.kind() == model::ValueKind::Bytes) {
        if (column.is_vector_text) return sql::append_vector_text(out, value.text());
        out += column.introducer;
    }
    sql::append_literal(out, value);
}

/// Without a key, rows that a collation calls equal are different rows still.
void append_byte_comparison(std::string& out, const WrittenColumn& column, const model::Value& value) {
    if (value.is_null()) return;
    out += " AND CAST(CONVERT(";
    out += column.name;
    out += " USING utf8mb4) AS BINARY)=CAST(CONVERT(";
    append_value(out, column, value);
    out += " USING utf8mb4) AS BINARY)";
}

void append_tuple(std::string& out, const TablePlan& plan, model::Row row) {
    char separator = '(';
    for (const auto& column : plan.columns()) {
        out += separator;
        append_value(out, column, row[column.column]);
        separator = ',';
    }
    out += separator == '(' ? "()" : ")";
}

std::string insert_head(const OperationGroup& group) {
    std::string head = group.kind == OperationKind::Replace ? "REPLACE INTO " : "INSERT INTO ";
    head += group.plan->quoted_target();
    head += ' ';
    head += group.plan->column_list();
    head += " VALUES ";
    return head;
}

using Columns = std::vector<const WrittenColumn*>;

/// A server looks for a row's branch of a CASE one by one.
constexpr std::size_t kMaxCaseRows = 100;

Columns all_columns(const TablePlan& plan) {
    Columns columns;
    for (const auto& column : plan.columns()) columns.push_back(&column);
    return columns;
}

/// What an update of these rows has to name.
Columns changed_columns(const TablePlan& plan, std::span<const Operation> operations) {
    Columns changed;
    bool is_any = false;
    for (const auto& column : plan.columns()) {
        const bool differs = std::ranges::any_of(operations, [&](const Operation& operation) {
            return !(operation.before[column.column] == operation.after[column.column]);
        });
        if (differs || column.is_always_set) changed.push_back(&column);
        is_any = is_any || differs;
    }
    return is_any ? changed : all_columns(plan);
}

std::string upsert_tail(const Columns& columns) {
    std::string tail;
    for (const WrittenColumn* column : columns) {
        tail += tail.empty() ? " ON DUPLICATE KEY UPDATE " : ",";
        tail += column->name;
        tail += "=VALUES(";
        tail += column->name;
        tail += ')';
    }
    return tail;
}

std::string tail_of(const OperationGroup& group) {
    if (group.kind == OperationKind::Renew) return upsert_tail(all_columns(*group.plan));
    if (group.kind == OperationKind::Upsert) return upsert_tail(changed_columns(*group.plan, group.operations));
    return {};
}

/// The most bytes that the values take in a statement.
std::size_t bytes_at_most(const Columns& columns, model::Row row) {
    std::size_t bytes = 0;
    for (const WrittenColumn* column : columns) {
        const model::Value& value = row[column->column];
        bytes += 64 + column->introducer.size() + (value.is_view() ? 2 * value.text().size() : 0);
    }
    return bytes;
}

/// UPDATE t SET a=CASE id WHEN 1 THEN 'x' WHEN 2 THEN 'y' END WHERE id IN (1,2)
Statement joint_update(const TablePlan& plan, const WrittenColumn& key, const Columns& columns,
                       std::span<const Operation> operations) {
    Statement statement{.text = "UPDATE ", .rows = operations.size(), .expected_rows = operations.size()};
    std::string& text = statement.text;
    text += plan.quoted_target();
    std::string_view separator = " SET ";
    for (const WrittenColumn* column : columns) {
        text += separator;
        text += column->name;
        text += "=CASE ";
        text += key.name;
        for (const Operation& operation : operations) {
            text += " WHEN ";
            append_value(text, key, operation.before[key.column]);
            text += " THEN ";
            append_value(text, *column, operation.after[column->column]);
        }
        text += " END";
        separator = ",";
    }
    text += " WHERE ";
    text += key.name;
    separator = " IN (";
    for (const Operation& operation : operations) {
        text += separator;
        append_value(text, key, operation.before[key.column]);
        separator = ",";
    }
    text += ')';
    return statement;
}

/// Affected rows tell how many were new; those that existed count 2 or 0, so nothing can be expected of them.
std::size_t expected_of(OperationKind kind, std::size_t rows) { return kind == OperationKind::Insert ? rows : 0; }

}  // namespace

void StatementBuilder::append_rows(const OperationGroup& group, std::vector<Statement>& out) const {
    const std::string head = insert_head(group);
    const std::string tail = tail_of(group);
    Statement statement;
    std::string tuple;
    const auto finish = [&] {
        statement.text += tail;
        statement.expected_rows = expected_of(group.kind, statement.rows);
        out.push_back(std::exchange(statement, {}));
    };
    for (const Operation& operation : group.operations) {
        tuple.clear();
        append_tuple(tuple, *group.plan, operation.after);
        if (statement.rows > 0 && statement.text.size() + tuple.size() + tail.size() + 1 > options_.max_bytes) finish();
        statement.text += statement.rows == 0 ? std::string_view(head) : std::string_view(",");
        statement.text += tuple;
        ++statement.rows;
    }
    if (statement.rows > 0) finish();
}

void StatementBuilder::append_comparison(std::string& out, const WrittenColumn& column,
                                         const model::Value& value) const {
    out += column.name;
    if (value.is_null()) {
        out += " IS NULL";
        return;
    }
    out += '=';
    if (value.kind() == model::ValueKind::Float) {
        // Servers compare FLOAT columns as doubles: the short decimal of a float is another number.
        sql::append_literal(out, model::Value::of_double(value.as_double()));
    } else if (column.is_json && options_.json_cast) {
        out += "CAST(";
        append_value(out, column, value);
        out += " AS JSON)";
    } else {
        append_value(out, column, value);
    }
}

void StatementBuilder::append_condition(std::string& out, const TablePlan& plan, model::Row row) const {
    std::string_view separator;
    const auto add = [&](const WrittenColumn& column) {
        out += separator;
        append_comparison(out, column, row[column.column]);
        separator = " AND ";
    };
    const UniqueKey* key = plan.where_key(row);
    if (key == nullptr) {
        for (const auto& column : plan.columns()) {
            add(column);
            if (column.is_folded) append_byte_comparison(out, column, row[column.column]);
        }
        return;
    }
    for (const auto& part : key->parts) add(plan.named(part.column));
}

void StatementBuilder::append_update(const TablePlan& plan, const Operation& operation,
                                     std::vector<Statement>& out) const {
    Statement statement{.text = "UPDATE ", .rows = 1, .expected_rows = 1};
    statement.text += plan.quoted_target();
    std::string_view separator = " SET ";
    for (const WrittenColumn* column : changed_columns(plan, {&operation, 1})) {
        statement.text += separator;
        statement.text += column->name;
        statement.text += '=';
        append_value(statement.text, *column, operation.after[column->column]);
        separator = ",";
    }
    statement.text += " WHERE ";
    append_condition(statement.text, plan, operation.before);
    statement.text += " LIMIT 1";
    out.push_back(std::move(statement));
}

/// False if these rows cannot be told apart by a CASE, or their new values not stand in one.
bool StatementBuilder::append_joint_updates(const OperationGroup& group, std::vector<Statement>& out) const {
    const WrittenColumn* key = group.plan->case_key();
    if (key == nullptr || group.operations.size() < 2) return false;
    const std::span<const Operation> all = group.operations;
    const bool keeps_keys = std::ranges::all_of(
        all, [&](const Operation& operation) { return operation.before[key->column] == operation.after[key->column]; });
    const Columns columns = changed_columns(*group.plan, all);
    if (!keeps_keys || !std::ranges::all_of(columns, &WrittenColumn::fits_case)) return false;
    std::size_t begin = 0;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::size_t more = bytes_at_most(columns, all[i].after);
        if (i > begin && (i - begin >= kMaxCaseRows || bytes + more > options_.max_bytes)) {
            out.push_back(joint_update(*group.plan, *key, columns, all.subspan(begin, i - begin)));
            begin = i;
            bytes = 0;
        }
        bytes += more;
    }
    out.push_back(joint_update(*group.plan, *key, columns, all.subspan(begin)));
    return true;
}

void StatementBuilder::append_updates(const OperationGroup& group, std::vector<Statement>& out) const {
    for (const Operation& operation : group.operations) append_update(*group.plan, operation, out);
}

void StatementBuilder::append_in_list(const OperationGroup& group, const WrittenColumn& column,
                                      std::vector<Statement>& out) const {
    const std::string head = "DELETE FROM " + group.plan->quoted_target() + " WHERE " + column.name + " IN (";
    Statement statement;
    const auto finish = [&] {
        statement.text += ')';
        statement.expected_rows = statement.rows;
        out.push_back(std::exchange(statement, {}));
    };
    std::string value;
    for (const Operation& operation : group.operations) {
        value.clear();
        append_value(value, column, operation.before[column.column]);
        if (statement.rows > 0 && statement.text.size() + value.size() + 2 > options_.max_bytes) finish();
        statement.text += statement.rows == 0 ? std::string_view(head) : std::string_view(",");
        statement.text += value;
        ++statement.rows;
    }
    if (statement.rows > 0) finish();
}

void StatementBuilder::append_deletes(const OperationGroup& group, std::vector<Statement>& out) const {
    const TablePlan& plan = *group.plan;
    const UniqueKey* key = plan.row_key();
    const bool has_float =
        key != nullptr && group.operations.front().before[key->parts.front().column].kind() == model::ValueKind::Float;
    if (key != nullptr && key->parts.size() == 1 && group.operations.size() > 1 && !has_float) {
        append_in_list(group, plan.named(key->parts.front().column), out);
        return;
    }
    const std::string head = "DELETE FROM " + plan.quoted_target() + " WHERE ";
    Statement statement;
    const auto finish = [&](bool is_limited) {
        if (is_limited) statement.text += " LIMIT 1";
        statement.expected_rows = statement.rows;
        out.push_back(std::exchange(statement, {}));
    };
    for (const Operation& operation : group.operations) {
        const bool is_alone = key == nullptr;
        if (statement.rows > 0 && (is_alone || statement.text.size() > options_.max_bytes / 2))
            finish(is_alone || statement.rows == 1);
        statement.text += statement.rows == 0 ? std::string_view(head) : std::string_view(" OR ");
        statement.text += '(';
        append_condition(statement.text, plan, operation.before);
        statement.text += ')';
        ++statement.rows;
    }
    if (statement.rows > 0) finish(statement.rows == 1);
}

void StatementBuilder::append(const OperationGroup& group, std::vector<Statement>& out) const {
    if (group.operations.empty() || group.plan->columns().empty()) return;
    switch (group.kind) {
        case OperationKind::Insert:
        case OperationKind::Replace:
        case OperationKind::Renew:
            append_rows(group, out);
            break;
        case OperationKind::Upsert:
            if (append_joint_updates(group, out)) break;
            if (group.operations.size() == 1) {
                append_updates(group, out);
            } else {
                append_rows(group, out);
            }
            break;
        case OperationKind::Update:
            if (!append_joint_updates(group, out)) append_updates(group, out);
            break;
        case OperationKind::Delete:
            append_deletes(group, out);
            break;
    }
}

}  // namespace dm::dml
