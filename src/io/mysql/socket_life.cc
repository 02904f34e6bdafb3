#include "io/mysql/socket_life.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace dm::mysql {

void expect_life(int socket) noexcept {
    // Probes begin when nothing has come for a while. A minute outlasts what networks recover from by themselves (a
    // route, a switch, a machine that is moved), and is far below the 15 minutes to 2 hours of the kernel's own limits.
    constexpr int kIdleSeconds = 20;
    constexpr int kProbeSeconds = 10;
    constexpr int kProbes = 4;
    // What was sent and is not acknowledged is sent again, not probed: it has a limit of its own. It also ends a
    // connection whose server takes nothing in for so long while we are sending.
    constexpr int kUnacknowledgedMs = 1000 * (kIdleSeconds + kProbes * kProbeSeconds);
    const auto set = [socket](int level, int name, int value) {
        ::setsockopt(socket, level, name, &value, sizeof(value));
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, kIdleSeconds);
    set(IPPROTO_TCP, TCP_KEEPINTVL, kProbeSeconds);
    set(IPPROTO_TCP, TCP_KEEPCNT, kProbes);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, kUnacknowledgedMs);
}

}  // namespace dm::mysql
