#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "app/ctl/invocation.h"

namespace dm::ctl {

enum class FlagKind : std::uint8_t { Switch, Text, Number, List };

/// One flag of a command. Views are of literals.
struct FlagSpec {
    std::string_view name;  ///< without dashes
    char letter = 0;        ///< 0 = no short form
    FlagKind kind = FlagKind::Switch;
    std::string_view otherwise;  ///< shown as the default
    std::string_view help;
    bool is_hidden = false;
    std::vector<std::string_view> choices{};  ///< the only values of a Text; empty: any
};

/// What is done when a command gets the wrong number of arguments.
enum class Wrong : std::uint8_t {
    Usage,  ///< usage on stdout, exit 1
    Help,   ///< full help on stdout, exit 0
};

/// One line of the command tree: what dmctl knows of a command. Views are of literals; lives for ever.
struct CommandSpec {
    std::string_view name;
    std::string_view form{};     ///< what follows the name in the usage line
    std::string_view summary{};  ///< one line of help
    std::string_view example{};  ///< a command line that works
    std::size_t min_arguments = 0;
    std::size_t max_arguments = 0;
    std::vector<FlagSpec> flags{};
    /// Does the work and returns the exit code; nothing for a group, and for commands whose feature is not there.
    int (*run)(Invocation&) = nullptr;
    std::vector<CommandSpec> children{};
    std::string_view missing_feature{};  ///< why it is refused; empty if it works
    Wrong on_wrong_count = Wrong::Usage;
    bool is_hidden = false;
    bool needs_master = true;

    [[nodiscard]] bool is_group() const { return run == nullptr && missing_feature.empty(); }
    [[nodiscard]] const CommandSpec* find_child(std::string_view child) const;
};

/// The root, with every command of the index as its descendants.
[[nodiscard]] const CommandSpec& command_tree();

/// Flags that every command has: `--source` and `--help`.
[[nodiscard]] const std::vector<FlagSpec>& common_flags();

}  // namespace dm::ctl
