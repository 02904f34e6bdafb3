#include "core/config/flags.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "core/config/field_writer.h"
#include "core/rules/nearest_name.h"

namespace dm::config {
namespace {

constexpr auto kOwnFlags =
    std::to_array<Flag>({{"V", Flag::Kind::Switch, "", "print the version and exit"},
                         {"print-sample-config", Flag::Kind::Switch, "", "print a sample configuration file and exit"},
                         {"h", Flag::Kind::Switch, "", "print this text and exit"},
                         {"help", Flag::Kind::Switch, "", "print this text and exit"},
                         {"config", Flag::Kind::Value, "", "path of the configuration file"}});

const Flag* find_flag(std::string_view name, std::span<const Flag> flags) {
    for (const auto& list : {std::span<const Flag>(kOwnFlags), flags}) {
        const auto found = std::ranges::find(list, name, &Flag::name);
        if (found != list.end()) return &*found;
    }
    return nullptr;
}

[[noreturn]] void refuse_name(std::string_view name, std::span<const Flag> flags, ErrorCode code) {
    std::vector<std::string_view> known;
    for (const auto& flag : flags) known.push_back(flag.name);
    for (const auto& flag : kOwnFlags) known.push_back(flag.name);
    const auto nearest = rules::nearest_name(name, known);
    throw Error(code,
                fmt::format("unknown option -{}{}", name, nearest ? fmt::format(", did you mean -{}?", *nearest) : ""));
}

bool parse_switch(std::string_view name, const std::optional<std::string>& value, ErrorCode code) {
    if (!value) return true;
    constexpr auto kTrue = std::to_array<std::string_view>({"1", "t", "T", "true", "TRUE", "True"});
    constexpr auto kFalse = std::to_array<std::string_view>({"0", "f", "F", "false", "FALSE", "False"});
    if (std::ranges::find(kTrue, *value) != kTrue.end()) return true;
    ensure(std::ranges::find(kFalse, *value) != kFalse.end(), code,
           fmt::format("-{} takes true or false, not '{}'", name, *value));
    return false;
}

void set(Node& settings, const Flag& flag, Node value) {
    auto found = std::ranges::find(settings.fields, flag.key,
                                   [](const auto& field) -> const std::string& { return field.first; });
    if (found == settings.fields.end()) {
        settings.fields.emplace_back(std::string(flag.key), Node{});
        found = std::prev(settings.fields.end());
    }
    if (flag.kind == Flag::Kind::List) {
        found->second.kind = Node::Kind::List;
        found->second.items.push_back(std::move(value));
    } else {
        found->second = std::move(value);
    }
}

void apply(FlagValues& values, const Flag& flag, const std::optional<std::string>& value, ErrorCode code) {
    const bool is_on = flag.kind == Flag::Kind::Switch && parse_switch(flag.name, value, code);
    if (!flag.key.empty()) {
        set(values.settings, flag,
            flag.kind == Flag::Kind::Switch ? word_node(Node::Kind::Bool, is_on ? "true" : "false")
                                            : word_node(Node::Kind::Plain, *value));
    } else if (flag.name == "config") {
        values.config_file = *value;
    } else if (is_on) {
        values.action = flag.name == "V"                     ? StartAction::PrintVersion
                        : flag.name == "print-sample-config" ? StartAction::PrintSampleConfig
                                                             : StartAction::PrintHelp;
    }
}

}  // namespace

FlagValues parse_flags(const Arguments& arguments, std::span<const Flag> flags, const DaemonCodes& codes) {
    FlagValues values;
    values.settings.kind = Node::Kind::Map;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        std::string_view word = arguments[i];
        const bool ends_options = word == "--" && i + 1 == arguments.size();
        if (ends_options) break;
        if (word.size() < 2 || word[0] != '-' || word == "--") {
            throw Error(codes.arguments,
                        fmt::format("'{}' is not an option", word == "--" ? arguments[i + 1] : arguments[i]));
        }
        word.remove_prefix(word.starts_with("--") ? 2 : 1);
        const auto equals = word.find('=');
        const std::string_view name = word.substr(0, equals);
        const Flag* flag = find_flag(name, flags);
        if (flag == nullptr) refuse_name(name, flags, codes.flags);
        std::optional<std::string> value;
        if (equals != std::string_view::npos) {
            value = word.substr(equals + 1);
        } else if (flag->kind != Flag::Kind::Switch) {
            ensure(i + 1 < arguments.size(), codes.flags, fmt::format("-{} needs a value", name));
            value = arguments[++i];
        }
        apply(values, *flag, value, codes.flags);
    }
    return values;
}

