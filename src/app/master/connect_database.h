#pragma once

#include "app/master/master_context.h"

namespace dm::master {

/// Sessions over io/mysql with the database's TLS and session variables; 10 s to connect, 30 s for a read.
[[nodiscard]] ConnectDatabase mysql_connector();

}  // namespace dm::master
