#pragma once

namespace dm::mysql {

/// Makes a TCP connection whose other end is gone without a word (power, network, a firewall that forgot) fail after
/// about a minute. A server that is alive answers the kernel's probes however long a statement of it takes, and a read
/// may wait as long as it likes.
void expect_life(int socket) noexcept;

}  // namespace dm::mysql
