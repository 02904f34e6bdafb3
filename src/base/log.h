#pragma once

#include <cstdint>
#include <initializer_list>
#include <source_location>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"

/// The log. Lines are `[time] [LEVEL] [file:line] ["message"] [key=value]...`, or one JSON object each. An empty
/// message is left out; what holds blanks, quotes, brackets or `=` is quoted; bytes that are no UTF-8 become U+FFFD.
/// Source: the text encoding of the original's logs. Thread-safe. Callers never pass passwords; of addresses such as
/// `mysql://user:password@host`, which statements may hold, the password is left out.
namespace dm::log {

enum class Level : std::uint8_t { Debug, Info, Warn, Error, Fatal };

struct Options {
    std::string level = "info";  ///< debug, info, warn, error, fatal, in any case
    std::string file;            ///< empty: standard output
    bool json = false;
    std::size_t max_file_bytes = 300UL << 20U;  ///< a larger file is rotated; old ones are kept
    bool hides_values = false;                  ///< values of rows do not appear in statements that are logged
};

/// One key and its value, already as text.
struct Field {
    std::string_view key;
    std::string value;

    template <typename T>
    Field(std::string_view name, const T& what) : key(name), value(fmt::format("{}", what)) {}
};

using Fields = std::initializer_list<Field>;

/// Replaces the destination; call once at start, before other threads exist. Throws Error if the file cannot be opened
/// or the level is unknown.
void configure(const Options& options);
[[nodiscard]] bool is_enabled(Level level) noexcept;
/// Whoever puts a statement with values of rows into a line or an error asks this first.
[[nodiscard]] bool hides_values() noexcept;

void write(Level level, std::string_view message, Fields fields, const std::source_location& where) noexcept;

/// Formats one line without its end; `time` is already text.
[[nodiscard]] std::string format_text(std::string_view time, Level level, std::string_view place,
                                      std::string_view message, Fields fields);
[[nodiscard]] std::string format_json(std::string_view time, Level level, std::string_view place,
                                      std::string_view message, Fields fields);

inline void debug(std::string_view message, Fields fields = {},
                  const std::source_location& where = std::source_location::current()) noexcept {
    if (is_enabled(Level::Debug)) write(Level::Debug, message, fields, where);
}
inline void info(std::string_view message, Fields fields = {},
                 const std::source_location& where = std::source_location::current()) noexcept {
    if (is_enabled(Level::Info)) write(Level::Info, message, fields, where);
}
inline void warn(std::string_view message, Fields fields = {},
                 const std::source_location& where = std::source_location::current()) noexcept {
    if (is_enabled(Level::Warn)) write(Level::Warn, message, fields, where);
}
inline void error(std::string_view message, Fields fields = {},
                  const std::source_location& where = std::source_location::current()) noexcept {
    if (is_enabled(Level::Error)) write(Level::Error, message, fields, where);
}

}  // namespace dm::log
