#include "app/worker/endpoint_refresh.h"

#include <gtest/gtest.h>

#include "base/guarded.h"
#include "base/log.h"

namespace dm::worker {
namespace {

using Addresses = std::vector<std::string>;

TEST(EndpointRefresh, FollowsTheMembersAndSurvivesFailures) {
    log::configure({.level = "fatal"});
    ManualClock clock;
    Guarded<std::vector<meta::Member>> members;
    Guarded<std::vector<Addresses>> asked;
    Guarded<std::vector<Addresses>> changes;
    members.set({{.id = 1, .name = "m1", .client_urls = {"http://a:1"}}, {.id = 2, .client_urls = {}}});
    const EndpointRefresh refresh(
        {"a:1"},
        {.list =
             [&](const Addresses& endpoints) {
                 asked.with([&](auto& list) { list.push_back(endpoints); });
                 auto known = members.copy();
                 ensure(!known.empty(), ErrorCode::HaTxn, "nobody answers");
                 return known;
             },
         .changed = [&](const Addresses& endpoints) { changes.with([&](auto& list) { list.push_back(endpoints); }); }},
        clock);
    const auto turn = [&] {
        clock.wait_for_sleepers(1);
        clock.advance(std::chrono::seconds(3));
        clock.wait_for_sleepers(1);
    };
    turn();
    turn();
    members.set({});
    turn();
    members.set({{.id = 3, .name = "m3", .client_urls = {"http://c:1"}}, {.id = 1, .client_urls = {"http://b:1"}}});
    turn();
    EXPECT_EQ(changes.copy(), (std::vector<Addresses>{{"http://a:1"}, {"http://b:1", "http://c:1"}}));
    EXPECT_EQ(asked.copy(), (std::vector<Addresses>{{"a:1"}, {"http://a:1"}, {"http://a:1"}, {"http://a:1"}}));
}

}  // namespace
}  // namespace dm::worker
