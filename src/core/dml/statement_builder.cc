#include "core/dml/statement_builder.h"

#include "core/sql/literal.h"

namespace dm::dml {
namespace {

void append_value(std::string& out, const WrittenColumn& column, const model::Value& value) {
    if (value.kind() == model::ValueKind::Bytes) out += column.introducer;
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

std::string upsert_tail(const TablePlan& plan) {
    std::string tail;
    for (const auto& column : plan.columns()) {
        tail += tail.empty() ? " ON DUPLICATE KEY UPDATE " : ",";
        tail += column.name;
        tail += "=VALUES(";
        tail += column.name;
        tail += ')';
    }
    return tail;
}

/// Affected rows tell how many were new; those that existed count 2 or 0, so nothing can be expected of them.
std::size_t expected_of(OperationKind kind, std::size_t rows) { return kind == OperationKind::Insert ? rows : 0; }

}  // namespace

void StatementBuilder::append_rows(const OperationGroup& group, std::vector<Statement>& out) const {
    const std::string head = insert_head(group);
    const std::string tail = group.kind == OperationKind::Upsert ? upsert_tail(*group.plan) : std::string();
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
    for (const auto& column : plan.columns()) {
        statement.text += separator;
        statement.text += column.name;
        statement.text += '=';
        append_value(statement.text, column, operation.after[column.column]);
        separator = ",";
    }
    statement.text += " WHERE ";
    append_condition(statement.text, plan, operation.before);
    statement.text += " LIMIT 1";
    out.push_back(std::move(statement));
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
            append_rows(group, out);
            break;
        case OperationKind::Upsert:
            if (group.operations.size() == 1) {
                append_updates(group, out);
            } else {
                append_rows(group, out);
            }
            break;
        case OperationKind::Update:
            append_updates(group, out);
            break;
        case OperationKind::Delete:
            append_deletes(group, out);
            break;
    }
}

}  // namespace dm::dml
