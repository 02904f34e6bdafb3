#include "io/etcd/etcd_child.h"

#include <cerrno>
#include <csignal>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "io/etcd/etcd_connection.h"
#include "io/etcd/etcd_fixture.h"
#include "io/etcd/etcd_log.h"
#include "io/etcd/process.h"

namespace dm::etcd {
namespace {

TEST(EtcdChildTest, ArgumentsCarryTheSettings) {
    const auto arguments = etcd_arguments({.name = "m1",
                                           .data_dir = "/data",
                                           .peer_urls = "http://127.0.0.1:8291",
                                           .advertise_peer_urls = "http://host:8291",
                                           .client_url = "http://127.0.0.1:1234",
                                           .advertise_client_urls = "http://host:8261",
                                           .initial_cluster = {}});
    EXPECT_EQ(arguments.front(), "etcd");
    const auto has = [&](const std::string& text) {
        return std::find(arguments.begin(), arguments.end(), text) != arguments.end();
    };
    EXPECT_TRUE(has("--initial-cluster=m1=http://host:8291"));
    EXPECT_TRUE(has("--listen-client-urls=http://127.0.0.1:1234"));
    EXPECT_TRUE(has("--advertise-client-urls=http://host:8261"));
    EXPECT_TRUE(has("--quota-backend-bytes=2147483648"));
}

TEST(EtcdChildTest, StopsAndStartsAgainOnItsData) {
    ScratchFolder folder;
    EtcdChildOptions options{.name = "test",
                             .data_dir = (folder.path() / "data").string(),
                             .peer_urls = fmt::format("http://127.0.0.1:{}", free_loopback_port()),
                             .advertise_peer_urls = {},
                             .advertise_client_urls = {},
                             .initial_cluster = {}};
    int pid = 0;
    {
        EtcdChild child(options);
        child.start();
        pid = child.pid();
        EXPECT_EQ(::kill(pid, 0), 0);
        EtcdKvStore({.endpoints = {child.client_target()}}).txn({}, {meta::PutOp{"/k", "kept"}});
        child.stop();
        EXPECT_EQ(child.pid(), 0);
    }
    EXPECT_EQ(::kill(pid, 0), -1);
    EXPECT_EQ(errno, ESRCH);
    EtcdChild child(options);
    child.start();
    EXPECT_EQ(EtcdKvStore({.endpoints = {child.client_target()}}).get("/k", false).items.at(0).value, "kept");
}

TEST(EtcdChildTest, AFailedStartSaysWhy) {
    ScratchFolder folder;
    EtcdChild child({.program = "no-such-etcd",
                     .name = "test",
                     .data_dir = folder.path().string(),
                     .peer_urls = "http://127.0.0.1:1",
                     .advertise_peer_urls = {},
                     .advertise_client_urls = {},
                     .initial_cluster = {},
                     .ready_timeout = std::chrono::milliseconds(300)});
    try {
        child.start();
        ADD_FAILURE() << "started";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::MasterEtcdStart);
        EXPECT_NE(error.raw_cause().find("no-such-etcd"), std::string::npos) << error.what();
    }
}

TEST(EtcdConnectionTest, WhatIsKnownOfTheReasonIsSaid) {
    EtcdConnection connection({.endpoints = {"127.0.0.1:1"}, .why_unreachable = [] { return "no space left"; }});
    try {
        static_cast<void>(connection.connect(ErrorCode::HaTxn, std::chrono::milliseconds(1)));
        ADD_FAILURE() << "connected";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::HaTxn);
        EXPECT_EQ(error.raw_cause(), "no space left");
    }
}

TEST(EtcdLogTest, ALineSaysItsMessageAndItsError) {
    const auto fatal = read_etcd_line(
        R"({"level":"fatal","ts":"x","msg":"discovery failed","error":"listen \"a\": in use","stacktrace":"main\n\tgo"})");
    EXPECT_TRUE(fatal.is_problem);
    EXPECT_EQ(fatal.text, "discovery failed: listen \"a\": in use");
    const auto info = read_etcd_line(R"({"level":"info","msg":"opened backend db"})");
    EXPECT_FALSE(info.is_problem);
    EXPECT_EQ(info.text, "opened backend db");
    EXPECT_EQ(read_etcd_line("no JSON").text, "no JSON");
    const auto removed = read_etcd_line(
        R"({"level":"warn","msg":"server error","error":"the member has been permanently removed from the cluster"})");
    EXPECT_TRUE(removed.is_problem);
    EXPECT_EQ(removed.text, "server error: the member has been permanently removed from the cluster");
    EXPECT_FALSE(
        read_etcd_line(R"({"level":"warn","msg":"prober detected unhealthy status","error":"EOF"})").is_problem);
}

/// Ctrl-C on a terminal goes to everybody in the foreground's group; etcd must outlive the master's own end.
TEST(ProcessTest, IsInAGroupOfItsOwn) {
    const Process process({"sleep", "1000"});
    EXPECT_EQ(::getpgid(process.pid()), process.pid());
}

TEST(ProcessTest, KillsAndReapsWhatStillRuns) {
    int pid = 0;
    {
        Process process({"sleep", "1000"});
        pid = process.pid();
        EXPECT_FALSE(process.has_ended());
    }
    EXPECT_EQ(::kill(pid, 0), -1);
}

}  // namespace
}  // namespace dm::etcd