std::string flags_help(std::string_view program, std::span<const Flag> flags) {
    std::string out = fmt::format("Usage of {}:\n", program);
    for (const auto& list : {std::span<const Flag>(kOwnFlags), flags}) {
        for (const auto& flag : list) {
            const std::string_view value = flag.kind == Flag::Kind::Switch ? ""
                                           : flag.kind == Flag::Kind::List ? " value, repeatable"
                                                                           : " value";
            out += fmt::format("  -{}{}\n        {}\n", flag.name, value, flag.help);
        }
    }
    return out;
}

std::string without_scheme(std::string_view address) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (address.starts_with(scheme)) return std::string(address.substr(scheme.size()));
    }
    return std::string(address);
}

std::string with_scheme(std::string_view addresses, bool is_https) {
    std::string out;
    while (!addresses.empty()) {
        const auto comma = addresses.find(',');
        std::string_view address = addresses.substr(0, comma);
        addresses = comma == std::string_view::npos ? std::string_view() : addresses.substr(comma + 1);
        while (address.starts_with(' ')) address.remove_prefix(1);
        while (address.ends_with(' ')) address.remove_suffix(1);
        const auto scheme = address.find("://");
        if (scheme != std::string_view::npos) address.remove_prefix(scheme + 3);
        if (address.empty()) continue;
        if (!out.empty()) out += ',';
        out += fmt::format("{}{}", is_https ? "https://" : "http://", address);
    }
    return out;
}

HostPort split_address(std::string_view key, std::string_view address, ErrorCode code) {
    const auto fail = [&](std::string_view reason) {
        throw Error(code, fmt::format("`{}` is '{}': {}; it takes host:port", key, address, reason));
    };
    const auto colon = address.rfind(':');
    if (colon == std::string_view::npos) fail("there is no port");
    HostPort parts{.host = std::string(address.substr(0, colon)), .port = std::string(address.substr(colon + 1))};
    if (parts.host.starts_with('[') && parts.host.ends_with(']')) {
        parts.host = parts.host.substr(1, parts.host.size() - 2);
    } else if (parts.host.find(':') != std::string::npos) {
        fail("there are too many colons");
    }
    if (parts.host.find_first_of("/ ,") != std::string::npos) fail("the host is not a name or an address");
    unsigned number = 0;
    const auto [end, error] = std::from_chars(parts.port.data(), parts.port.data() + parts.port.size(), number);
    if (!parts.port.empty() &&
        (error != std::errc{} || end != parts.port.data() + parts.port.size() || number > 65535)) {
        fail("the port is not a number up to 65535");
    }
    return parts;
}

void check_reachable(std::string_view key, std::string_view address, ErrorCode code) {
    const HostPort parts = split_address(key, address, code);
    const bool is_wildcard = parts.host.empty() || parts.host == "0.0.0.0" || parts.host == "::";
    ensure(!is_wildcard && !parts.port.empty(), code,
           fmt::format("`{}` is '{}': others cannot connect to it; name a host and a port", key, address));
}

void check_log_settings(std::string& level, const std::string& format) {
    for (char& c : level) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c + ('a' - 'A')) : c;
    constexpr auto kLevels = std::to_array<std::string_view>({"debug", "info", "warn", "error", "fatal"});
    ensure(std::ranges::find(kLevels, level) != kLevels.end(), ErrorCode::LoggerInit,
           fmt::format("`log-level` is '{}'; it takes debug, info, warn, error or fatal", level));
    ensure(format == "text" || format == "json", ErrorCode::LoggerInit,
           fmt::format("`log-format` is '{}'; it takes text or json", format));
}

}  // namespace dm::config
