#include "core/model/flavor.h"

#include <charconv>

namespace dm::model {

ServerVersion parse_server_version(std::string_view text) noexcept {
    ServerVersion version;
    version.flavor = text.find("MariaDB") != std::string_view::npos ? Flavor::MariaDb : Flavor::MySql;
    // Old MariaDB servers put a MySQL number in front, for clients that cannot read two digits.
    if (text.starts_with("5.5.5-") && version.flavor == Flavor::MariaDb) text.remove_prefix(6);
    for (int* part : {&version.major, &version.minor, &version.patch}) {
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), *part);
        if (failure != std::errc{}) break;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (!text.starts_with('.')) break;
        text.remove_prefix(1);
    }
    return version;
}

}  // namespace dm::model
