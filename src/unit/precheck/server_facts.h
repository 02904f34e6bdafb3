#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/model/flavor.h"
#include "core/model/location.h"
#include "core/sql/sql_session.h"

namespace dm::precheck {

/// Global variables and counters of one server, as far as checks look at them. A plain value.
struct ServerFacts {
    model::ServerVersion version;
    std::map<std::string, std::string, std::less<>> variables;
    std::uint64_t connections_used = 0;  ///< Threads_connected

    /// The variable's text; "" if the server has no such variable.
    [[nodiscard]] std::string variable(std::string_view name) const;
    /// The variable as a number; 0 if there is none.
    [[nodiscard]] std::uint64_t number(std::string_view name) const;
};

[[nodiscard]] ServerFacts read_server_facts(sql::SqlSession& session);

/// What the binlog leaves out by the server's own settings: lists of schema names separated by commas.
struct BinlogFilters {
    std::string do_db;
    std::string ignore_db;
};

/// Throws what the session throws: the statement needs REPLICATION CLIENT or BINLOG MONITOR.
[[nodiscard]] BinlogFilters read_binlog_filters(sql::SqlSession& session);

/// Where the server writes its next transaction. Throws Error{MasterStatusEmpty} if it writes no binlog, and what the
/// session throws.
[[nodiscard]] model::Location read_binlog_end(sql::SqlSession& session);

}  // namespace dm::precheck
