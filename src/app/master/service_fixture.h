#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <dmmaster.pb.h>
#include <dmworker.pb.h>

#include "app/master/master_context.h"
#include "app/master/scheduler_fixture.h"

/// For the tests of commands: a scheduler over a store in memory, and everything else a command may use, faked.
namespace dm::master {

/// Time passes only by waiting, and something happens after a while.
class EventfulClock final : public Clock {
  public:
    [[nodiscard]] TimePoint now() const override { return TimePoint(Duration(elapsed_.load())); }
    [[nodiscard]] WallTime wall_now() const override { return {}; }
    bool sleep(Duration duration, std::stop_token) override {
        elapsed_ += duration.count();
        if (event && now() >= TimePoint(at)) std::exchange(event, nullptr)();
        return true;
    }

    Duration at{0};
    std::function<void()> event;

  private:
    std::atomic<Duration::rep> elapsed_{0};
};

class MembersInMemory final : public meta::MemberList {
  public:
    std::vector<meta::Member> list() override { return all; }
    std::vector<meta::Member> add(const std::vector<std::string>&) override { return list(); }
    void remove(std::uint64_t id) override {
        std::erase_if(all, [&](const auto& member) { return member.id == id; });
    }

    std::vector<meta::Member> all{{.id = 1, .name = "master-1", .peer_urls = {}, .client_urls = {}}};
};

class ServiceTest : public SchedulerTest {
  protected:
    /// Every worker answers so.
    virtual pb::QueryStatusResponse answer_of_worker(const std::string& address,
                                                     const pb::QueryStatusRequest& request) = 0;
    /// Every database refuses, unless a test knows better.
    virtual std::unique_ptr<sql::SqlSession> connect(const config::DbConfig& database, ErrorScope scope) {
        throw Error(ErrorCode::DbBadConnection, "no database at " + database.host).with_scope(scope);
    }

    EventfulClock waits_;
    MembersInMemory members_;
    config::MasterConfig config_;
    std::optional<config::SecretKey> key_;
    PeerCalls peers_{{}, waits_};
    MasterContext context_{
        .config = config_,
        .key = key_,
        .clock = waits_,
        .members = members_,
        .peers = peers_,
        .connect = [this](const config::DbConfig& database, ErrorScope scope) { return connect(database, scope); },
        .probe_position = {},
        .open_binlog = {},
        .query_worker = [this](const std::string& address, const pb::QueryStatusRequest& request)
            -> pb::QueryStatusResponse { return answer_of_worker(address, request); },
        .is_healthy = [](const std::string& url) { return url == "http://healthy:8261"; },
        .stop = {}};
};

}  // namespace dm::master
