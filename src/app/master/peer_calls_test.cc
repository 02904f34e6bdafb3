#include "app/master/peer_calls.h"

#include <dmworker.pb.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::master {
namespace {

ErrorCode code_of_call(PeerCalls& calls, const std::string& address) {
    try {
        static_cast<void>(calls.query_status(address, {}));
    } catch (const Error& error) {
        return error.code();
    }
    return ErrorCode::NotSet;
}

TEST(PeerCallsTest, LimitsTheRateOfEachWorkerByItself) {
    SystemClock clock;
    PeerCalls calls({.timeout = std::chrono::seconds(5), .rate = 0.001, .burst = 1}, clock);
    // Nobody listens on these ports: a call that is let through fails as a call.
    EXPECT_EQ(code_of_call(calls, "127.0.0.1:1"), ErrorCode::MasterGrpcRequest);
    EXPECT_EQ(code_of_call(calls, "127.0.0.1:2"), ErrorCode::MasterGrpcRequest);
    EXPECT_EQ(code_of_call(calls, "127.0.0.1:1"), ErrorCode::MasterNoToken);
}

}  // namespace
}  // namespace dm::master
