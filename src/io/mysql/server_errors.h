#pragma once

#include <string_view>

#include "base/error_catalogue.h"

namespace dm::mysql {

/// Whether a statement that failed with this server or client error may succeed when repeated. Where a number stands
/// for much, as TiDB's 1105 does, the server's text decides.
[[nodiscard]] RetryClass retry_class_of(unsigned number, std::string_view text = {}) noexcept;

/// What to do about this server error where that is more than its text says; empty otherwise.
[[nodiscard]] std::string_view advice_for(unsigned number) noexcept;

/// Whether the number says that the connection is gone (client errors 2xxx of that kind, server shutdown, KILL).
[[nodiscard]] bool is_connection_error(unsigned number) noexcept;

}  // namespace dm::mysql
