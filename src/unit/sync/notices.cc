#include "unit/sync/notices.h"

#include "base/log.h"

namespace dm::sync {

void Notices::add(std::string_view kind, std::string_view where, std::uint64_t count) {
    if (count == 0) return;
    const bool is_first = kinds_.with([&](auto& kinds) {
        auto& entry = kinds[std::string(kind)];
        if (entry.count == 0) entry.first_where = std::string(where);
        entry.count += count;
        if (entry.places.size() >= kMaxPlaces && !entry.places.contains(where)) return false;
        auto& place = entry.places[std::string(where)];
        place += count;
        return place == count;
    });
    if (is_first) log::warn("passed over", {{"kind", kind}, {"where", where}, {"count", count}});
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
