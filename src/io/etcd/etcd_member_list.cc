#include "io/etcd/etcd_member_list.h"

#include <etcd/rpc.grpc.pb.h>
#include <grpcpp/channel.h>

#include "base/error.h"
#include "io/etcd/etcd_connection.h"

namespace dm::etcd {

class EtcdMemberList::Impl {
  public:
    explicit Impl(EtcdOptions options) : connection_(std::move(options)) {}

    template <typename Response, typename Call>
    Response perform(std::string_view what, Repeat repeat, Call call) {
        Response response;
        connection_.perform(ErrorCode::HaTxn, what, repeat, connection_.options().request_timeout,
                            [&](const auto& channel, auto& context) {
                                return call(*etcdserverpb::Cluster::NewStub(channel), context, response);
                            });
        return response;
    }

  private:
    EtcdConnection connection_;
};

namespace {

template <typename Response>
std::vector<meta::Member> translate_members(const Response& response) {
    std::vector<meta::Member> members;
    for (const auto& one : response.members())
        members.push_back({.id = one.id(),
                           .name = one.name(),
                           .peer_urls = {one.peerurls().begin(), one.peerurls().end()},
                           .client_urls = {one.clienturls().begin(), one.clienturls().end()}});
    return members;
}

}  // namespace

EtcdMemberList::EtcdMemberList(EtcdOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
EtcdMemberList::~EtcdMemberList() = default;

std::vector<meta::Member> EtcdMemberList::list() {
    return translate_members(impl_->perform<etcdserverpb::MemberListResponse>(
        "list members", Repeat::Always, [](auto& stub, auto& context, auto& response) {
            return stub.MemberList(&context, etcdserverpb::MemberListRequest(), &response);
        }));
}

std::vector<meta::Member> EtcdMemberList::add(const std::vector<std::string>& peer_urls) {
    etcdserverpb::MemberAddRequest request;
    for (const auto& url : peer_urls) request.add_peerurls(url);
    return translate_members(impl_->perform<etcdserverpb::MemberAddResponse>(
        "add a member", Repeat::IfNotExecuted,
        [&](auto& stub, auto& context, auto& response) { return stub.MemberAdd(&context, request, &response); }));
}

void EtcdMemberList::remove(std::uint64_t id) {
    etcdserverpb::MemberRemoveRequest request;
    request.set_id(id);
    static_cast<void>(impl_->perform<etcdserverpb::MemberRemoveResponse>(
        "remove a member", Repeat::IfNotExecuted,
        [&](auto& stub, auto& context, auto& response) { return stub.MemberRemove(&context, request, &response); }));
}

}  // namespace dm::etcd
