#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "unit/target/unit.h"

namespace dm::sync {

/// Counts what was passed over, so that nothing is ignored silently. The first of each kind and place is logged.
/// Thread-safe.
class Notices {
  public:
    void add(std::string_view kind, std::string_view where, std::uint64_t count = 1);
    /// One entry per kind, with the place of the first.
    [[nodiscard]] std::vector<target::Noticed> list() const;

  private:
    struct Kind {
        std::string first_where;
        std::uint64_t count = 0;
        std::map<std::string, std::uint64_t, std::less<>> places;  // at most kMaxPlaces
    };
    static constexpr std::size_t kMaxPlaces = 1000;
    Guarded<std::map<std::string, Kind, std::less<>>> kinds_;
};

}  // namespace dm::sync
