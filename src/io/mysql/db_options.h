#pragma once

#include "core/config/db_config.h"
#include "io/mysql/connect_options.h"

namespace dm::mysql {

/// How to connect to a configured database: address, user, TLS (of each item the bytes win over base64, base64 over the
/// path). Session variables are left to the caller. Throws Error{TlsInvalid} for base64 that cannot be read and
/// for `cert-allowed-cn` without an authority.
[[nodiscard]] ConnectOptions connect_options(const config::DbConfig& database, ErrorScope scope);

}  // namespace dm::mysql
