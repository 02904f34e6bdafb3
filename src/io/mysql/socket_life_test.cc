#include "io/mysql/socket_life.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace dm::mysql {
namespace {

class SocketLifeTest : public ::testing::Test {
  protected:
    ~SocketLifeTest() override { ::close(socket_); }
    [[nodiscard]] int option(int level, int name) const {
        int value = -1;
        socklen_t size = sizeof(value);
        EXPECT_EQ(::getsockopt(socket_, level, name, &value, &size), 0);
        return value;
    }

    const int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

TEST_F(SocketLifeTest, a_peer_that_is_gone_without_a_word_is_noticed_within_about_a_minute) {
    ASSERT_GE(socket_, 0);
    expect_life(socket_);
    EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
    const int idle = option(IPPROTO_TCP, TCP_KEEPIDLE);
    const int probes = option(IPPROTO_TCP, TCP_KEEPINTVL) * option(IPPROTO_TCP, TCP_KEEPCNT);
    EXPECT_GE(idle + probes, 30) << "networks pause now and then";
    EXPECT_LE(idle + probes, 90);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 1000 * (idle + probes)) << "what was sent waits no longer";
}

}  // namespace
}  // namespace dm::mysql
