#pragma once

#include <filesystem>

#include "base/file_store.h"

namespace dm::files {

/// FileStore over a local folder. Thread-safe as the seam demands; keeps no file open between calls.
class LocalFileStore final : public FileStore {
  public:
    /// Creates `root` if it is missing; throws Error{ConfigFileUnreadable} if it cannot.
    explicit LocalFileStore(std::filesystem::path root);

    [[nodiscard]] std::vector<std::string> list(std::string_view prefix) const override;
    [[nodiscard]] bool contains(std::string_view name) const override;
    [[nodiscard]] std::uint64_t size(std::string_view name) const override;
    [[nodiscard]] std::string read(std::string_view name, std::uint64_t offset, std::size_t max_bytes) const override;
    void append(std::string_view name, std::string_view bytes) override;
    void sync(std::string_view name) override;
    void replace(std::string_view name, std::string_view bytes) override;
    void remove(std::string_view name) override;

  private:
    /// The path of `name`; throws if it would leave the root.
    [[nodiscard]] std::filesystem::path path_of(std::string_view name) const;

    std::filesystem::path root_;
};

}  // namespace dm::files
