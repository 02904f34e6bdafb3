#include "unit/sync/packet_limit.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "core/sql/literal.h"

namespace dm::sync {
namespace {

constexpr std::size_t kPacketHead = 64;  // what the protocol adds to a statement, generously
constexpr std::uint64_t kPacketStep = 1UL << 20U;

std::string shown_value(const model::Value& value) {
    constexpr std::size_t kShownBytes = 60;
    if (log::hides_values()) return "?";
    std::string literal;
    const bool is_long = value.is_view() && value.text().size() > kShownBytes;
    sql::append_literal(literal,
                        is_long ? model::Value::of_view(value.kind(), value.text().substr(0, kShownBytes)) : value);
    return literal;
}

/// For people: the key of the row, cut where it is long.
std::string shown_key(const dml::TablePlan& plan, model::Row row) {
    const dml::UniqueKey* key = plan.where_key(row);
    if (key == nullptr) return "no key";
    std::string text;
    for (const auto& part : key->parts) {
        text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", plan.named(part.column).name,
                            shown_value(row[part.column]));
    }
    return text;
}

[[noreturn]] void refuse(std::uint64_t max_packet, const dml::OperationGroup& group, const dml::Statement& statement,
                         std::size_t operation) {
    const auto& what = group.operations.at(operation);
    const std::size_t bytes = statement.text.size() + kPacketHead;
    throw Error(ErrorCode::DbExecuteFailed,
                fmt::format("a change of the row of {} with {} needs a statement of {} bytes, more than the target's "
                            "max_allowed_packet of {}",
                            group.plan->source().quoted(),
                            shown_key(*group.plan, what.before.empty() ? what.after : what.before), bytes, max_packet))
        .with_scope(ErrorScope::Downstream)
        .with_retry(RetryClass::Never)
        .with_workaround(
            fmt::format("Set max_allowed_packet of the target to at least {} (at most 1 GiB), then resume the task.",
                        (bytes / kPacketStep + 1) * kPacketStep));
}

}  // namespace

void ensure_fits(std::uint64_t max_packet, std::span<const dml::OperationGroup> groups,
                 std::span<const dml::Statement> statements, std::span<const std::size_t> group_of) {
    if (max_packet == 0) return;
    std::size_t operation = 0;
    for (std::size_t i = 0; i < statements.size(); ++i) {
        if (i > 0 && group_of[i] != group_of[i - 1]) operation = 0;
        if (statements[i].text.size() + kPacketHead > max_packet)
            refuse(max_packet, groups[group_of[i]], statements[i], operation);
        operation += statements[i].rows;
    }
}

}  // namespace dm::sync
