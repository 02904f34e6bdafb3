#include "unit/copy/target_table.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "core/sql/lexer.h"
#include "core/sql/literal.h"
#include "unit/copy/create_table.h"
#include "unit/target/adaptation.h"
#include "unit/target/downstream.h"
#include "unit/target/server_error.h"

namespace dm::copy {
namespace {

bool is_transient(const Error& error) {
    return error.retry_class() == RetryClass::Resume || target::is_connection_lost(error);
}

/// Runs the statement, then, if the server refuses it, its adapted form. False: that was it.
bool execute_or_adapt(sql::SqlSession& downstream, const std::string& statement, const std::string& what,
                      const Adaptation& adaptation) {
    try {
        downstream.execute(sql::translate_words(statement, downstream.version()));
        return true;
    } catch (const Error& error) {
        if (is_transient(error)) throw;
        const std::string advice = "Create it in the target by hand, then resume the task.";
        const auto adapted =
            target::adapt_refused(statement, downstream.version(),
                                  {.error = error,
                                   .what = what,
                                   .keeps_collations = adaptation.keeps_collations,
                                   .code = ErrorCode::CopyPlan,
                                   .workaround = "Create it in the target by hand with a collation of your choice, "
                                                 "then resume the task; or set `collation_compatible: loose`."});
        if (!adapted) {
            throw Error(ErrorCode::CopyPlan, fmt::format("the target refuses to create {}", what))
                .with_cause(error)
                .with_workaround(advice);
        }
        try {
            downstream.execute(adapted->text);
        } catch (const Error& second) {
            if (is_transient(second)) throw;
            throw Error(ErrorCode::CopyPlan, fmt::format("the target refuses to create {}, also after adapting it ({})",
                                                         what, fmt::join(adapted->changes, "; ")))
                .with_cause(second)
                .with_workaround(advice);
        }
        adaptation.notices.add(std::string(target::kAdapted), what,
                               fmt::format("{}", fmt::join(adapted->changes, "; ")));
        return false;
    }
}

/// Whether a table was refused for its foreign keys: the parent's structure in the target does not suit them, or the
/// target has none in partitioned tables.
bool is_foreign_key_refusal(const Error& error) {
    constexpr int kCannotCreate = 1005;  // for reasons of many kinds
    constexpr auto kNumbers = std::to_array<int>({1215, 1506, 1822, 3780, 6125});
    const auto number = target::sql_error_number(error);
    if (number == kCannotCreate) return error.raw_cause().find("errno: 150") != std::string::npos;
    return number && std::ranges::find(kNumbers, *number) != kNumbers.end();
}

std::string text_literal(std::string_view text) {
    std::string literal;
    sql::append_quoted(literal, text);
    return literal;
}

}  // namespace

void ensure_schema(sql::SqlSession& upstream, sql::SqlSession& downstream, const std::string& source,
                   const std::string& target, const Adaptation& adaptation) {
    // Asked beforehand, because servers answer variously when a table's schema is not there.
    if (target::has_schema(downstream, target)) return;
    std::string statement = fmt::format("CREATE DATABASE IF NOT EXISTS {}", model::quote_identifier(target));
    if (const auto defaults = target::fetch_schema_charset(upstream, source))
        statement += fmt::format(" DEFAULT CHARACTER SET {} COLLATE {}", defaults->charset, defaults->collation);
    execute_or_adapt(downstream, statement, fmt::format("schema {}", model::quote_identifier(target)), adaptation);
}

bool create_target_table(sql::SqlSession& downstream, const TableSource& source, const model::TableName& target,
                         const Adaptation& adaptation) {
    if (sql::has_overlap_key(source.create_table)) {
        throw Error(ErrorCode::CopyPlan, fmt::format("{} has a key WITHOUT OVERLAPS, and no server repeats rows under "
                                                     "such a key",
                                                     target.quoted()))
            .with_workaround(
                "Create the table in the target with an ordinary key of the same columns and those of "
                "the period, then resume the task.");
    }
    const std::string statement = retarget_create_table(source.create_table, target, source.route);
    try {
        return execute_or_adapt(downstream, statement, target.quoted(), adaptation);
    } catch (const Error& error) {
        const WithoutForeignKeys without = take_out_foreign_keys(statement);
        if (without.keys.empty() || !is_foreign_key_refusal(error)) throw;
        const bool is_as_upstream = execute_or_adapt(downstream, without.create_table, target.quoted(), adaptation);
        adaptation.notices.add("foreign keys left out that the target refuses", target.quoted(),
                               fmt::format("once the parents are as upstream: ALTER TABLE {} ADD {}", target.quoted(),
                                           fmt::join(without.keys, ", ADD ")));
        return is_as_upstream;
    }
}

void add_indexes(sql::SqlSession& downstream, const model::TableName& target, const std::vector<std::string>& indexes,
                 const Adaptation& adaptation) {
    const auto present = downstream.query(
        fmt::format("SELECT DISTINCT INDEX_NAME AS i FROM information_schema.STATISTICS WHERE TABLE_SCHEMA={} AND "
                    "TABLE_NAME={}",
                    text_literal(target.schema), text_literal(target.table)));
    std::string statement;
    for (const std::string& index : indexes) {
        const bool is_there = std::ranges::any_of(present.rows, [&](const auto& row) {
            return row.at(0) && sql::equal_ignoring_case(*row.at(0), index_name(index));
        });
        if (!is_there) statement += fmt::format("{} ADD {}", statement.empty() ? "" : ",", index);
    }
    if (statement.empty()) return;
    execute_or_adapt(downstream, fmt::format("ALTER TABLE {}{}", target.quoted(), statement),
                     fmt::format("indexes of {}", target.quoted()), adaptation);
}

bool has_rows(sql::SqlSession& downstream, const model::TableName& target) {
    return !downstream.query(fmt::format("SELECT 1 FROM {} LIMIT 1", target.quoted())).rows.empty();
}

void clear_target_table(sql::SqlSession& downstream, const model::TableName& target) {
    try {
        downstream.execute(fmt::format("TRUNCATE TABLE {}", target.quoted()));
    } catch (const Error& error) {
        if (is_transient(error)) throw;
        if (target::sql_error_number(error) == target::server_error::kNoSuchTable) return;
        // Not allowed to truncate, or the table is referred to by others.
        downstream.execute(fmt::format("DELETE FROM {}", target.quoted()));
    }
}

}  // namespace dm::copy
