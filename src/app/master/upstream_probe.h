#pragma once

#include "core/config/source_config.h"
#include "core/sql/sql_session.h"

namespace dm::master {

/// Fills in what the source file leaves open from the server itself (flavor, server id) and checks that it can be
/// replicated from: with `enable-gtid` a MySQL server must have gtid_mode=ON. A binary log that is off is logged: full
/// copies do without. Throws Error{CheckGtidMode, FlavorUnsupported} and what the session throws.
void adjust_source(config::SourceConfig& source, sql::SqlSession& session);

}  // namespace dm::master
