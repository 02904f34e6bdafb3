#pragma once

#include "base/step.h"
#include "core/model/location.h"
#include "core/sql/sql_session.h"
#include "unit/sync/session_links.h"
#include "unit/sync/upstream_watch.h"

namespace dm::worker {

/// Asks a source for its newest location when somebody wants to know it and no replication runs that asks anyway.
/// Connects for each question, so that nothing is open while nobody asks. `newest` may be called from any thread.
class UpstreamAsker {
  public:
    explicit UpstreamAsker(sql::SqlConnector connect);
    ~UpstreamAsker();
    UpstreamAsker(const UpstreamAsker&) = delete;
    UpstreamAsker& operator=(const UpstreamAsker&) = delete;

    /// Zero if the source does not answer within about two seconds.
    [[nodiscard]] model::Location newest() const { return watch_.fresh(); }

  private:
    sync::SessionLinks links_;
    sync::SessionLink session_;
    sync::UpstreamWatch watch_;
    Step step_;
};

}  // namespace dm::worker
