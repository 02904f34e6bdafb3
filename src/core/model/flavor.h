#pragma once

#include <cstdint>
#include <string_view>

namespace dm::model {

/// The two families of servers; they differ in GTIDs, events and commands. `flavor` in the source configuration.
enum class Flavor : std::uint8_t { MySql, MariaDb };

[[nodiscard]] constexpr std::string_view flavor_name(Flavor flavor) noexcept {
    return flavor == Flavor::MySql ? "mysql" : "mariadb";
}

/// What a server says of itself, parsed once at connect.
struct ServerVersion {
    Flavor flavor = Flavor::MySql;
    int major = 0;
    int minor = 0;
    int patch = 0;
    bool is_tidb = false;  ///< the numbers above are then those of the MySQL it claims to be
    int tidb_major = 0;
    int tidb_minor = 0;

    /// True for version major.minor and later of the same flavor.
    [[nodiscard]] constexpr bool is_at_least(int want_major, int want_minor) const noexcept {
        return major != want_major ? major > want_major : minor >= want_minor;
    }
    /// True for TiDB of that version and later.
    [[nodiscard]] constexpr bool is_tidb_at_least(int want_major, int want_minor) const noexcept {
        return is_tidb && (tidb_major != want_major ? tidb_major > want_major : tidb_minor >= want_minor);
    }
};

/// Parses "10.11.6-MariaDB-log", "9.7.0", "5.6.24-log", "8.0.11-TiDB-v7.5.0". Unreadable numbers become 0.
[[nodiscard]] ServerVersion parse_server_version(std::string_view text) noexcept;

}  // namespace dm::model
