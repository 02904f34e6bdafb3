#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/metrics.h"
#include "unit/target/unit.h"

namespace dm::sync {

/// Counts what was passed over, so that nothing is ignored silently. The first of each kind and place is logged. Its
/// counters go with it. Thread-safe. Outlived by the registry.
class Notices {
  public:
    /// A strict task does not pass anything over. Counters have `labels` and the kind as `type`.
    Notices(bool is_strict, metrics::Registry& registry, metrics::Labels labels)
        : is_strict_(is_strict), series_(registry, std::move(labels)) {}

    [[nodiscard]] bool is_strict() const noexcept { return is_strict_; }
    /// Throws Error{SyncStatementBinlog} for `kDml`, Error{SyncEventUnsupported} for others, if the task is strict.
    /// `detail` is for the log and the error only.
    void pass_over(std::string_view kind, std::string_view where, std::uint64_t count = 1,
                   std::string_view detail = {});
    /// The same for what the user asked for or what loses nothing: never an error.
    void mention(std::string_view kind, std::string_view where, std::uint64_t count = 1, std::string_view detail = {});
    /// The same of what is true of a place for good: it counts once, however often it is said.
    void mention_once(std::string_view kind, std::string_view where);
    static constexpr std::string_view kDml = "statement-format DML";
    /// One entry per kind, with the place of the first.
    [[nodiscard]] std::vector<target::Noticed> list() const;

  private:
    struct Kind {
        std::string first_where;
        std::uint64_t count = 0;
        std::map<std::string, std::uint64_t, std::less<>> places;  // at most kMaxPlaces
    };
    static constexpr std::size_t kMaxPlaces = 1000;
    const bool is_strict_;
    metrics::Group series_;
    Guarded<std::map<std::string, Kind, std::less<>>> kinds_;
};

}  // namespace dm::sync
