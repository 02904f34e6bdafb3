#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/binlog/event_source.h"
#include "core/model/location.h"
#include "core/sql/sql_session.h"

/// `start-task --start-time`: a time of day to a place in a binlog.
namespace dm::master {

/// What `--start-time` says. A plain value.
struct StartTime {
    std::string clock;                    ///< "2021-10-21 00:01:00"
    std::optional<std::int64_t> seconds;  ///< since 1970, if a zone was named
};

/// Reads "2021-10-21 00:01:00" or with T between, and with Z, +08:00 or +0800 behind. Throws Error{MasterInvalidOp}
/// naming the forms.
[[nodiscard]] StartTime parse_start_time(std::string_view text);

/// The time in seconds since 1970. Without a zone it is the source's own, which it is asked for; its session is left in
/// that zone. Throws Error{MasterInvalidOp} if the source does not know the time, and what the session throws.
[[nodiscard]] std::int64_t seconds_at(const StartTime& start, sql::SqlSession& source);

/// Searches the binlog of one server. A new source is opened for each file that is looked into.
class BinlogByTime {
  public:
    using OpenSource = std::function<std::unique_ptr<binlog::EventSource>()>;

    BinlogByTime(OpenSource open, std::vector<std::string> files, model::Flavor flavor)
        : open_(std::move(open)), files_(std::move(files)), flavor_(flavor) {}

    /// The end of the last transaction before the first event of `time` or later, with the transactions up to there;
    /// the beginning of the oldest file if everything is later. Nothing if no event is that late. Throws what the
    /// source throws.
    [[nodiscard]] std::optional<model::Location> find(std::int64_t time) const;

  private:
    [[nodiscard]] std::int64_t created_at(const std::string& file) const;
    [[nodiscard]] std::optional<model::Location> scan(const std::string& file, std::int64_t time) const;

    const OpenSource open_;
    const std::vector<std::string> files_;  // oldest first
    const model::Flavor flavor_;
};

}  // namespace dm::master
