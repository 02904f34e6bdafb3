#include "app/ctl/argument_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dm::ctl {
namespace {

std::string dashed(const FlagSpec& flag) {
    return flag.letter != 0 ? fmt::format("-{},--{}", flag.letter, flag.name) : fmt::format("--{}", flag.name);
}

std::string shown(const FlagSpec& flag) {
    return flag.letter != 0 ? fmt::format("-{}, --{}", flag.letter, flag.name) : fmt::format("--{}", flag.name);
}

bool is_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    return problem == std::errc{} && end == text.data() + text.size();
}

std::vector<std::string> split_commas(const std::vector<std::string>& values) {
    std::vector<std::string> items;
    for (const auto& value : values) {
        std::size_t begin = 0;
        while (begin <= value.size()) {
            const auto comma = std::min(value.find(',', begin), value.size());
            if (comma > begin) items.push_back(value.substr(begin, comma - begin));
            begin = comma + 1;
        }
    }
    return items;
}

std::string unknown_flag(const std::string& word) {
    if (word.starts_with("--")) return "unknown flag: " + word.substr(0, word.find('='));
    return fmt::format("unknown shorthand flag: '{}' in {}", word.substr(1, 1), word);
}

/// What is wrong with "--more=maybe"; empty for other words.
std::string switch_complaint(const std::vector<FlagSpec>& known, std::string_view word) {
    constexpr auto kTruths = std::to_array<std::string_view>({"true", "false", "1", "0"});
    for (const auto& flag : known) {
        const std::string begin = fmt::format("--{}=", flag.name);
        if (flag.kind != FlagKind::Switch || !word.starts_with(begin)) continue;
        const std::string_view value = word.substr(begin.size());
        if (std::ranges::find(kTruths, value) != kTruths.end()) return {};
        return fmt::format("invalid argument \"{}\" for \"{}\" flag: use true or false", value, shown(flag));
    }
    return {};
}

/// Collects what CLI11 found for one flag; the text of a complaint, or nothing.
std::optional<std::string> take(const FlagSpec& flag, const std::vector<std::string>& values, FlagValues& flags) {
    if (flag.kind == FlagKind::Number && !values.empty() && !is_number(values.back())) {
        return fmt::format("invalid argument \"{}\" for \"{}\" flag: not a whole number", values.back(), shown(flag));
    }
    if (!flag.choices.empty() && std::ranges::find(flag.choices, values.back()) == flag.choices.end()) {
        return fmt::format("invalid argument \"{}\" for \"{}\" flag: use {}", values.back(), shown(flag),
                           fmt::join(flag.choices, " or "));
    }
    flags.set(std::string(flag.name), flag.kind == FlagKind::List ? split_commas(values) : values);
    return std::nullopt;
}

}  // namespace

ParsedArguments parse_arguments(const CommandSpec& command, const std::vector<std::string>& words) {
    ParsedArguments parsed;
    std::vector<FlagSpec> known = common_flags();
    known.insert(known.end(), command.flags.begin(), command.flags.end());

    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    std::map<std::string_view, std::vector<std::string>> texts;
    std::map<std::string_view, bool> switches;
    std::map<std::string_view, CLI::Option*> options;
    for (const auto& flag : known) {
        if (flag.kind == FlagKind::Switch) {
            options[flag.name] = app.add_flag(dashed(flag), switches[flag.name]);
        } else {
            options[flag.name] = app.add_option(dashed(flag), texts[flag.name])->allow_extra_args(false);
        }
    }
    const auto end_of_flags = std::ranges::find(words, "--");
    for (auto word = words.begin(); word != end_of_flags; ++word) {
        parsed.failure = switch_complaint(known, *word);
        if (!parsed.failure.empty()) return parsed;
    }
    std::vector<std::string> flagged;
    for (auto word = words.begin(); word != end_of_flags; ++word) {
        const bool is_short_with_value =
            word->size() > 2 && (*word)[0] == '-' && (*word)[1] != '-' && (*word)[2] == '=';
        flagged.push_back(is_short_with_value ? word->substr(0, 2) : *word);
        if (is_short_with_value) flagged.push_back(word->substr(3));
    }
    std::ranges::reverse(flagged);
    try {
        app.parse(std::move(flagged));
    } catch (const CLI::ArgumentMismatch&) {
        parsed.failure = "flag needs an argument: " + words.back();
        return parsed;
    } catch (const CLI::ParseError& problem) {
        parsed.failure = problem.what();
        return parsed;
    }
    for (const auto& word : app.remaining()) {
        if (word.size() > 1 && word.front() == '-') {
            parsed.failure = unknown_flag(word);
            return parsed;
        }
        parsed.arguments.push_back(word);
    }
    if (end_of_flags != words.end()) parsed.arguments.insert(parsed.arguments.end(), end_of_flags + 1, words.end());
    for (const auto& flag : known) {
        if (options[flag.name]->count() == 0) continue;
        const auto values = flag.kind == FlagKind::Switch
                                ? std::vector<std::string>{switches[flag.name] ? "true" : "false"}
                                : texts[flag.name];
        if (auto complaint = take(flag, values, parsed.flags)) {
            parsed.failure = *complaint;
            return parsed;
        }
    }
    return parsed;
}

std::vector<std::string> split_line(std::string_view line) {
    std::vector<std::string> words;
    std::optional<std::string> word;
    char quote = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quote != 0) {
            if (c == quote) {
                quote = 0;
            } else if (c == '\\' && quote == '"' && i + 1 < line.size()) {
                *word += line[++i];
            } else {
                *word += c;
            }
        } else if (c == '\'' || c == '"') {
            quote = c;
            if (!word) word.emplace();
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            if (word) words.push_back(*std::exchange(word, std::nullopt));
        } else if (c == '#' && !word) {
            break;
        } else {
            if (!word) word.emplace();
            *word += c == '\\' && i + 1 < line.size() ? line[++i] : c;
        }
    }
    if (quote != 0) return {std::string(line)};
    if (word) words.push_back(*word);
    return words;
}

}  // namespace dm::ctl
