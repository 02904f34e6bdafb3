#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <sys/stat.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "app/ctl/argument_parser.h"
#include "app/ctl/completion.h"
#include "app/ctl/dmctl.h"

namespace dm::ctl {
namespace {

// \001 and \002 tell readline which bytes take no room on the screen.
constexpr const char* kPrompt = "\001\x1b[31m\002\xc2\xbb\001\x1b[0m\002 ";

struct Free {
    void operator()(char* text) const noexcept { std::free(text); }
};
using Line = std::unique_ptr<char, Free>;

/// One word that fits per call; null when there are no more. Readline's interface.
char* next_word(const char* text, int state) {
    static std::vector<std::string> words;
    static std::size_t next = 0;
    if (state == 0) {
        const std::string_view before(rl_line_buffer, static_cast<std::size_t>(rl_point) - std::strlen(text));
        words = completions(before, text);
        next = 0;
    }
    return next < words.size() ? strdup(words[next++].c_str()) : nullptr;
}

/// Without a word of ours that fits, readline goes on to names of files.
char** complete(const char* text, int, int) { return rl_completion_matches(text, next_word); }

/// What may be kept where others might read it: passwords may not.
bool is_kept(std::string_view line) {
    const auto words = split_line(line);
    return !words.empty() && words.front() != "encrypt";
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
        if (is_kept(line.get())) add_history(line.get());
        if (!dmctl.run_line(line.get())) break;
    }
    const mode_t before = umask(S_IRWXG | S_IRWXO);
    write_history(history.c_str());
    umask(before);
}

}  // namespace dm::ctl
