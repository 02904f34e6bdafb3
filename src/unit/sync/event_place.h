#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/model/gtid_set.h"

namespace dm::sync {

/// What all events of a transaction have in common.
struct TransactionPlace {
    std::string file;
    std::optional<model::Gtid> gtid;  ///< nothing without GTIDs
};

/// Where an event stands in the upstream's binlog, to be told in errors.
struct EventPlace {
    std::shared_ptr<const TransactionPlace> transaction;  ///< null: not known
    std::uint64_t start = 0;
    std::uint64_t end = 0;
};

/// "startLocation: [position: (file, offset), gtid: ID], endLocation: [...]", from the start of `first` to the end of
/// `last`; empty if it is not known.
[[nodiscard]] std::string locations(const EventPlace& first, const EventPlace& last);

}  // namespace dm::sync
