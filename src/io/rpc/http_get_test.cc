#include "io/rpc/http_get.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/rpc/rpc_server.h"

namespace dm::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(HttpGet, TellsTheStatus) {
    HttpRouter router;
    router.add("/health", [](const HttpRequest&) { return HttpResponse{.body = "fine"}; });
    router.add("/ill", [](const HttpRequest&) { return HttpResponse{.status = 503}; });
    RpcServer server({.listen = "127.0.0.1:0"}, {}, std::move(router));
    server.start();
    const std::string address = fmt::format("127.0.0.1:{}", server.port());
    EXPECT_EQ(http_get(address, "/health", seconds(20)), 200);
    EXPECT_EQ(http_get("http://" + address + "/", "/ill", seconds(20)), 503);
    EXPECT_EQ(http_get(address, "/none", seconds(20)), 404);
    server.stop();
    EXPECT_EQ(http_get(address, "/health", seconds(20)), std::nullopt);
}

/// A process that is frozen still has its connections accepted by the system.
TEST(HttpGet, WhoeverDoesNotAnswerIsNotWaitedFor) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(fd, 1), 0);
    ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
    EXPECT_EQ(http_get(fmt::format("127.0.0.1:{}", ntohs(address.sin_port)), "/health", milliseconds(50)),
              std::nullopt);
    ::close(fd);
}

}  // namespace
}  // namespace dm::rpc
