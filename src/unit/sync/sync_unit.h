#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "core/binlog/event_source.h"
#include "core/config/subtask_config.h"
#include "core/model/location.h"
#include "core/sql/sql_session.h"
#include "unit/target/unit.h"

namespace dm::sync {

/// Incremental replication of one subtask: reads the upstream's binlog from the recorded place on and applies its row
/// changes and DDL statements to the target, with several connections at once. Threads and failures as Unit says; `run`
/// may be called again after it returned or threw, and continues from what is recorded.
///
/// What is recorded in the target is a place between two transactions before which every change is applied. Changes
/// after it may be applied too when a run is cut; the next run repeats them harmlessly (safe mode). After a stop in
/// good order there are none. Rows of tables without a unique key may double where changes are repeated.
class SyncUnit final : public target::Unit {
  public:
    struct Dependencies {
        sql::SqlConnector upstream;    ///< sessions with time_zone '+00:00'
        sql::SqlConnector downstream;  ///< sessions set up as unit/target says
        std::function<std::unique_ptr<binlog::EventSource>()> open_source;
        Clock& clock;
        metrics::Registry& metrics;
        std::string worker_name;
        std::optional<model::Location> run_until;  ///< finish there; mode full finds its own
    };
    /// The configuration is copied; clock and registry outlive the unit.
    SyncUnit(config::SubTaskConfig config, Dependencies dependencies);
    ~SyncUnit() override;

    target::UnitOutcome run(std::stop_token stop) override;
    void kill() noexcept override;
    [[nodiscard]] target::UnitStatus status() const override;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace dm::sync
