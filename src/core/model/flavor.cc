#include "core/model/flavor.h"

#include <charconv>
#include <initializer_list>

namespace dm::model {

namespace {

/// Reads "10.11.6-whatever" into the parts, as many as there are.
void read_numbers(std::string_view text, std::initializer_list<int*> parts) noexcept {
    for (int* part : parts) {
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), *part);
        if (failure != std::errc{}) break;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (!text.starts_with('.')) break;
        text.remove_prefix(1);
    }
}

}  // namespace

ServerVersion parse_server_version(std::string_view text) noexcept {
    ServerVersion version;
    version.flavor = text.find("MariaDB") != std::string_view::npos ? Flavor::MariaDb : Flavor::MySql;
    // Old MariaDB servers put a MySQL number in front, for clients that cannot read two digits.
    if (text.starts_with("5.5.5-") && version.flavor == Flavor::MariaDb) text.remove_prefix(6);
    read_numbers(text, {&version.major, &version.minor, &version.patch});
    constexpr std::string_view kTidb = "-TiDB-";
    if (const auto found = text.find(kTidb); found != std::string_view::npos) {
        version.is_tidb = true;
        text.remove_prefix(found + kTidb.size());
        if (text.starts_with('v')) text.remove_prefix(1);
        read_numbers(text, {&version.tidb_major, &version.tidb_minor});
    }
    return version;
}

}  // namespace dm::model
