#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/meta/members.h"
#include "io/etcd/etcd_options.h"

namespace dm::etcd {

/// The members of an etcd group, over its v3 gRPC interface. Thread-safe.
class EtcdMemberList final : public meta::MemberList {
  public:
    explicit EtcdMemberList(EtcdOptions options);
    ~EtcdMemberList() override;

    [[nodiscard]] std::vector<meta::Member> list() override;
    std::vector<meta::Member> add(const std::vector<std::string>& peer_urls) override;
    void remove(std::uint64_t id) override;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::etcd
