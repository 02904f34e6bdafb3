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
    TestEtcd() { child_.start(); }

    [[nodiscard]] EtcdChild& child() { return child_; }
    [[nodiscard]] const std::string& target() const { return child_.client_target(); }

  private:
    ScratchFolder folder_;
    EtcdChild child_{{.name = "test",
                      .data_dir = (folder_.path() / "data").string(),
                      .peer_urls = fmt::format("http://127.0.0.1:{}", free_loopback_port()),
                      .advertise_peer_urls = {},
                      .advertise_client_urls = {},
                      .initial_cluster = {}}};
};

/// Removes every key.
inline void clear(meta::KvStore& store) { store.txn({}, {meta::DeleteOp{"", true}}); }

}  // namespace dm::etcd
