#include "unit/sync/notices.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"

namespace dm::sync {

void Notices::pass_over(std::string_view kind, std::string_view where, std::uint64_t count, std::string_view detail) {
    mention(kind, where, count, detail);
    if (count == 0 || !is_strict_) return;
    throw Error(kind == kDml ? ErrorCode::SyncStatementBinlog : ErrorCode::SyncEventUnsupported,
                fmt::format("the task is strict and does not pass over: {} ({}{}{})", kind, where,
                            detail.empty() ? "" : ": ", detail))
        .with_retry(RetryClass::Never)
        .with_workaround("Mend the cause, or take `strict: true` out of the task, then resume it.");
}

void Notices::mention_once(std::string_view kind, std::string_view where) {
    const bool is_said = kinds_.with([&](const auto& kinds) {
        const auto found = kinds.find(kind);
        return found != kinds.end() && found->second.places.contains(where);
    });
    if (!is_said) mention(kind, where);
}

void Notices::mention(std::string_view kind, std::string_view where, std::uint64_t count, std::string_view detail) {
    if (count == 0) return;
    series_.counter("dm_syncer_passed_over_total", "what replication has passed over", {{"type", std::string(kind)}})
        .add(static_cast<double>(count));
    const bool is_first = kinds_.with([&](auto& kinds) {
        auto& entry = kinds[std::string(kind)];
        if (entry.count == 0) entry.first_where = std::string(where);
        entry.count += count;
        if (entry.places.size() >= kMaxPlaces && !entry.places.contains(where)) return false;
        auto& place = entry.places[std::string(where)];
        place += count;
        return place == count;
    });
    if (is_first) log::warn("passed over", {{"kind", kind}, {"where", where}, {"detail", detail}, {"count", count}});
}

std::vector<target::Noticed> Notices::list() const {
    return kinds_.with([](const auto& kinds) {
        std::vector<target::Noticed> list;
        for (const auto& [kind, entry] : kinds)
            list.push_back({.kind = kind, .where = entry.first_where, .count = entry.count});
        return list;
    });
}

}  // namespace dm::sync
