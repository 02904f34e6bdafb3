#include "base/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <mutex>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/log_file.h"
#include "base/utf8.h"

namespace dm::log {
namespace {

constexpr std::array<std::string_view, 5> kLevelNames = {"DEBUG", "INFO", "WARN", "ERROR", "FATAL"};

/// Our file as spdlog sees it.
class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    FileSink(std::string path, std::size_t max_bytes) : file_(std::move(path), max_bytes) {}

  private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        file_.write_line({message.payload.data(), message.payload.size()});
    }
    void flush_() override { file_.flush(); }

    LogFile file_;
};

struct State {
    std::shared_ptr<spdlog::logger> logger;
    std::atomic<Level> level{Level::Info};
    std::atomic<bool> json{false};
    std::atomic<bool> hides_values{false};
};

std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink) {
    auto logger = std::make_shared<spdlog::logger>("dm", std::move(sink));
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
    return logger;
}

State& state() {
    static State instance{make_logger(std::make_shared<spdlog::sinks::stdout_sink_mt>())};
    return instance;
}

std::string lowered(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return lower;
}

Level parse_level(std::string_view text) {
    for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
        if (lowered(kLevelNames.at(i)) == lowered(text)) return static_cast<Level>(i);
    }
    throw Error(ErrorCode::ConfigToml,
                fmt::format("log level '{}' is unknown; use debug, info, warn, error or fatal", text));
}

std::string time_text() {
    const auto now = std::chrono::system_clock::now();
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm parts{};
    localtime_r(&seconds, &parts);
    const long minutes = parts.tm_gmtoff / 60;
    return fmt::format("{:04}/{:02}/{:02} {:02}:{:02}:{:02}.{:03} {}{:02}:{:02}", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, millis,
                       minutes < 0 ? '-' : '+', std::abs(minutes) / 60, std::abs(minutes) % 60);
}

std::string escape_of(char c) {
    switch (c) {
        case '"':
            return "\\\"";
        case '\\':
            return "\\\\";
        case '\n':
            return "\\n";
        case '\r':
            return "\\r";
        case '\t':
            return "\\t";
        default:
            return static_cast<unsigned char>(c) < 0x20 ? fmt::format("\\u{:04x}", static_cast<unsigned>(c))
                                                        : std::string(1, c);
    }
}

void append_escaped(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            out += "\\ufffd";
        } else if (length == 1) {
            out += escape_of(text.front());
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    out += '"';
}

bool needs_quotes(std::string_view text) {
    while (!text.empty()) {
        const char c = text.front();
        const std::size_t length = utf8_length(text);
        if (length == 0 || static_cast<unsigned char>(c) <= 0x20) return true;
        if (c == '"' || c == '=' || c == '[' || c == ']' || c == '\\') return true;
        text.remove_prefix(length);
    }
    return false;
}

void append_value(std::string& out, std::string_view text) {
    if (needs_quotes(text)) {
        append_escaped(out, text);
    } else {
        out += text;
    }
}

/// Statements may hold the address of another server, `mysql://user:password@host`: its password becomes `******`.
std::string without_passwords(std::string line) {
    constexpr std::string_view kEnds = "/'\"`@ ]\\";
    for (auto at = line.find("://"); at != std::string::npos; at = line.find("://", at)) {
        at += 3;
        const auto end = line.find_first_of(kEnds, at);
        const auto colon = line.find(':', at);
        if (end == std::string::npos || line[end] != '@' || colon >= end) continue;
        line.replace(colon + 1, end - colon - 1, "******");
    }
    return line;
}

std::string place_of(const std::source_location& where) {
    std::string_view path = where.file_name();
    if (const auto slash = path.rfind('/'); slash != std::string_view::npos) path.remove_prefix(slash + 1);
    return fmt::format("{}:{}", path, where.line());
}

}  // namespace

void configure(const Options& options) {
    const Level level = parse_level(options.level);
    if (!options.file.empty()) {
        state().logger = make_logger(std::make_shared<FileSink>(options.file, options.max_file_bytes));
    }
    state().level = level;
    state().json = options.json;
    state().hides_values = options.hides_values;
}

bool hides_values() noexcept { return state().hides_values.load(std::memory_order_relaxed); }

bool is_enabled(Level level) noexcept { return level >= state().level.load(std::memory_order_relaxed); }

void write(Level level, std::string_view message, Fields fields, const std::source_location& where) noexcept {
    try {
        const auto format = state().json ? format_json : format_text;
        state().logger->log(spdlog::level::info, "{}", format(time_text(), level, place_of(where), message, fields));
    } catch (const std::exception&) {
        // A line that cannot be formatted or written is lost: the log must never take the program down.
        return;
    }
}

std::string format_text(std::string_view time, Level level, std::string_view place, std::string_view message,
                        Fields fields) {
    std::string line = fmt::format("[{}] [{}] [{}]", time, kLevelNames.at(static_cast<std::size_t>(level)), place);
    if (!message.empty()) {
        line += " [";
        append_value(line, message);
        line += ']';
    }
    for (const Field& field : fields) {
        line += " [";
        append_value(line, field.key);
        line += '=';
        append_value(line, field.value);
        line += ']';
    }
    return without_passwords(std::move(line));
}

std::string format_json(std::string_view time, Level level, std::string_view place, std::string_view message,
                        Fields fields) {
    std::string line = fmt::format(R"({{"level":"{}","time":"{}","caller":"{}","message":)",
                                   kLevelNames.at(static_cast<std::size_t>(level)), time, place);
    append_escaped(line, message);
    for (const Field& field : fields) {
        line += ',';
        append_escaped(line, field.key);
        line += ':';
        append_escaped(line, field.value);
    }
    line += '}';
    return without_passwords(std::move(line));
}

}  // namespace dm::log
