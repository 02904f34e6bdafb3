#pragma once

#include <filesystem>
#include <string>
#include <unistd.h>

#include <fmt/format.h>

#include "core/meta/kv_store.h"
#include "io/etcd/etcd_child.h"
#include "io/etcd/etcd_kv_store.h"

namespace dm::etcd {

/// For tests: a folder that goes with its owner.
class ScratchFolder {
  public:
    ScratchFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "dm-etcd-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~ScratchFolder() { std::filesystem::remove_all(path_); }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// For tests: an etcd of one member on free ports of the loopback interface, with its data in a scratch folder.
class TestEtcd {
  public:
    struct Limits {
        unsigned max_txn_ops = 2048;
        std::size_t max_request_bytes = 1536U << 10U;
    };
    TestEtcd() : TestEtcd(Limits{}) {}
    explicit TestEtcd(const Limits& limits) : child_(options(limits)) { child_.start(); }

    [[nodiscard]] EtcdChild& child() { return child_; }
    [[nodiscard]] const std::string& target() const { return child_.client_target(); }

  private:
    [[nodiscard]] EtcdChildOptions options(const Limits& limits) const {
        EtcdChildOptions options;
        options.name = "test";
        options.data_dir = (folder_.path() / "data").string();
        options.peer_urls = fmt::format("http://127.0.0.1:{}", free_loopback_port());
        options.max_txn_ops = limits.max_txn_ops;
        options.max_request_bytes = limits.max_request_bytes;
        return options;
    }

    ScratchFolder folder_;
    EtcdChild child_;
};

/// Removes every key.
inline void clear(meta::KvStore& store) { store.txn({}, {meta::DeleteOp{"", true}}); }

}  // namespace dm::etcd
