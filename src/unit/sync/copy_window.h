#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "core/model/names.h"
#include "core/sql/ddl.h"

namespace dm::sync {

/// What is known, at one statement, of the tables that the copy looked at, each at a moment of its own.
struct CopyWindow {
    /// The table was copied later than the statement: whatever its name stood for before is no concern of the target.
    std::function<bool(const model::TableName&)> is_before_copy;
    /// The table was there before the first listing and no longer when its copy should begin: the target never had it.
    std::function<bool(const model::TableName&)> is_gone;
    /// There is a copy of a table of this name, later or not.
    std::function<bool(const model::TableName&)> is_copied;
    /// Tables of a schema that the target has at this statement, those of later copies left out; nothing if no table of
    /// the schema was copied later.
    std::function<std::optional<std::vector<model::TableName>>(const std::string& schema)> left_in_schema;
    /// What the names of `sources` become in the parts that are to be fitted.
    sql::RouteFunction route;
};

struct FittedDdl {
    std::vector<sql::RewrittenDdl> parts;
    /// Copies that the statement makes void: their name now stands for a table whose rows the target does not have.
    std::vector<model::TableName> void_copies;
};

/// Fits the parts of one statement to what the target has while sync catches up with the copy:
/// - what changes or renames a table that is gone, or is like one, is left out;
/// - a table that is renamed to the name of a later copy is dropped: the copy has its rows under the new name;
/// - DROP DATABASE that would take later copies with it drops the other tables one by one.
/// Pure. `renamed_to` is the new name if the statement is ALTER TABLE ... RENAME.
[[nodiscard]] FittedDdl fit_to_copy(std::vector<sql::RewrittenDdl> parts,
                                    const std::optional<model::TableName>& renamed_to, const CopyWindow& window);

}  // namespace dm::sync
