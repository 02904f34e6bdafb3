#include "unit/copy/notice_book.h"

#include "base/log.h"

namespace dm::copy {

void NoticeBook::add(const std::string& kind, const std::string& where, std::string_view detail, std::uint64_t count) {
    const bool is_first = entries_.with([&](auto& entries) {
        Entry& entry = entries[kind];
        if (entry.count == 0) entry.first_place = where;
        entry.count += count;
        std::uint64_t& place = entry.places[where];
        place += count;
        return place == count;
    });
    if (is_first) log::warn(kind, {{"where", where}, {"detail", detail}, {"count", count}});
}

std::vector<target::Noticed> NoticeBook::list() const {
    return entries_.with([](const auto& entries) {
        std::vector<target::Noticed> list;
        for (const auto& [kind, entry] : entries)
            list.push_back({.kind = kind, .where = entry.first_place, .count = entry.count});
        return list;
    });
}

}  // namespace dm::copy
