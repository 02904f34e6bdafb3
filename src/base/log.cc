#include "base/log.h"

#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>

#include <spdlog/logger.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace dm::log {
namespace {

constexpr std::array<std::string_view, 5> kLevelNames = {"DEBUG", "INFO", "WARN", "ERROR", "FATAL"};

struct State {
    std::shared_ptr<spdlog::logger> logger;
    std::atomic<Level> level{Level::Info};
    std::atomic<bool> json{false};
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

Level parse_level(std::string_view text) {
    for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
        std::string name(kLevelNames[i]);
        for (char& c : name) c = static_cast<char>(c | 0x20);
        if (name == text) return static_cast<Level>(i);
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

void append_escaped(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

bool needs_quotes(std::string_view text) {
    if (text.empty()) return false;
    for (const char c : text) {
        if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '=' || c == '[' || c == ']' || c == '\\')
            return true;
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

std::string place_of(const std::source_location& where) {
    std::string_view path = where.file_name();
    if (const auto slash = path.rfind('/'); slash != std::string_view::npos) path.remove_prefix(slash + 1);
    return fmt::format("{}:{}", path, where.line());
}

}  // namespace

void configure(const Options& options) {
    const Level level = parse_level(options.level);
    if (!options.file.empty()) {
        try {
            state().logger = make_logger(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
                options.file, options.max_file_bytes, options.max_files));
        } catch (const spdlog::spdlog_ex& failure) {
            throw Error(ErrorCode::ConfigFileUnreadable, fmt::format("log file '{}' cannot be opened", options.file))
                .with_cause(failure.what());
        }
    }
    state().level = level;
    state().json = options.json;
}

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
    std::string line = fmt::format("[{}] [{}] [{}] [", time, kLevelNames.at(static_cast<std::size_t>(level)), place);
    append_value(line, message);
    line += ']';
    for (const Field& field : fields) {
        line += " [";
        append_value(line, field.key);
        line += '=';
        append_value(line, field.value);
        line += ']';
    }
    return line;
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
    return line;
}

}  // namespace dm::log
