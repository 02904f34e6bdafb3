#include "core/config/ctl_config.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "core/config/fields.h"
#include "core/config/flags.h"

namespace dm::config {

/// The keys of the file of `--config`.
template <typename V, Is<CtlConfig> C>
void describe(V& v, C& c) {
    v("master-addr", c.master_addr);
    v.duration("rpc-timeout", c.rpc_timeout, ErrorCode::CtlFlags, CtlConfig{}.rpc_timeout);
    describe(v, c.security);
}

namespace {

/// The options that take a value; those of one dash are accepted but for `source`.
constexpr auto kValueOptions = std::to_array<std::string_view>(
    {"config", "master-addr", "rpc-timeout", "ssl-ca", "ssl-cert", "ssl-key", "source"});

struct Option {
    std::string_view name;
    std::optional<std::string> value;  ///< given with `=` or in the same word
};

/// The global option that a word is, if it is one.
std::optional<Option> as_option(std::string_view word) {
    if (word.size() < 2 || word[0] != '-') return std::nullopt;
    if (word == "--version" || word == "-V" || word == "-version") return Option{.name = "version", .value = {}};
    const bool is_long = word.starts_with("--");
    if (!is_long && word[1] == 's' && !word.starts_with("-ssl-")) {
        if (word.size() == 2) return Option{.name = "source", .value = {}};
        return Option{.name = "source", .value = std::string(word.substr(word[2] == '=' ? 3 : 2))};
    }
    word.remove_prefix(is_long ? 2 : 1);
    const auto equals = word.find('=');
    const auto found = std::ranges::find(kValueOptions, word.substr(0, equals));
    if (found == kValueOptions.end()) return std::nullopt;
    if (equals == std::string_view::npos) return Option{.name = *found, .value = {}};
    return Option{.name = *found, .value = std::string(word.substr(equals + 1))};
}

void add_sources(std::vector<std::string>& sources, std::string_view list) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        if (comma != 0) sources.emplace_back(list.substr(0, comma));
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
}

void read_file_settings(CtlConfig& config, const std::string& path, const FileReader& read_file) {
    ReadContext context;
    context.origin = {.file_name = path, .syntax = ErrorCode::CtlFlags};
    context.is_strict = false;
    context.ignores_key_case = true;
    std::string text;
    try {
        text = read_file(path);
    } catch (const Error& error) {
        throw Error(ErrorCode::CtlFlags, "cannot read the configuration file " + path).with_cause(error);
    }
    read_document(context, parse_toml(text, context.origin), config);
    context.raise_any();
}

std::string addresses_without_scheme(const std::string& addresses) {
    std::string out = with_scheme(addresses, false);
    for (auto at = out.find("http://"); at != std::string::npos; at = out.find("http://")) out.erase(at, 7);
    return out;
}

}  // namespace

CtlStart parse_ctl_arguments(const Arguments& arguments, const FileReader& read_file,
                             const std::string& environment_master_addr) {
    CtlStart start;
    Node settings;
    settings.kind = Node::Kind::Map;
    std::string file;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--") {
            // Behind a command's name the dashes are for the command: what follows them are no flags of its own either.
            const auto rest = static_cast<std::ptrdiff_t>(i) + (start.command.empty() ? 1 : 0);
            start.command.insert(start.command.end(), arguments.begin() + rest, arguments.end());
            break;
        }
        auto option = as_option(arguments[i]);
        if (!option) {
            const bool is_help = arguments[i] == "--help" || arguments[i] == "-h" || arguments[i] == "-help";
            if (is_help && start.command.empty()) start.action = StartAction::PrintHelp;
            if (!is_help || !start.command.empty()) start.command.push_back(arguments[i]);
            continue;
        }
        if (option->name == "version") {
            start.action = StartAction::PrintVersion;
            continue;
        }
        if (!option->value) {
            ensure(i + 1 < arguments.size(), ErrorCode::CtlFlags, fmt::format("--{} needs a value", option->name));
            option->value = arguments[++i];
        }
        if (option->name == "source") {
            add_sources(start.config.sources, *option->value);
        } else if (option->name == "config") {
            file = *option->value;
        } else {
            std::erase_if(settings.fields, [&](const auto& field) { return field.first == option->name; });
            settings.fields.emplace_back(std::string(option->name), word_node(Node::Kind::Plain, *option->value));
        }
    }
    if (start.action != StartAction::Run) return start;
    start.config.master_addr = environment_master_addr;
    if (!file.empty()) read_file_settings(start.config, file, read_file);
    ReadContext context;
    context.origin = {.file_name = "command line", .syntax = ErrorCode::CtlFlags};
    read_document(context, settings, start.config);
    context.raise_any();
    ensure(start.config.rpc_timeout.count() > 0, ErrorCode::CtlFlags, "--rpc-timeout takes a duration above zero");
    start.config.master_addr = addresses_without_scheme(start.config.master_addr);
    return start;
}

}  // namespace dm::config
