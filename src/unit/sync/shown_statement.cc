#include "unit/sync/shown_statement.h"

#include <fmt/format.h>

#include "base/log.h"
#include "core/sql/hide_values.h"

namespace dm::sync {

std::string shown_statement(std::string_view statement) {
    constexpr std::size_t kShownBytes = 512;
    if (log::hides_values()) return sql::hide_values(statement.substr(0, kShownBytes));
    if (statement.size() <= kShownBytes) return std::string(statement);
    return fmt::format("{}... ({} bytes)", statement.substr(0, kShownBytes), statement.size());
}

}  // namespace dm::sync
