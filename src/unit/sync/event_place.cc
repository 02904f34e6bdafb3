#include "unit/sync/event_place.h"

#include <fmt/format.h>

namespace dm::sync {
namespace {

std::string location(const TransactionPlace& transaction, std::uint64_t offset) {
    const std::string gtid = transaction.gtid ? ", gtid: " + gtid_text(*transaction.gtid) : "";
    return fmt::format("[position: ({}, {}){}]", transaction.file, offset, gtid);
}

}  // namespace

std::string locations(const EventPlace& first, const EventPlace& last) {
    if (!first.transaction || !last.transaction) return {};
    return fmt::format("startLocation: {}, endLocation: {}", location(*first.transaction, first.start),
                       location(*last.transaction, last.end));
}

}  // namespace dm::sync
