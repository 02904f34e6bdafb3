#include "unit/sync/shown_statement.h"

#include <fmt/format.h>

#include "base/log.h"
#include "core/sql/hide_values.h"

namespace dm::sync {
namespace {
constexpr std::size_t kShownBytes = 512;
}

std::string shown_statement(std::string_view statement) {
    return log::hides_values() ? sql::hide_values(statement.substr(0, kShownBytes)) : shown_ddl(statement);
}

std::string shown_ddl(std::string_view statement) {
    if (statement.size() <= kShownBytes) return std::string(statement);
    return fmt::format("{}... ({} bytes)", statement.substr(0, kShownBytes), statement.size());
}

}  // namespace dm::sync
