#include "base/file_store.h"

#include "base/error.h"

namespace dm {

const std::string& MemoryFileStore::content_locked(std::string_view name) const {
    const auto found = files_.find(name);
    if (found == files_.end()) throw Error(ErrorCode::ConfigFileUnreadable, "no file '" + std::string(name) + "'");
    return found->second;
}

std::vector<std::string> MemoryFileStore::list(std::string_view prefix) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, content] : files_) {
        if (name.starts_with(prefix)) names.push_back(name);
    }
    return names;
}

bool MemoryFileStore::contains(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    return files_.contains(name);
}

std::uint64_t MemoryFileStore::size(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    return content_locked(name).size();
}

std::string MemoryFileStore::read(std::string_view name, std::uint64_t offset, std::size_t max_bytes) const {
    const std::lock_guard lock(mutex_);
    const std::string& content = content_locked(name);
    return offset >= content.size() ? std::string() : content.substr(offset, max_bytes);
}

void MemoryFileStore::append(std::string_view name, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    files_[std::string(name)] += bytes;
}

void MemoryFileStore::sync(std::string_view name) {
    const std::lock_guard lock(mutex_);
    static_cast<void>(content_locked(name));
}

void MemoryFileStore::replace(std::string_view name, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    files_[std::string(name)] = bytes;
}

void MemoryFileStore::remove(std::string_view name) {
    const std::lock_guard lock(mutex_);
    files_.erase(std::string(name));
}

}  // namespace dm
