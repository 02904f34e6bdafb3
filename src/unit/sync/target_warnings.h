#pragma once

#include <cstdint>
#include <string_view>

#include "core/dml/statement_builder.h"
#include "core/sql/sql_session.h"
#include "unit/sync/notices.h"

/// What the target says of a statement that it executed all the same: sessions are not strict, so that old data is
/// taken as it is, and a value that does not fit its column is cut.
namespace dm::sync {

/// How many warnings the statement gets from this target however it fares: MySQL 8.0.20 and later dislike VALUES() in
/// an upsert. Looks at the end of the text only.
[[nodiscard]] std::uint32_t usual_warnings(const model::ServerVersion& target, const dml::OperationGroup& group,
                                           std::string_view text);

/// Reads the warnings of the session's last statement, the group's, `total` in number, and counts those that mean
/// something, by their number: not that an ENUM has taken its error value, which the upstream has. Throws what the
/// session throws, and as Notices says if the task is strict.
void note_warnings(sql::SqlSession& session, const dml::OperationGroup& group, std::uint32_t total, Notices& notices);

/// The same for the structure statement of `table` that the session has just executed, but what it says of words, and
/// of what the target does in its own way, is left out. If the upstream's session was not strict, the statement may
/// have had the same warnings there: they are mentioned only. Returns whether IF NOT EXISTS has found a table.
[[nodiscard]] bool note_statement_warnings(sql::SqlSession& session, std::string_view table, bool was_strict,
                                           Notices& notices);

/// The same where their text can no longer be read.
void note_unread_warnings(std::string_view table, std::uint32_t count, Notices& notices);

}  // namespace dm::sync
