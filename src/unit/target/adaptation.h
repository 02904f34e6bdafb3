#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "core/sql/adapt_statement.h"
#include "core/sql/sql_session.h"

/// Structure statements that the target refuses.
namespace dm::target {

/// Kind of the notice that a statement was executed in another form.
inline constexpr std::string_view kAdapted = "structure adapted to the target";

/// A statement that the target refused.
struct Refusal {
    const Error& error;
    std::string what;               ///< what the statement makes or changes: "`d`.`t`"
    bool keeps_collations = false;  ///< a collation the target does not know is an error
    ErrorCode code;                 ///< of that error
    std::string workaround;         ///< of that error
};

/// Whether a structure statement that failed with this number was refused for what it says, so that it may be worth
/// saying it otherwise.
[[nodiscard]] bool is_refused_structure(int number) noexcept;

/// The statement as the target may understand it, to be tried instead; nothing if there is nothing to adapt. Throws
/// Error{code} if a collation would have to be replaced although that was ruled out.
[[nodiscard]] std::optional<sql::AdaptedStatement> adapt_refused(std::string_view statement,
                                                                 const model::ServerVersion& target,
                                                                 const Refusal& refusal);

/// The collation to use where the target does not know `collation`. Throws likewise.
[[nodiscard]] std::string adapt_refused_collation(const std::string& collation, const model::ServerVersion& target,
                                                  const Refusal& refusal);

/// The server's default collations.
[[nodiscard]] sql::CollationDefaults read_collation_defaults(sql::SqlSession& session);

}  // namespace dm::target
