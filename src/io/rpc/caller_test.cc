#include "io/rpc/caller.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace dm::rpc {
namespace {

/// Both ends of a connection over the loopback interface.
class Connection {
  public:
    Connection() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(listener_, generic, size), 0);
        EXPECT_EQ(::listen(listener_, 1), 0);
        EXPECT_EQ(::getsockname(listener_, generic, &size), 0);
        EXPECT_EQ(::connect(caller_, generic, size), 0);
        accepted_ = ::accept(listener_, nullptr, nullptr);
        EXPECT_EQ(::getsockname(caller_, generic, &size), 0);
        caller_port_ = ntohs(address.sin_port);
    }
    ~Connection() {
        for (const int fd : {listener_, caller_, accepted_}) ::close(fd);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    [[nodiscard]] int accepted() const { return accepted_; }
    [[nodiscard]] int caller_port() const { return caller_port_; }

  private:
    int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int caller_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int accepted_ = -1;
    int caller_port_ = 0;
};

TEST(CallerTest, ASocketIsToldAsTheAddressAtItsOtherEnd) {
    const Connection connection;
    EXPECT_EQ(caller_text("fd:" + std::to_string(connection.accepted())),
              "127.0.0.1:" + std::to_string(connection.caller_port()));
}

TEST(CallerTest, WhatCannotBeReadStaysAsItIs) {
    for (const auto* peer : {"ipv4:127.0.0.1:1", "unix:", "", "fd:", "fd:x", "fd:1000000"})
        EXPECT_EQ(caller_text(peer), peer);
}

}  // namespace
}  // namespace dm::rpc
