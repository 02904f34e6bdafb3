#pragma once

#include "app/master/master_context.h"

namespace dm::master {

/// Follows the binlog from the subtask's `meta` on, as a replica would, until the server has begun to send: by GTID set
/// where the source goes by GTIDs and there is one, else by position.
[[nodiscard]] ProbePosition mysql_position_probe();

}  // namespace dm::master
