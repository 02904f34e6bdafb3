#pragma once

#include <string>
#include <vector>

#include "core/model/names.h"
#include "core/sql/sql_session.h"
#include "unit/copy/create_table.h"
#include "unit/copy/notice_book.h"

/// The table on the other side: made, emptied, looked at.
namespace dm::copy {

/// What a table is created from.
struct TableSource {
    model::TableName source;
    std::string create_table;  ///< SHOW CREATE TABLE of the upstream
    ParentRoute route;         ///< of parents of foreign keys
};

/// What becomes of statements that the target refuses.
struct Adaptation {
    NoticeBook& notices;            ///< told what was changed
    bool keeps_collations = false;  ///< a collation the target does not know is an error
};

/// Creates the target's schema like the upstream's, if it is missing. A statement the target refuses is tried again
/// adapted to it, if `adaptation` allows. Throws Error{CopyPlan} with the server's words if that fails, too.
void ensure_schema(sql::SqlSession& upstream, sql::SqlSession& downstream, const std::string& source,
                   const std::string& target, const Adaptation& adaptation);

/// Creates the table, likewise. Foreign keys that the target refuses, for example because a parent there is not yet
/// what it is upstream, are left out and noticed. False: the table is not to the word what it is upstream.
bool create_target_table(sql::SqlSession& downstream, const TableSource& source, const model::TableName& target,
                         const Adaptation& adaptation);

/// Adds those of the indexes (as in CREATE TABLE) that the table does not have, in one statement. Can be repeated.
void add_indexes(sql::SqlSession& downstream, const model::TableName& target, const std::vector<std::string>& indexes,
                 const Adaptation& adaptation);

[[nodiscard]] bool has_rows(sql::SqlSession& downstream, const model::TableName& target);

/// Removes all rows; a table that is gone is no error.
void clear_target_table(sql::SqlSession& downstream, const model::TableName& target);

}  // namespace dm::copy
