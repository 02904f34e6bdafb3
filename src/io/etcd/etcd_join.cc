#include "io/etcd/etcd_join.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "base/error.h"
#include "io/rpc/address.h"

namespace dm::etcd {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> items;
    std::istringstream in(list);
    for (std::string item; std::getline(in, item, ',');)
        if (!item.empty()) items.push_back(item);
    return items;
}

std::string read_file(const fs::path& file) {
    std::ifstream in(file);
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    ensure(in.good() || in.eof(), ErrorCode::MasterJoin, fmt::format("cannot read {}", file.string()));
    return text;
}

void save(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    fs::permissions(file.parent_path(), fs::perms::owner_all);
    std::ofstream out(file, std::ios::trunc);
    out << text;
    out.close();
    ensure(out.good(), ErrorCode::MasterJoin, fmt::format("cannot write {}", file.string()));
    fs::permissions(file, fs::perms::owner_all);
}

void check_list(const std::vector<meta::Member>& members, const std::string& name) {
    for (const auto& member : members) {
        ensure(!member.name.empty(), ErrorCode::MasterJoin,
               "there is a member that has not joined successfully; start it or take it offline first");
        ensure(member.name != name, ErrorCode::MasterJoin,
               fmt::format("missing data or joining a duplicate member {}; take the old one offline first", name));
    }
}

/// "name=peer-url" of everybody; the newcomer, which has no name in the list yet, is us.
std::string cluster_text(const std::vector<meta::Member>& members, const std::string& name) {
    std::string text;
    for (const auto& member : members)
        for (const auto& url : member.peer_urls)
            text += fmt::format("{}{}={}", text.empty() ? "" : ",", member.name.empty() ? name : member.name, url);
    return text;
}

}  // namespace

void prepare_cluster(EtcdChildOptions& options, const JoinRequest& request, meta::MemberList* members) {
    options.initial_cluster = request.initial_cluster;
    if (fs::exists(fs::path(options.data_dir) / "member" / "wal") || request.join.empty()) return;

    const auto hosts = rpc::split_addresses(request.join);
    ensure(std::ranges::find(hosts, rpc::without_scheme(request.advertise_addr)) == hosts.end(), ErrorCode::MasterJoin,
           fmt::format("joining oneself ({}) is not allowed", request.advertise_addr));
    options.initial_cluster_state = "existing";
    const fs::path saved = fs::path(options.data_dir) / "join";
    if (fs::exists(saved)) {
        options.initial_cluster = read_file(saved);
        return;
    }
    ensure(members != nullptr, ErrorCode::MasterJoin, "the members of the group to join cannot be listed");
    check_list(members->list(), options.name);
    const auto& peers = options.advertise_peer_urls.empty() ? options.peer_urls : options.advertise_peer_urls;
    options.initial_cluster = cluster_text(members->add(split(peers)), options.name);
    save(saved, options.initial_cluster);
}

}  // namespace dm::etcd
