#include "core/config/dump_arguments.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::config {
namespace {

enum class Meaning : unsigned char { Threads, FileSize, StatementSize, Rows, Where, Accepted, AcceptedSwitch };

struct Argument {
    std::string_view name;
    Meaning meaning;
};

constexpr auto kArguments = std::to_array<Argument>({{"-t", Meaning::Threads},
                                                     {"--threads", Meaning::Threads},
                                                     {"-F", Meaning::FileSize},
                                                     {"--filesize", Meaning::FileSize},
                                                     {"-s", Meaning::StatementSize},
                                                     {"--statement-size", Meaning::StatementSize},
                                                     {"-r", Meaning::Rows},
                                                     {"--rows", Meaning::Rows},
                                                     {"--where", Meaning::Where},
                                                     {"--consistency", Meaning::Accepted},
                                                     {"--no-locks", Meaning::AcceptedSwitch},
                                                     {"--transactional-consistency", Meaning::AcceptedSwitch},
                                                     {"-W", Meaning::AcceptedSwitch},
                                                     {"--no-views", Meaning::AcceptedSwitch},
                                                     {"--escape-backslash", Meaning::AcceptedSwitch}});

[[noreturn]] void refuse(std::string_view text) {
    throw Error(ErrorCode::ConfigYaml, fmt::format("mydumpers, `extra-args`: {}", text));
}

/// Splits at blanks, with quotes around words or parts of them.
std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    std::optional<std::string> word;
    char quote = 0;
    for (const char c : text) {
        const bool is_blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if (quote != 0 && c == quote) {
            quote = 0;
        } else if (quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
            if (!word) word.emplace();
        } else if (quote == 0 && is_blank) {
            if (word) words.push_back(*word);
            word.reset();
        } else {
            if (!word) word.emplace();
            *word += c;
        }
    }
    if (quote != 0) refuse("a quote is not closed");
    if (word) words.push_back(*word);
    return words;
}

template <typename T>
T number_of(std::string_view name, std::string_view text) {
    T value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        refuse(fmt::format("{} takes a number, not '{}'", name, text));
    }
    return value;
}

void apply(DumpConfig& dump, const Argument& argument, const std::string& value) {
    switch (argument.meaning) {
        case Meaning::Threads:
            dump.threads = number_of<int>(argument.name, value);
            return;
        case Meaning::FileSize:
            dump.chunk_filesize = value;
            return;
        case Meaning::StatementSize:
            dump.statement_size = number_of<std::uint64_t>(argument.name, value);
            return;
        case Meaning::Rows:
            dump.rows = number_of<std::uint64_t>(argument.name, value);
            return;
        case Meaning::Where:
            dump.where = value;
            return;
        case Meaning::Accepted:
        case Meaning::AcceptedSwitch:
            return;
    }
}

}  // namespace

void apply_extra_args(DumpConfig& dump) {
    const auto words = split_words(dump.extra_args);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto equals = words[i].find('=');
        const std::string name = words[i].substr(0, equals);
        const auto found = std::ranges::find(kArguments, name, &Argument::name);
        if (!name.starts_with('-')) refuse(fmt::format("'{}' is not a flag", name));
        if (found == kArguments.end()) {
            throw Error(ErrorCode::ConfigFeatureMissing,
                        fmt::format("`mydumpers.*.extra-args: {}` is not available in this version", name));
        }
        if (found->meaning == Meaning::AcceptedSwitch) continue;
        if (equals == std::string::npos && i + 1 == words.size()) refuse(fmt::format("{} needs a value", name));
        apply(dump, *found, equals == std::string::npos ? words[++i] : words[i].substr(equals + 1));
    }
}

}  // namespace dm::config
