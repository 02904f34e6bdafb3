#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace dm::log {

/// A file that lines are appended to. One that would grow beyond its limit is renamed to
/// `<base>-<local time YYYY-MM-DDThh-mm-ss.mmm><ext>` beside it, and a new one begun. Not thread-safe.
class LogFile {
  public:
    /// Throws Error{LoggerInit} if the file cannot be written to, for example because it is a directory.
    LogFile(std::string path, std::size_t max_bytes);

    /// Appends the line and its end. What cannot be written is lost; the file is opened anew for the next line.
    void write_line(std::string_view line) noexcept;
    void flush() noexcept;

  private:
    struct Close {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };

    [[nodiscard]] bool open() noexcept;
    void rotate() noexcept;

    const std::string path_;
    const std::size_t max_bytes_;
    std::size_t bytes_ = 0;
    std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace dm::log
