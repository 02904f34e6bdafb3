#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "unit/target/unit.h"

namespace dm::copy {

/// Kind of the notice that what was copied of a table is given up; the detail is why.
inline constexpr auto kStartedAnew = "copy of a table started anew";

/// Counts what was noticed and passed over. The first of each kind and place is logged. Thread-safe.
class NoticeBook {
  public:
    /// `detail` is for the log only.
    void add(const std::string& kind, const std::string& where, std::string_view detail, std::uint64_t count = 1);
    /// One entry per kind: the place of the first and the sum.
    [[nodiscard]] std::vector<target::Noticed> list() const;

  private:
    struct Entry {
        std::string first_place;
        std::uint64_t count = 0;
        std::map<std::string, std::uint64_t> places;
    };
    Guarded<std::map<std::string, Entry>> entries_;
};

}  // namespace dm::copy
