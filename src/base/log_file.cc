#include "base/log_file.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::log {
namespace {

std::string backup_name(const std::filesystem::path& path) {
    const auto now = std::chrono::system_clock::now();
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm parts{};
    localtime_r(&seconds, &parts);
    const std::string name = fmt::format("{}-{:04}-{:02}-{:02}T{:02}-{:02}-{:02}.{:03}{}", path.stem().string(),
                                         parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                                         parts.tm_min, parts.tm_sec, millis, path.extension().string());
    return (path.parent_path() / name).string();
}

}  // namespace

LogFile::LogFile(std::string path, std::size_t max_bytes) : path_(std::move(path)), max_bytes_(max_bytes) {
    if (open()) return;
    const int reason = errno;
    throw Error(ErrorCode::LoggerInit, fmt::format("log file '{}' cannot be opened", path_))
        .with_cause(std::strerror(reason));
}

bool LogFile::open() noexcept {
    file_.reset(std::fopen(path_.c_str(), "ae"));
    if (!file_) return false;
    const long end = std::fseek(file_.get(), 0, SEEK_END) == 0 ? std::ftell(file_.get()) : 0;
    bytes_ = end > 0 ? static_cast<std::size_t>(end) : 0;
    return true;
}

void LogFile::rotate() noexcept {
    try {
        const std::string backup = backup_name(path_);
        std::error_code failure;
        // Two rotations within a millisecond: the next line tries again.
        if (std::filesystem::exists(backup, failure)) return;
        file_.reset();
        std::filesystem::rename(path_, backup, failure);
    } catch (const std::exception&) {
        // Out of memory for a name: the file grows on.
        return;
    }
}

void LogFile::write_line(std::string_view line) noexcept {
    if (bytes_ > 0 && bytes_ + line.size() + 1 > max_bytes_) rotate();
    if (!file_ && !open()) return;
    const bool is_written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
                            std::fputc('\n', file_.get()) != EOF && std::fflush(file_.get()) == 0;
    bytes_ += line.size() + 1;
    if (!is_written) file_.reset();
}

void LogFile::flush() noexcept {
    if (file_) std::fflush(file_.get());
}

}  // namespace dm::log
