#include "app/ctl/help_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace dm::ctl {
namespace {

std::string flag_line(const FlagSpec& flag) {
    std::string left =
        flag.letter != 0 ? fmt::format("  -{}, --{}", flag.letter, flag.name) : fmt::format("      --{}", flag.name);
    if (flag.kind == FlagKind::Text) left += " string";
    if (flag.kind == FlagKind::Number) left += " int";
    if (flag.kind == FlagKind::List) left += " strings";
    std::string line = fmt::format("{:<30} {}", left, flag.help);
    if (!flag.otherwise.empty()) line += fmt::format(" (default {})", flag.otherwise);
    return line + "\n";
}

std::string flag_block(const std::vector<FlagSpec>& flags) {
    std::string block;
    for (const auto& flag : flags) {
        if (!flag.is_hidden) block += flag_line(flag);
    }
    return block;
}

/// Edits that make one word of another: insert, drop or change a letter.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
        }
    }
    return row.back();
}

}  // namespace

std::string usage_text(const CommandSpec& command, std::string_view path) {
    const std::string whole = path.empty() ? "dmctl" : fmt::format("dmctl {}", path);
    std::string text = "Usage:\n";
    if (!command.is_group())
        text += fmt::format("  {}{}{} [flags]\n", whole, command.form.empty() ? "" : " ", command.form);
    const bool has_children = !std::ranges::all_of(command.children, &CommandSpec::is_hidden);
    if (has_children) {
        text += fmt::format("  {} [command]\n\nAvailable Commands:\n", whole);
        for (const auto& child : command.children) {
            if (!child.is_hidden) text += fmt::format("  {:<18} {}\n", child.name, child.summary);
        }
    }
    if (!command.flags.empty()) text += "\nFlags:\n" + flag_block(command.flags);
    text += "\nGlobal Flags:\n" + flag_block(common_flags());
    if (has_children) {
        text += fmt::format("\nUse \"{} [command] --help\" for more information about a command.\n", whole);
    }
    return text;
}

std::string help_text(const CommandSpec& command, std::string_view path) {
    std::string text = fmt::format("{}\n\n{}", command.summary, usage_text(command, path));
    if (!command.example.empty()) text += fmt::format("\nExample:\n  {}\n", command.example);
    if (!command.missing_feature.empty())
        text += fmt::format("\nThis version refuses the command: {}.\n", command.missing_feature);
    return text;
}

std::string unknown_command_text(std::string_view word) {
    std::string text = fmt::format("unknown command \"{}\" for \"dmctl\"\n", word);
    std::string near;
    for (const auto& child : command_tree().children) {
        if (child.is_hidden) continue;
        if (distance(word, child.name) <= 2 || child.name.starts_with(word)) near += fmt::format("\t{}\n", child.name);
    }
    if (!near.empty()) text += fmt::format("\nDid you mean this?\n{}", near);
    return text;
}

}  // namespace dm::ctl
