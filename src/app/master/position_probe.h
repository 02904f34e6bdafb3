#pragma once

#include "app/master/master_context.h"

namespace dm::master {

/// Follows the binlog from the subtask's `meta` on, as a replica would, until the server has begun to send: by GTID set
/// where the source goes by GTIDs and there is one, else by position.
[[nodiscard]] ProbePosition mysql_position_probe();

/// A replica's stream of a source's binlog, with a heartbeat where its end is reached.
[[nodiscard]] OpenBinlog mysql_binlog_opener();

}  // namespace dm::master
