#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <mysql.h>

#include "base/error.h"
#include "io/mysql/connect_options.h"

/// The thin layer over libmariadb that MySqlSession and the binlog stream share. Only for this room.
namespace dm::mysql {

struct CloseHandle {
    void operator()(MYSQL* handle) const noexcept { mysql_close(handle); }
};
using MysqlHandle = std::unique_ptr<MYSQL, CloseHandle>;

/// Logs in and sets the session variables. Throws Error{DbBadConnection} if the server cannot be reached or refuses for
/// a while, Error{DbDriver} if the login, a TLS file or a session variable is refused, Error{TlsInvalid} if the
/// server's certificate has a common name that is not allowed.
[[nodiscard]] MysqlHandle open_handle(const ConnectOptions& options);

/// The handle's last error as an Error: `code` or, when the connection is gone, DbInvalidConnection. The cause is
/// "Error NNNN (SQLSTATE): text", the retry class follows the number.
[[nodiscard]] Error handle_error(MYSQL& handle, ErrorCode code, std::string_view message, ErrorScope scope);

/// A duplicate of the handle's socket that can be shut down from another thread whatever the library does with its own.
/// Not copyable; shutting down twice is harmless.
class SocketSwitch {
  public:
    SocketSwitch() = default;
    explicit SocketSwitch(MYSQL& handle);
    ~SocketSwitch();
    SocketSwitch(const SocketSwitch&) = delete;
    SocketSwitch& operator=(const SocketSwitch&) = delete;

    void shut_down() noexcept;

  private:
    int descriptor_ = -1;
};

}  // namespace dm::mysql
