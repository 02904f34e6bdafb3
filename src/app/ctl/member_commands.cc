#include <dmmaster.pb.h>
#include <fmt/format.h>

#include "app/ctl/command_support.h"
#include "app/ctl/commands.h"
#include "app/ctl/table_view.h"

namespace dm::ctl {

int run_list_member(Invocation& invocation) {
    pb::ListMemberRequest request;
    const bool leader = invocation.flags.is_on("leader");
    const bool master = invocation.flags.is_on("master");
    const bool worker = invocation.flags.is_on("worker");
    const bool all = !leader && !master && !worker;
    request.set_leader(leader || all);
    request.set_master(master || all);
    request.set_worker(worker || all);
    for (const auto& name : invocation.flags.list("name")) request.add_names(name);
    pb::ListMemberResponse response;
    if (invocation.flags.text("output", "json") != "table")
        return call_and_print(invocation, "ListMember", request, response);
    const RpcOutcome outcome = invocation.master.call("ListMember", request, response);
    if (!outcome.is_ok) return fail(invocation, outcome.text);
    invocation.streams.out << member_table(response, uses_colour(invocation));
    return kSuccess;
}

int run_offline_member(Invocation& invocation) {
    const bool master = invocation.flags.is_on("master");
    const bool worker = invocation.flags.is_on("worker");
    const std::string name = invocation.flags.text("name");
    if (master == worker) return fail_with_usage(invocation, "should specify either --master or --worker");
    if (name.empty()) return fail_with_usage(invocation, "should specify the member's name with --name");
    pb::OfflineMemberRequest request;
    request.set_type(master ? "master" : "worker");
    request.set_name(name);
    pb::OfflineMemberResponse response;
    const RpcOutcome outcome = invocation.master.call("OfflineMember", request, response);
    if (!outcome.is_ok) return fail(invocation, outcome.text);
    if (!response.result()) {
        invocation.streams.out << "offline member failed:\n" << response.msg() << '\n';
        return fail(invocation, "please check output to see error");
    }
    print_json(invocation, response);
    return kSuccess;
}

int run_operate_leader(Invocation& invocation) {
    pb::OperateLeaderRequest request;
    const std::string& word = invocation.arguments.front();
    if (word == "evict") {
        request.set_op(pb::EvictLeaderOp);
    } else if (word == "cancel-evict") {
        request.set_op(pb::CancelEvictLeaderOp);
    } else {
        return fail_with_usage(invocation, fmt::format("invalid operate '{}' on leader", word));
    }
    pb::OperateLeaderResponse response;
    return call_and_print(invocation, "OperateLeader", request, response);
}

}  // namespace dm::ctl
