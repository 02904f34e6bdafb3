#include "app/master/member_service.h"

#include <algorithm>

#include <dmmaster.pb.h>
#include <fmt/format.h>

#include "base/fan_out.h"
#include "core/meta/keys.h"

namespace dm::master {
namespace {

bool is_wanted(const pb::ListMemberRequest& request, const std::string& name) {
    return request.names().empty() || std::ranges::find(request.names(), name) != request.names().end();
}

void add_leader(const std::optional<meta::Leader>& leader, const pb::ListMemberRequest& request,
                pb::ListMemberResponse& response) {
    auto* element = response.add_members()->mutable_leader();
    if (!leader) {
        element->set_msg("there is no leader at this moment");
    } else if (is_wanted(request, leader->id)) {
        element->set_name(leader->id);
        element->set_addr(leader->addr);
    }
}

void add_masters(const MasterContext& context, const pb::ListMemberRequest& request, pb::ListMemberResponse& response) {
    auto* element = response.add_members()->mutable_master();
    std::vector<meta::Member> members;
    try {
        members = context.members.list();
    } catch (const Error& error) {
        element->set_msg(error.what());
        return;
    }
    std::erase_if(members, [&](const auto& member) { return !is_wanted(request, member.name); });
    std::ranges::sort(members, {}, &meta::Member::name);
    std::vector<char> alive(members.size());
    fan_out(members.size(), [&](std::size_t i) {
        const auto& member = members[i];
        const bool is_self = member.name == context.config.name;
        alive[i] = is_self || (!member.client_urls.empty() && context.is_healthy(member.client_urls.front())) ? 1 : 0;
    });
    for (std::size_t i = 0; i < members.size(); ++i) {
        auto* info = element->add_masters();
        info->set_name(members[i].name);
        info->set_memberid(members[i].id);
        info->set_alive(alive[i] != 0);
        for (const auto& url : members[i].peer_urls) info->add_peerurls(url);
        for (const auto& url : members[i].client_urls) info->add_clienturls(url);
    }
}

void add_workers(Scheduler& scheduler, const pb::ListMemberRequest& request, pb::ListMemberResponse& response) {
    auto* element = response.add_members()->mutable_worker();
    scheduler.read([&](const ClusterTable& table) {
        for (const auto& [name, row] : table.workers()) {
            if (!is_wanted(request, name.str())) continue;
            auto* info = element->add_workers();
            info->set_name(name.str());
            info->set_addr(row.info.addr);
            info->set_stage(std::string(worker_stage_name(row.stage())));
            info->set_source(row.source ? row.source->str() : "");
        }
    });
}

/// Takes the member's election key away, so that a dead leader does not lead until its lease ends.
void delete_candidacy(meta::KvStore& store, const std::string& name) {
    std::vector<meta::WriteOp> deletions;
    for (const auto& item : store.get(std::string(meta::keys::kLeader) + "/", true).items) {
        if (meta::parse_leader(item.value).id == name) deletions.emplace_back(meta::DeleteOp{.key = item.key});
    }
    if (!deletions.empty()) store.txn({}, deletions);
}

void remove_master(const MasterContext& context, meta::KvStore& store, const std::string& name) {
    const auto members = context.members.list();
    const auto found = std::ranges::find(members, name, &meta::Member::name);
    ensure(found != members.end(), ErrorCode::MasterOfflineName,
           fmt::format("dm-master with name {} not exists", name));
    if (members.size() == 1) {
        throw Error(ErrorCode::MasterOfflineName, fmt::format("{} is the only dm-master and cannot be taken out", name))
            .with_workaround("Let another dm-master `join` first.");
    }
    // A removal that is refused changes nothing. A member that takes itself out has no store afterwards.
    const bool is_self = name == context.config.name;
    if (is_self) delete_candidacy(store, name);
    context.members.remove(found->id);
    if (!is_self) delete_candidacy(store, name);
}

}  // namespace

pb::RegisterWorkerResponse register_worker(const MasterContext& context, Scheduler& scheduler,
                                           const pb::RegisterWorkerRequest& request) {
    ensure(!request.name().empty() && !request.address().empty(), ErrorCode::SchedulerWorkerMissing,
           "a worker registers with its name and its address");
    scheduler.add_worker({.name = model::WorkerName(request.name()), .addr = request.address()});
    pb::RegisterWorkerResponse response;
    response.set_result(true);
    if (context.key) {
        const auto& bytes = context.key->bytes();
        response.set_secretkey(std::string(bytes.begin(), bytes.end()));
    }
    return response;
}

pb::ListMemberResponse list_members(const MasterContext& context, Scheduler& scheduler,
                                    const std::optional<meta::Leader>& leader, const pb::ListMemberRequest& request) {
    pb::ListMemberResponse response;
    const bool is_all = !request.leader() && !request.master() && !request.worker();
    if (request.leader() || is_all) add_leader(leader, request, response);
    if (request.master() || is_all) add_masters(context, request, response);
    if (request.worker() || is_all) add_workers(scheduler, request, response);
    response.set_result(true);
    return response;
}

pb::OfflineMemberResponse offline_member(const MasterContext& context, Scheduler& scheduler,
                                         const pb::OfflineMemberRequest& request) {
    if (request.type() == "worker") {
        scheduler.remove_worker(model::WorkerName(request.name()));
    } else if (request.type() == "master") {
        remove_master(context, scheduler.store().kv(), request.name());
    } else {
        throw Error(ErrorCode::MasterOfflineType,
                    fmt::format("offline-member does not know the type \"{}\"", request.type()));
    }
    pb::OfflineMemberResponse response;
    response.set_result(true);
    return response;
}

}  // namespace dm::master
