#pragma once

#include <set>
#include <string>
#include <vector>

#include "unit/precheck/check_item.h"
#include "unit/precheck/server_facts.h"

/// Judgement on what a server says of itself. Pure functions; `where` of the items is left to the caller.
namespace dm::precheck {

[[nodiscard]] CheckItem check_version(const ServerFacts& facts);
[[nodiscard]] CheckItem check_server_id(const ServerFacts& facts);
[[nodiscard]] CheckItem check_binlog_enabled(const ServerFacts& facts);
[[nodiscard]] CheckItem check_binlog_format(const ServerFacts& facts);
/// Servers older than the variable have full images.
[[nodiscard]] CheckItem check_binlog_row_image(const ServerFacts& facts);
/// Whether changes of all `schemas` reach the binlog.
[[nodiscard]] CheckItem check_binlog_filters(const BinlogFilters& filters, const std::set<std::string>& schemas,
                                             bool is_case_sensitive);

/// Whether the upstream has room for the copy's readers.
[[nodiscard]] CheckItem check_reader_connections(const ServerFacts& facts, std::uint64_t needed);
/// Whether the target has room for the copy's writers of all sources; never more than a warning.
[[nodiscard]] CheckItem check_writer_connections(const ServerFacts& facts, std::uint64_t needed);

}  // namespace dm::precheck
