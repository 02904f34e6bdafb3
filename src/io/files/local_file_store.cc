#include "io/files/local_file_store.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::files {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(std::string_view what, const fs::path& path) {
    const int number = errno;
    throw Error(ErrorCode::ConfigFileUnreadable, fmt::format("cannot {} '{}'", what, path.string()))
        .with_cause(std::strerror(number));
}

/// An open file that closes itself.
class Descriptor {
  public:
    Descriptor(const fs::path& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
        if (descriptor_ < 0) fail("open", path);
    }
    ~Descriptor() { ::close(descriptor_); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const noexcept { return descriptor_; }

  private:
    int descriptor_;
};

void write_all(int descriptor, std::string_view bytes, const fs::path& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) fail("write", path);
        if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

void sync_folder(const fs::path& folder) {
    const Descriptor descriptor(folder, O_RDONLY | O_DIRECTORY);
    if (::fsync(descriptor.get()) != 0) fail("sync", folder);
}

void make_folder(const fs::path& folder) {
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure) {
        throw Error(ErrorCode::ConfigFileUnreadable, fmt::format("cannot create folder '{}'", folder.string()))
            .with_cause(failure.message());
    }
}

}  // namespace

LocalFileStore::LocalFileStore(fs::path root) : root_(std::move(root)) { make_folder(root_); }

fs::path LocalFileStore::path_of(std::string_view name) const {
    const fs::path relative = fs::path(name).lexically_normal();
    const bool leaves = relative.empty() || relative.is_absolute() || *relative.begin() == "..";
    ensure(!leaves, ErrorCode::ConfigFileUnreadable, fmt::format("file name '{}' leaves its folder", name));
    return root_ / relative;
}

std::vector<std::string> LocalFileStore::list(std::string_view prefix) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
        if (!entry.is_regular_file()) continue;
        std::string name = entry.path().lexically_relative(root_).generic_string();
        if (name.starts_with(prefix)) names.push_back(std::move(name));
    }
    std::ranges::sort(names);
    return names;
}

bool LocalFileStore::contains(std::string_view name) const { return fs::is_regular_file(path_of(name)); }

std::uint64_t LocalFileStore::size(std::string_view name) const {
    struct stat info {};
    if (::stat(path_of(name).c_str(), &info) != 0) fail("read the size of", path_of(name));
    return static_cast<std::uint64_t>(info.st_size);
}

std::string LocalFileStore::read(std::string_view name, std::uint64_t offset, std::size_t max_bytes) const {
    const fs::path path = path_of(name);
    const Descriptor descriptor(path, O_RDONLY);
    const std::uint64_t file_size = size(name);
    std::string bytes(offset >= file_size ? 0 : std::min<std::uint64_t>(max_bytes, file_size - offset), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t got =
            ::pread(descriptor.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno != EINTR) fail("read", path);
        if (got == 0) break;
        if (got > 0) done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
}

void LocalFileStore::append(std::string_view name, std::string_view bytes) {
    const fs::path path = path_of(name);
    make_folder(path.parent_path());
    const Descriptor descriptor(path, O_WRONLY | O_CREAT | O_APPEND);
    write_all(descriptor.get(), bytes, path);
}

void LocalFileStore::sync(std::string_view name) {
    const fs::path path = path_of(name);
    const Descriptor descriptor(path, O_RDONLY);
    if (::fsync(descriptor.get()) != 0) fail("sync", path);
    sync_folder(path.parent_path());
}

void LocalFileStore::replace(std::string_view name, std::string_view bytes) {
    const fs::path path = path_of(name);
    make_folder(path.parent_path());
    fs::path draft = path;
    draft += ".new";
    {
        const Descriptor descriptor(draft, O_WRONLY | O_CREAT | O_TRUNC);
        write_all(descriptor.get(), bytes, draft);
        if (::fsync(descriptor.get()) != 0) fail("sync", draft);
    }
    if (::rename(draft.c_str(), path.c_str()) != 0) fail("rename to", path);
    sync_folder(path.parent_path());
}

void LocalFileStore::remove(std::string_view name) {
    const fs::path path = path_of(name);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail("remove", path);
}

}  // namespace dm::files
