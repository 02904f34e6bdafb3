#pragma once

#include <string>
#include <vector>

#include "app/ctl/command_spec.h"

namespace dm::ctl {

/// A command line taken apart. A plain value.
struct ParsedArguments {
    std::vector<std::string> arguments;
    FlagValues flags;
    std::string failure;  ///< why it is not a command line of this command; empty if it is
};

/// Reads flags and arguments, in any order, of one command; "--" ends the flags.
[[nodiscard]] ParsedArguments parse_arguments(const CommandSpec& command, const std::vector<std::string>& words);

/// A line as a shell splits it: blanks, single and double quotes, backslash, `#` comments. A line whose quotes do not
/// balance is one word.
[[nodiscard]] std::vector<std::string> split_line(std::string_view line);

}  // namespace dm::ctl
