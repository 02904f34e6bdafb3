#pragma once

#include <cstdint>
#include <span>

#include "core/dml/statement_builder.h"

namespace dm::sync {

/// Throws Error{DbExecuteFailed} that names table, key, sizes and what to do, if one of the statements is longer than
/// what the target takes, `max_packet` bytes (0: not known). A server would close the connection without a reason.
/// `group_of` tells per statement the group it was made from; its statements stand for the operations in their order.
void ensure_fits(std::uint64_t max_packet, std::span<const dml::OperationGroup> groups,
                 std::span<const dml::Statement> statements, std::span<const std::size_t> group_of);

}  // namespace dm::sync
