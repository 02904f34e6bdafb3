#pragma once

#include <string>

#include <mysql.h>

namespace dm::mysql {

/// The common name in the certificate of the server that the open connection goes to; empty if the certificate has
/// none, or the connection is not encrypted. Throws Error{TlsInvalid} where libmariadb was built with another TLS
/// library than OpenSSL and cannot tell.
[[nodiscard]] std::string peer_common_name(MYSQL& handle);

}  // namespace dm::mysql
