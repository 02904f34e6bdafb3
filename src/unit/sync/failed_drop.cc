#include "unit/sync/failed_drop.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::sync {
namespace {

constexpr std::uint16_t kUnknownTable = 1051;
/// What servers say of a table that a foreign key refers to: "Cannot delete or update a parent row", twice, and "Cannot
/// drop table referenced by a foreign key constraint".
constexpr std::array<std::uint16_t, 3> kReferenced{1217, 1451, 3730};

/// Children by their parents.
std::multimap<model::TableName, model::TableName> families(const schema::Tracker& structures) {
    std::multimap<model::TableName, model::TableName> children;
    for (const model::TableName& name : structures.tables()) {
        const auto definition = structures.find(name);
        if (!definition) continue;
        for (const schema::ForeignKey& key : definition->foreign_keys) {
            if (key.parent != name) children.emplace(key.parent, name);
        }
    }
    return children;
}

}  // namespace

std::set<model::TableName> kept_tables(std::span<const sql::RewrittenDdl> drops, std::size_t named, std::uint16_t error,
                                       const schema::Tracker& structures) {
    std::set<model::TableName> kept;
    const bool is_drop = std::ranges::all_of(
        drops, [](const sql::RewrittenDdl& part) { return part.kind == sql::StatementKind::DropTable; });
    if (is_drop && (named == 1 || error == kUnknownTable)) return kept;
    if (is_drop && std::ranges::find(kReferenced, error) != kReferenced.end()) {
        const auto children = families(structures);
        std::set<model::TableName> dropped;
        for (const sql::RewrittenDdl& part : drops) {
            const model::TableName& table = part.sources.front();
            const auto [first, last] = children.equal_range(table);
            const bool is_parent =
                std::any_of(first, last, [&](const auto& family) { return !dropped.contains(family.second); });
            (is_parent ? kept : dropped).insert(table);
        }
    }
    if (kept.empty()) {
        throw Error(ErrorCode::SyncDdlUnsupported,
                    fmt::format("a statement failed upstream with error {} amid its work", error))
            .with_workaround(
                "See what it has done upstream and do the same in the target by hand; let a filter with a sql-pattern "
                "skip the statement. Then start the task again.");
    }
    return kept;
}

}  // namespace dm::sync
