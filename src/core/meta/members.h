#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dm::meta {

/// A member of the group that holds the cluster's memory.
struct Member {
    std::uint64_t id = 0;
    std::string name;  ///< empty: joined but never started
    std::vector<std::string> peer_urls;
    std::vector<std::string> client_urls;
};

/// Who holds the cluster's memory; list-member and offline-member use it. Implemented by io/etcd; membership is not
/// made of keys, so it is not part of KvStore. Thread-safe. Failures throw Error{HaTxn}.
class MemberList {
  public:
    virtual ~MemberList() = default;
    MemberList() = default;
    MemberList(const MemberList&) = delete;
    MemberList& operator=(const MemberList&) = delete;

    [[nodiscard]] virtual std::vector<Member> list() = 0;
    /// Adds a member that is about to start; returns the whole list with it.
    virtual std::vector<Member> add(const std::vector<std::string>& peer_urls) = 0;
    virtual void remove(std::uint64_t id) = 0;
};

}  // namespace dm::meta
