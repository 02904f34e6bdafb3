#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "core/binlog/event_source.h"
#include "core/checkpoint/table_points.h"
#include "core/config/subtask_config.h"
#include "core/model/location.h"
#include "core/sql/sql_session.h"
#include "unit/sync/notices.h"
#include "unit/target/copy_checkpoint.h"

namespace dm::sync {

/// From where a run reads.
struct StartPoint {
    model::Location location;
    bool is_fresh = false;                     ///< no run has applied anything yet
    bool needs_safe_mode = false;              ///< fresh, but what the target holds is not known exactly
    std::optional<model::Location> run_until;  ///< mode full: where the copy becomes one consistent point
};

/// Chooses it: the recorded global location, else the copy's floor or smallest low, else `meta` of the instance, else
/// the oldest binlog there is. With GTIDs, a location known by position only is completed: asked of MariaDB, found by
/// reading that file of MySQL's from its start. Throws Error{NoBinlogLocation} if that is impossible, or the place in
/// `meta` is amid a transaction.
class StartPointFinder {
  public:
    using OpenSource = std::function<std::unique_ptr<binlog::EventSource>()>;
    StartPointFinder(const config::SubTaskConfig& config, sql::SqlSession& upstream, const OpenSource& open_source)
        : config_(config), upstream_(upstream), open_source_(open_source) {}

    [[nodiscard]] StartPoint find(const checkpoint::CheckpointContent& content,
                                  const std::vector<target::TableCopyPoint>& copies,
                                  const std::optional<model::Location>& floor, std::stop_token stop);

  private:
    [[nodiscard]] model::Location of_copy(const std::vector<target::TableCopyPoint>& copies,
                                          const std::optional<model::Location>& floor) const;
    [[nodiscard]] model::Location of_meta() const;
    void complete(model::Location& location, std::stop_token stop);

    const config::SubTaskConfig& config_;
    sql::SqlSession& upstream_;
    const OpenSource& open_source_;
};

/// Says so where a MySQL server has taken over without the last of what was applied, since it serves its binlog all the
/// same; MariaDB refuses by itself. More is not done, as the server may only be a replica that is late.
void mention_lost_end(const model::Location& newest, const StartPoint& start, Notices& notices);

}  // namespace dm::sync
