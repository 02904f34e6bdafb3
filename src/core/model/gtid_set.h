#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/model/flavor.h"

namespace dm::model {

/// A server's UUID as its 16 bytes.
using Uuid = std::array<std::uint8_t, 16>;

[[nodiscard]] std::string uuid_text(const Uuid& uuid);
/// 36 characters with dashes, or 32 without; nothing if it is neither.
[[nodiscard]] std::optional<Uuid> parse_uuid(std::string_view text);

/// MySQL's transaction id: UUID, optional tag (8.3 and later; lower case, at most 32 characters), number from 1.
struct MySqlGtid {
    Uuid uuid{};
    std::string tag;
    std::uint64_t number = 0;
    auto operator<=>(const MySqlGtid&) const = default;
};

/// MariaDB's transaction id: domain-server-sequence.
struct MariaDbGtid {
    std::uint32_t domain = 0;
    std::uint32_t server = 0;
    std::uint64_t sequence = 0;
    auto operator<=>(const MariaDbGtid&) const = default;
};

using Gtid = std::variant<MySqlGtid, MariaDbGtid>;

[[nodiscard]] std::string gtid_text(const Gtid& gtid);

/// Half-open interval of transaction numbers.
struct GtidInterval {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    auto operator<=>(const GtidInterval&) const = default;
};

/// Which transactions are covered. MySQL: sorted, merged intervals per (UUID, tag). MariaDB: the last id per domain,
/// which covers every earlier one of the domain. A value type without synchronisation. An empty set has either flavor.
class GtidSet {
  public:
    struct SidTag {
        Uuid uuid{};
        std::string tag;
        auto operator<=>(const SidTag&) const = default;
    };

    GtidSet() = default;
    explicit GtidSet(Flavor flavor) : flavor_(flavor) {}

    /// Parses the server's text ("uuid[:tag]:1-5:7,..." or "0-1-5,..."), white space and newlines allowed.
    /// A tag holds for the intervals after it. Several ids of a MariaDB domain: the highest sequence counts.
    /// Throws Error{GtidSetInvalid} naming the offending part.
    static GtidSet parse(Flavor flavor, std::string_view text);

    [[nodiscard]] Flavor flavor() const noexcept { return flavor_; }
    [[nodiscard]] bool is_empty() const noexcept { return mysql_.empty() && mariadb_.empty(); }
    /// The server's canonical text: sorted, "uuid:1-5:7:tag:1,uuid:1", no newlines.
    [[nodiscard]] std::string to_string() const;

    [[nodiscard]] bool contains(const GtidSet& other) const;
    [[nodiscard]] bool contains(const Gtid& gtid) const;
    /// Adds one transaction. The GTID must be of this flavor, unless the set is empty: then it takes the GTID's flavor.
    /// MariaDB: a sequence below the domain's last changes nothing.
    void add(const Gtid& gtid);
    /// Adds a non-empty interval of one server's transactions. The set must not be MariaDB's, unless empty.
    void add(const SidTag& sid, GtidInterval interval);
    /// Adds everything `other` covers.
    void merge(const GtidSet& other);
    bool operator==(const GtidSet& other) const;

    using MySqlIntervals = std::map<SidTag, std::vector<GtidInterval>>;
    using MariaDbDomains = std::map<std::uint32_t, MariaDbGtid>;
    [[nodiscard]] const MySqlIntervals& mysql() const noexcept { return mysql_; }
    [[nodiscard]] const MariaDbDomains& mariadb() const noexcept { return mariadb_; }

  private:
    Flavor flavor_ = Flavor::MySql;
    MySqlIntervals mysql_;
    MariaDbDomains mariadb_;
};

}  // namespace dm::model
