#pragma once

#include <string>

#include "app/worker/subtask.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "core/config/db_config.h"
#include "core/sql/sql_session.h"

namespace dm::worker {

/// What units are made with. The references outlive the factory and its units.
struct UnitSurroundings {
    std::string worker;  ///< name, shown in the upstream's list of replicas
    Clock& clock;
    metrics::Registry& metrics;
};

/// Makes units over real connections: sessions set up for each side, the target's behind a fence that the unit takes
/// over when it is made. Making one connects to both sides, again if that fails for a passing reason, and throws what
/// that throws.
[[nodiscard]] UnitFactory make_unit_factory(UnitSurroundings surroundings);

/// Sessions to a source for questions whose answer somebody waits for: they fail after some seconds of silence.
[[nodiscard]] sql::SqlConnector source_connector(const config::DbConfig& source);

}  // namespace dm::worker
