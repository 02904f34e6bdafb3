#include "app/ctl/completion.h"

#include <algorithm>

#include "app/ctl/argument_parser.h"
#include "app/ctl/command_spec.h"

namespace dm::ctl {
namespace {

std::vector<FlagSpec> flags_of(const CommandSpec& command) {
    std::vector<FlagSpec> flags = common_flags();
    if (&command != &command_tree()) flags.insert(flags.end(), command.flags.begin(), command.flags.end());
    std::erase_if(flags, [](const FlagSpec& flag) { return flag.is_hidden; });
    return flags;
}

}  // namespace

std::vector<std::string> completions(std::string_view before, std::string_view word) {
    std::vector<std::string> typed = split_line(before);
    const bool wants_help = !typed.empty() && typed.front() == "help";
    if (wants_help) typed.erase(typed.begin());
    const CommandSpec* command = &command_tree();
    for (const auto& part : typed) {
        if (const CommandSpec* child = command->find_child(part)) command = child;
    }
    std::vector<std::string> found;
    const auto offer = [&](std::string text) {
        if (text.starts_with(word)) found.push_back(std::move(text));
    };
    const auto flags = flags_of(*command);
    const auto given = std::ranges::find_if(
        flags, [&](const FlagSpec& flag) { return !typed.empty() && typed.back() == "--" + std::string(flag.name); });
    if (given != flags.end() && given->kind != FlagKind::Switch) {
        for (const auto choice : given->choices) offer(std::string(choice));
    } else if (word.starts_with("-")) {
        for (const auto& flag : flags) offer("--" + std::string(flag.name));
    } else {
        for (const auto& child : command->children) {
            if (!child.is_hidden) offer(std::string(child.name));
        }
        if (command == &command_tree() && !wants_help) {
            offer("exit");
            offer("help");
        }
    }
    return found;
}

}  // namespace dm::ctl
