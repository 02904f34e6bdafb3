#include <poll.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/etcd/etcd_fixture.h"
#include "io/etcd/process.h"
#include "io/rpc/rpc_server.h"

/// etcd's own tool against a master's port: what its users see of the forwarding.
namespace dm::etcd {
namespace {

class EtcdctlTest : public testing::Test {
  protected:
    void SetUp() override { front_.start(); }

    Process start(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"etcdctl", fmt::format("--endpoints=127.0.0.1:{}", front_.port())});
        return Process(arguments);
    }
    static constexpr std::string_view kNever{"\0", 1};

    /// Output until it holds `text` or the program has ended.
    static std::string read_until(Process& process, std::string_view text) {
        std::string out;
        for (int turn = 0; turn < 200 && out.find(text) == std::string::npos; ++turn) {
            pollfd output{.fd = process.output(), .events = POLLIN, .revents = 0};
            ::poll(&output, 1, 100);
            char chunk[1024];
            const auto n = ::read(process.output(), chunk, sizeof(chunk));
            if (n > 0) out.append(chunk, static_cast<std::size_t>(n));
            if (n == 0) break;
        }
        return out;
    }
    std::string run(std::vector<std::string> arguments) {
        Process process = start(std::move(arguments));
        return read_until(process, kNever);
    }

    TestEtcd etcd_;
    rpc::RpcServer front_{{.listen = "127.0.0.1:0", .etcd_target = etcd_.target()}, {}, {}};
};

TEST_F(EtcdctlTest, WorksOnAMastersPort) {
    EXPECT_EQ(run({"put", "/k/1", "one"}), "OK\n");
    EXPECT_EQ(run({"get", "--prefix", "/k"}), "/k/1\none\n");
    EXPECT_NE(run({"member", "list"}).find(", started, test, "), std::string::npos);
    EXPECT_NE(run({"endpoint", "health"}).find("is healthy"), std::string::npos);

    Process watch = start({"watch", "--prefix", "/k", "--rev=1"});
    EXPECT_NE(read_until(watch, "one\n").find("PUT\n/k/1\none\n"), std::string::npos);
    EXPECT_EQ(run({"put", "/k/2", "two"}), "OK\n");
    EXPECT_EQ(read_until(watch, "two\n"), "PUT\n/k/2\ntwo\n");

    const std::string granted = run({"lease", "grant", "60"});
    ASSERT_TRUE(granted.starts_with("lease ")) << granted;
    const std::string lease = granted.substr(6, granted.find(' ', 6) - 6);
    EXPECT_NE(run({"lease", "keep-alive", "--once", lease}).find("keepalived with TTL(60)"), std::string::npos);
    EXPECT_NE(run({"get", "/k/1", "--rev=99999"}).find("required revision is a future revision"), std::string::npos);
}

}  // namespace
}  // namespace dm::etcd
