#include "io/etcd/etcd_join.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/error.h"
#include "io/etcd/etcd_fixture.h"

namespace dm::etcd {
namespace {

class FakeMembers final : public meta::MemberList {
  public:
    explicit FakeMembers(std::vector<meta::Member> members) : members_(std::move(members)) {}
    std::vector<meta::Member> list() override { return members_; }
    std::vector<meta::Member> add(const std::vector<std::string>& peer_urls) override {
        members_.push_back({.id = 9, .name = {}, .peer_urls = peer_urls, .client_urls = {}});
        ++added_;
        return members_;
    }
    void remove(std::uint64_t) override {}
    [[nodiscard]] int added() const { return added_; }

  private:
    std::vector<meta::Member> members_;
    int added_ = 0;
};

class EtcdJoinTest : public testing::Test {
  protected:
    EtcdJoinTest() {
        options_.name = "m2";
        options_.data_dir = (folder_.path() / "m2").string();
        options_.peer_urls = "http://h2:8291";
    }
    [[nodiscard]] ErrorCode failure(const JoinRequest& request, meta::MemberList& members) {
        try {
            prepare_cluster(options_, request, &members);
        } catch (const Error& error) {
            return error.code();
        }
        return ErrorCode::NotSet;
    }

    ScratchFolder folder_;
    EtcdChildOptions options_;
    const JoinRequest join_{.join = "http://h1:8261,h3:8261", .advertise_addr = "h2:8261", .initial_cluster = {}};
    const meta::Member first_{.id = 1, .name = "m1", .peer_urls = {"http://h1:8291"}, .client_urls = {}};
};

TEST_F(EtcdJoinTest, ANewGroupIsWhatTheOperatorSays) {
    prepare_cluster(options_, {.join = {}, .advertise_addr = {}, .initial_cluster = "m1=a,m2=b"}, nullptr);
    EXPECT_EQ(options_.initial_cluster, "m1=a,m2=b");
    EXPECT_EQ(options_.initial_cluster_state, "new");
}

TEST_F(EtcdJoinTest, AMemberThatWasAddedByHandComesToAnExistingGroup) {
    options_.initial_cluster_state = "existing";
    prepare_cluster(options_, {.join = {}, .advertise_addr = {}, .initial_cluster = "m1=a,m2=b"}, nullptr);
    EXPECT_EQ(options_.initial_cluster_state, "existing");
}

TEST_F(EtcdJoinTest, JoiningAddsUsOnceAndRemembersTheList) {
    FakeMembers members({first_});
    prepare_cluster(options_, join_, &members);
    EXPECT_EQ(options_.initial_cluster, "m1=http://h1:8291,m2=http://h2:8291");
    EXPECT_EQ(options_.initial_cluster_state, "existing");
    prepare_cluster(options_, join_, &members);
    EXPECT_EQ(options_.initial_cluster, "m1=http://h1:8291,m2=http://h2:8291");
    EXPECT_EQ(members.added(), 1);
}

TEST_F(EtcdJoinTest, WithDataNothingIsAsked) {
    std::filesystem::create_directories(folder_.path() / "m2" / "member" / "wal");
    FakeMembers members({first_});
    prepare_cluster(options_, join_, &members);
    EXPECT_EQ(members.added(), 0);
    EXPECT_EQ(options_.initial_cluster_state, "new");
}

TEST_F(EtcdJoinTest, RefusesOneselfATakenNameAndAnUnfinishedJoin) {
    FakeMembers members({first_});
    EXPECT_EQ(failure({.join = "http://h2:8261", .advertise_addr = "h2:8261", .initial_cluster = {}}, members),
              ErrorCode::MasterJoin);
    FakeMembers taken({{.id = 2, .name = "m2", .peer_urls = {}, .client_urls = {}}});
    EXPECT_EQ(failure(join_, taken), ErrorCode::MasterJoin);
    FakeMembers unfinished({{.id = 2, .name = "", .peer_urls = {"http://h4:8291"}, .client_urls = {}}});
    EXPECT_EQ(failure(join_, unfinished), ErrorCode::MasterJoin);
    EXPECT_EQ(taken.added() + unfinished.added() + members.added(), 0);
}

}  // namespace
}  // namespace dm::etcd
