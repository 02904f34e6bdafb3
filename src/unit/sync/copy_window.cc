#include "unit/sync/copy_window.h"

#include <set>
#include <utility>

namespace dm::sync {
namespace {

using sql::StatementKind;

/// Needs the table to be there.
bool changes_table(StatementKind kind) {
    return kind == StatementKind::AlterTable || kind == StatementKind::RenameTable ||
           kind == StatementKind::TruncateTable || kind == StatementKind::CreateIndex ||
           kind == StatementKind::DropIndex;
}

sql::RewrittenDdl drop_of(const model::TableName& source, const sql::RouteFunction& route) {
    const model::TableName target = route(source);
    return {.text = "DROP TABLE IF EXISTS " + target.quoted(),
            .kind = StatementKind::DropTable,
            .sources = {source},
            .targets = {target}};
}

}  // namespace

FittedDdl fit_to_copy(std::vector<sql::RewrittenDdl> parts, const std::optional<model::TableName>& renamed_to,
                      const CopyWindow& window) {
    FittedDdl result;
    std::vector<sql::RewrittenDdl>& fitted = result.parts;
    std::set<model::TableName> made;  // by an earlier part
    for (sql::RewrittenDdl& part : parts) {
        const model::TableName from = part.sources.front();
        if (part.kind == StatementKind::DropDatabase) {
            if (const auto left = window.left_in_schema(from.schema)) {
                for (const auto& table : *left) fitted.push_back(drop_of(table, window.route));
                continue;
            }
        }
        const bool is_copy_of_gone =
            part.kind == StatementKind::CreateTableLike && part.sources.size() > 1 && window.is_gone(part.sources[1]);
        if (is_copy_of_gone) continue;
        if (!changes_table(part.kind)) {
            fitted.push_back(std::move(part));
            continue;
        }
        const auto to = part.kind == StatementKind::RenameTable && part.sources.size() > 1
                            ? std::optional(part.sources[1])
                            : renamed_to;
        if (!made.contains(from) && (window.is_before_copy(from) || window.is_gone(from))) {
            if (to && window.is_copied(*to) && !window.is_before_copy(*to)) result.void_copies.push_back(*to);
            continue;
        }
        if (to && window.is_before_copy(*to)) {
            fitted.push_back(drop_of(from, window.route));
            continue;
        }
        if (to) made.insert(*to);
        fitted.push_back(std::move(part));
    }
    return result;
}

}  // namespace dm::sync
