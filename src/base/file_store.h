#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace dm {

/// A folder of named files: dump files, relay logs. Names are relative, with '/' between folders, and never leave the
/// root. Implementations are thread-safe for different files; one file has one writer. Failures throw Error.
/// Crash: after `sync` returned, the bytes appended before it survive; `replace` shows the old content or the new,
/// never a mix.
class FileStore {
  public:
    virtual ~FileStore() = default;
    FileStore() = default;
    FileStore(const FileStore&) = delete;
    FileStore& operator=(const FileStore&) = delete;

    /// Names that start with `prefix`, sorted.
    [[nodiscard]] virtual std::vector<std::string> list(std::string_view prefix) const = 0;
    [[nodiscard]] virtual bool contains(std::string_view name) const = 0;
    [[nodiscard]] virtual std::uint64_t size(std::string_view name) const = 0;
    /// Up to `max_bytes` bytes from `offset`; fewer only at the end of the file.
    [[nodiscard]] virtual std::string read(std::string_view name, std::uint64_t offset,
                                           std::size_t max_bytes) const = 0;
    /// Appends, creating the file and its folders if needed.
    virtual void append(std::string_view name, std::string_view bytes) = 0;
    virtual void sync(std::string_view name) = 0;
    virtual void replace(std::string_view name, std::string_view bytes) = 0;
    /// Removing what is not there is not an error.
    virtual void remove(std::string_view name) = 0;
};

/// The fake: files in memory.
class MemoryFileStore final : public FileStore {
  public:
    [[nodiscard]] std::vector<std::string> list(std::string_view prefix) const override;
    [[nodiscard]] bool contains(std::string_view name) const override;
    [[nodiscard]] std::uint64_t size(std::string_view name) const override;
    [[nodiscard]] std::string read(std::string_view name, std::uint64_t offset, std::size_t max_bytes) const override;
    void append(std::string_view name, std::string_view bytes) override;
    void sync(std::string_view name) override;
    void replace(std::string_view name, std::string_view bytes) override;
    void remove(std::string_view name) override;

  private:
    const std::string& content_locked(std::string_view name) const;

    mutable std::mutex mutex_;
    std::map<std::string, std::string, std::less<>> files_;
};

}  // namespace dm
