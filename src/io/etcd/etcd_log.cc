#include "io/etcd/etcd_log.h"

#include <optional>
#include <string>

#include "base/log.h"

namespace dm::etcd {

namespace {

/// The value of `"key":"value"` at the top of a flat JSON line, still escaped; nothing if there is none.
std::optional<std::string_view> text_member(std::string_view line, std::string_view key) {
    const std::string start = "\"" + std::string(key) + "\":\"";
    const auto at = line.find(start);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view value = line.substr(at + start.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\') {
            ++i;
        } else if (value[i] == '"') {
            return value.substr(0, i);
        }
    }
    return std::nullopt;
}

/// Quotes and backslashes without the backslash before them.
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_escape = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
        if (is_escape) ++i;
        out += text[i];
    }
    return out;
}

}  // namespace

EtcdLine read_etcd_line(std::string_view line) {
    const auto level = text_member(line, "level").value_or("info");
    const auto message = text_member(line, "msg");
    // A member that was removed from its cluster only warns before it ends, and says nothing else of the reason.
    const bool is_end = level == "warn" && message == "server error";
    EtcdLine read{.is_problem = is_end || (level != "debug" && level != "info" && level != "warn"),
                  .text = message ? unescaped(*message) : std::string(line)};
    if (const auto error = text_member(line, "error"); message && error) read.text += ": " + unescaped(*error);
    return read;
}

void log_etcd_line(std::string_view line) {
    const auto level = text_member(line, "level").value_or("info");
    const auto message = text_member(line, "msg").value_or(line);
    if (level == "debug")
        log::debug("etcd", {{"msg", message}, {"line", line}});
    else if (level == "info")
        log::info("etcd", {{"msg", message}});
    else if (level == "warn")
        log::warn("etcd", {{"msg", message}, {"line", line}});
    else
        log::error("etcd", {{"msg", message}, {"line", line}});
}

}  // namespace dm::etcd
