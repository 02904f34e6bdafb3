#include "app/ctl/screen.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <poll.h>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "app/ctl/text_width.h"

namespace dm::ctl {
namespace {

constexpr auto kPause = std::chrono::seconds(1);

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

}  // namespace

std::string fitted(std::string_view text, std::size_t rows, std::size_t columns) {
    if (rows == 0 || columns == 0) return std::string(text);
    const auto lines = lines_of(text);
    const auto height = [&](std::string_view line) {
        return std::max<std::size_t>(1, (columns_of(line) + columns - 1) / columns);
    };
    std::size_t total = 0;
    for (const auto line : lines) total += height(line);
    if (total < rows) return std::string(text);
    std::string out;
    std::size_t shown = 0;
    // One row for the remark, one for the cursor.
    for (std::size_t used = 0; shown < lines.size() && used + height(lines[shown]) + 2 <= rows; ++shown) {
        used += height(lines[shown]);
        out.append(lines[shown]).push_back('\n');
    }
    return out + fmt::format("... {} more lines\n", lines.size() - shown);
}

void Screen::draw(std::string_view text) {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) size = {};
    out_ << "\x1b[H" << (is_clear_ ? "" : "\x1b[2J");
    is_clear_ = true;
    const std::string shown = fitted(text, size.ws_row, size.ws_col);
    for (const auto line : lines_of(shown)) out_ << line << "\x1b[K\n";
    out_ << "\x1b[J" << std::flush;
}

bool Screen::wait_for_enter() {
    if (isatty(STDIN_FILENO) != 1) {
        std::this_thread::sleep_for(kPause);
        return false;
    }
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    const int milliseconds = static_cast<int>(std::chrono::milliseconds(kPause).count());
    if (poll(&input, 1, milliseconds) <= 0) return false;
    std::string line;
    std::getline(std::cin, line);
    return true;
}

}  // namespace dm::ctl
