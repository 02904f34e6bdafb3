#pragma once

#include <string>
#include <string_view>

#include "app/ctl/command_spec.h"

namespace dm::ctl {

/// "Usage: ... Flags: ..." of the command reached by `path` ("config task"; "" for the root).
[[nodiscard]] std::string usage_text(const CommandSpec& command, std::string_view path);
/// The summary, the usage and an example.
[[nodiscard]] std::string help_text(const CommandSpec& command, std::string_view path);
/// What is said about a word that is no command, with the nearest names.
[[nodiscard]] std::string unknown_command_text(std::string_view word);

}  // namespace dm::ctl
