#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>

namespace dm::ctl {

/// The text cut to what a terminal of that size shows, the last line saying how many lines are missing. Longer lines
/// take several rows; colours take no room. A size of 0 does not limit.
[[nodiscard]] std::string fitted(std::string_view text, std::size_t rows, std::size_t columns);

/// A terminal that shows one text after the other in the same place, without flicker. `out` must outlive it. Used by
/// one thread.
class Screen {
  public:
    explicit Screen(std::ostream& out) : out_(out) {}

    /// Replaces what is shown; the size of the terminal is asked each time.
    void draw(std::string_view text);
    /// Waits a second. True if the user has pressed Enter meanwhile.
    [[nodiscard]] static bool wait_for_enter();

  private:
    std::ostream& out_;
    bool is_clear_ = false;
};

}  // namespace dm::ctl
