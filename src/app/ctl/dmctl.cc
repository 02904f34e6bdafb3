#include "app/ctl/dmctl.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/ctl/argument_parser.h"
#include "app/ctl/help_text.h"
#include "base/error.h"

namespace dm::ctl {
namespace {

/// The command that the leading words name, its path, and how many words that took.
struct Found {
    const CommandSpec* command = nullptr;
    std::string path;
    std::size_t words = 0;
};

Found find_command(const std::vector<std::string>& words) {
    Found found{.command = &command_tree(), .path = {}, .words = 0};
    while (found.words < words.size()) {
        const CommandSpec* child = found.command->find_child(words[found.words]);
        if (child == nullptr) break;
        found.command = child;
        found.path += (found.path.empty() ? "" : " ") + words[found.words];
        ++found.words;
    }
    return found;
}

/// Flags before the command's name go behind it, so that "-s x pause-task t" is "pause-task -s x t".
std::vector<std::string> command_first(std::vector<std::string> words) {
    if (!words.empty() && words.front() == "help") return words;
    const auto name =
        std::ranges::find_if(words, [](const std::string& word) { return command_tree().find_child(word) != nullptr; });
    if (name != words.end()) std::rotate(words.begin(), name, name + 1);
    return words;
}

}  // namespace

Dmctl::Result Dmctl::execute(const std::vector<std::string>& given, const std::vector<std::string>& sources) {
    auto words = command_first(given);
    if (!words.empty() && words.front() == "help") {
        words.erase(words.begin());
        const Found topic = find_command(words);
        if (topic.words < words.size())
            streams_.out << fmt::format("Unknown help topic [`{}`]\n", fmt::join(words, " "));
        streams_.out << help_text(*topic.command, topic.path);
        return {};
    }
    const Found found = find_command(words);
    const bool is_root = found.command == &command_tree();
    if (is_root && !words.empty() && !words.front().starts_with('-')) {
        return {.code = kFailure, .failure = unknown_command_text(words.front()), .is_unknown_command = true};
    }
    return execute_command(*found.command, found.path,
                           {words.begin() + static_cast<std::ptrdiff_t>(found.words), words.end()}, sources);
}

Dmctl::Result Dmctl::execute_command(const CommandSpec& command, const std::string& path,
                                     const std::vector<std::string>& words, const std::vector<std::string>& sources) {
    // A refused command takes whatever flags the original's has.
    const auto end_of_flags = std::ranges::find(words, "--");
    const bool wants_help =
        std::any_of(words.begin(), end_of_flags, [](const auto& word) { return word == "--help" || word == "-h"; });
    if (wants_help) {
        streams_.out << help_text(command, path);
        return {};
    }
    if (!command.missing_feature.empty()) {
        return {.code = kFailure, .failure = fmt::format("`{}` is refused: {}", path, command.missing_feature)};
    }
    ParsedArguments parsed = parse_arguments(command, words);
    if (!parsed.failure.empty()) return {.code = kFailure, .failure = parsed.failure};
    if (command.is_group()) {
        streams_.out << help_text(command, path);
        return {};
    }
    const bool is_wrong_count =
        parsed.arguments.size() < command.min_arguments || parsed.arguments.size() > command.max_arguments;
    if (is_wrong_count && command.on_wrong_count == Wrong::Help) {
        streams_.out << help_text(command, path);
        return {};
    }
    if (is_wrong_count) {
        streams_.out << usage_text(command, path);
        return {.code = kFailure, .failure = "please check output to see error"};
    }
    auto all_sources = sources;
    for (auto& source : parsed.flags.list("source")) all_sources.push_back(std::move(source));
    Invocation invocation{.command = command,
                          .path = path,
                          .streams = streams_,
                          .master = master_,
                          .read_file = read_file_,
                          .sources = std::move(all_sources),
                          .arguments = std::move(parsed.arguments),
                          .flags = std::move(parsed.flags),
                          .failure = {}};
    try {
        const int code = command.run(invocation);
        return {.code = code, .failure = invocation.failure};
    } catch (...) {
        return {.code = kFailure, .failure = current_error().what()};
    }
}

int Dmctl::run(const std::vector<std::string>& words, const std::vector<std::string>& sources) {
    const Result result = execute(words, sources);
    if (!result.failure.empty()) streams_.err << "Error: " << result.failure << '\n';
    if (result.is_unknown_command) streams_.err << "Run 'dmctl --help' for usage.\n";
    return result.code;
}

bool Dmctl::run_line(std::string_view line) {
    const auto words = split_line(line);
    if (words.empty()) return true;
    if (words.front() == "exit") return false;
    const Result result = execute(words, {});
    if (!result.failure.empty()) {
        streams_.out << fmt::format("fail to run: [{}]\nError: {}\n", fmt::join(words, " "), result.failure);
        if (result.is_unknown_command) streams_.out << "Run 'dmctl --help' for usage.\n";
    }
    streams_.out << std::flush;
    return true;
}

}  // namespace dm::ctl
