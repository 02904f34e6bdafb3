#pragma once

#include "base/error_catalogue.h"

namespace dm::mysql {

/// Whether a statement that failed with this server or client error number may succeed when repeated.
[[nodiscard]] RetryClass retry_class_of(unsigned number) noexcept;

/// Whether the number says that the connection is gone (client errors 2xxx of that kind, server shutdown, KILL).
[[nodiscard]] bool is_connection_error(unsigned number) noexcept;

}  // namespace dm::mysql
