#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dm::ctl {

/// Words that may stand where `word` is being typed, behind the line `before`: commands and their sub-commands, after a
/// dash their flags, values of flags that have only a few. Empty where anything may stand.
[[nodiscard]] std::vector<std::string> completions(std::string_view before, std::string_view word);

}  // namespace dm::ctl
