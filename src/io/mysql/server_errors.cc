#include "io/mysql/server_errors.h"

#include <algorithm>
#include <array>

namespace dm::mysql {
namespace {

/// The connection does not survive these.
constexpr auto kConnectionErrors = std::to_array<unsigned>({
    1053,                    // server shutdown in progress
    1077,                    // normal shutdown
    1078,                    // got signal
    1079,                    // shutdown complete
    1152,                    // aborting connection
    1158, 1159, 1160, 1161,  // reading or writing packets
    1184,                    // aborted connection
    1927,                    // MariaDB: connection was killed
    2002, 2003, 2006, 2012, 2013, 2055,
    4031,  // MySQL: disconnected for inactivity
});

/// The server may accept the same statement a little later.
constexpr auto kTransientErrors = std::to_array<unsigned>({
    1021,                          // disk full
    1037, 1038,                    // out of memory
    1040,                          // too many connections
    1041,                          // out of memory
    1129,                          // host blocked
    1135,                          // cannot create a thread
    1203,                          // connections of the user used up
    1205,                          // lock wait timeout
    1206,                          // lock table full
    1213,                          // deadlock
    1226,                          // another resource of the user used up
    1290,                          // read-only or another option forbids it
    1317,                          // query execution was interrupted
    1614,                          // XA deadlock
    1637,                          // too many concurrent transactions
    1836,                          // read-only mode
    1969, 3024,                    // statement time limit
    3101, 3572,                    // rolled back by group replication, NOWAIT
    8002, 8005, 8022, 8027, 8028,  // TiDB: write conflict, schema changed
    9001, 9002, 9003, 9004, 9005, 9006,
    9007, 9008, 9010, 9012, 9013,  // TiKV and PD: busy, time-out, region unavailable
});

static_assert(std::ranges::is_sorted(kConnectionErrors), "look-up is a binary search");
static_assert(std::ranges::is_sorted(kTransientErrors), "look-up is a binary search");

}  // namespace

bool is_connection_error(unsigned number) noexcept { return std::ranges::binary_search(kConnectionErrors, number); }

RetryClass retry_class_of(unsigned number, std::string_view text) noexcept {
    constexpr unsigned kUnknownError = 1105;
    if (number == kUnknownError) {
        // TiDB: "is out of date", "is changed during the execution of the statement".
        return text.find("Information schema is ") == std::string_view::npos ? RetryClass::Never : RetryClass::Resume;
    }
    return is_connection_error(number) || std::ranges::binary_search(kTransientErrors, number) ? RetryClass::Resume
                                                                                               : RetryClass::Never;
}

std::string_view advice_for(unsigned number) noexcept {
    constexpr unsigned kDiskFull = 1021;
    constexpr unsigned kTableFull = 1114;
    constexpr unsigned kTlsFailed = 2026;
    if (number == kTlsFailed)
        return "Check `security`: `ssl-ca` must hold the authority of the server's certificate, that certificate must "
               "name the host as it is written in `host`, and the server must support TLS.";
    if (number != kDiskFull && number != kTableFull) return {};
    return "The server has no room left: make some on its disk or in its tablespace, then `resume-task`. The task goes "
           "on "
           "where it stopped.";
}

}  // namespace dm::mysql
