#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>

#include <readline/history.h>
#include <readline/readline.h>

#include "app/ctl/dmctl.h"

namespace dm::ctl {
namespace {

// \001 and \002 tell readline which bytes take no room on the screen.
constexpr const char* kPrompt = "\001\x1b[31m\002\xc2\xbb\001\x1b[0m\002 ";

struct Free {
    void operator()(char* text) const noexcept { std::free(text); }
};
using Line = std::unique_ptr<char, Free>;

/// One command name that begins with `text` per call; null when there are no more. Readline's interface.
char* next_command(const char* text, int state) {
    static std::size_t next = 0;
    if (state == 0) next = 0;
    const auto& children = command_tree().children;
    while (next < children.size()) {
        const auto& child = children[next++];
        if (!child.is_hidden && child.name.starts_with(text)) return strdup(std::string(child.name).c_str());
    }
    return nullptr;
}

char** complete(const char* text, int start, int) {
    if (start > 0) return nullptr;  // file names, readline's own
    rl_attempted_completion_over = 1;
    return rl_completion_matches(text, next_command);
}

}  // namespace

void run_interactive(Dmctl& dmctl, bool is_terminal) {
    if (!is_terminal) {
        std::string line;
        while (std::getline(std::cin, line) && dmctl.run_line(line)) {
        }
        return;
    }
    const std::string history = (std::filesystem::temp_directory_path() / "dmctlreadline.tmp").string();
    rl_attempted_completion_function = complete;
    read_history(history.c_str());
    for (Line line(readline(kPrompt)); line; line.reset(readline(kPrompt))) {
        if (*line != '\0') add_history(line.get());
        if (!dmctl.run_line(line.get())) break;
    }
    write_history(history.c_str());
}

}  // namespace dm::ctl
