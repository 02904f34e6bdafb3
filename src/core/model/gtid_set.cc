#include "core/model/gtid_set.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <iterator>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::model {
namespace {

constexpr std::uint64_t kMaxNumber = std::numeric_limits<std::int64_t>::max() - 1;
constexpr std::size_t kMaxTagLength = 32;
constexpr std::string_view kSpaces = " \t\r\n";

[[noreturn]] void reject(std::string_view part, std::string_view why) {
    throw Error(ErrorCode::GtidSetInvalid, fmt::format("GTID set part '{}': {}", part, why));
}

std::string_view trim(std::string_view text) {
    const auto begin = text.find_first_not_of(kSpaces);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

/// Cuts the text before the next `separator` off `rest`.
std::string_view next_part(std::string_view& rest, char separator) {
    const auto end = rest.find(separator);
    const std::string_view part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return trim(part);
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_tag_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

std::string parse_tag(std::string_view text, std::string_view whole) {
    std::string tag;
    for (const char c : text) {
        if (!is_tag_start(c) && (c < '0' || c > '9')) reject(whole, fmt::format("'{}' is not a tag", text));
        tag += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (tag.size() > kMaxTagLength) reject(whole, "a tag has at most 32 characters");
    return tag;
}

GtidInterval parse_interval(std::string_view text, std::string_view whole) {
    std::string_view rest = text;
    const auto first = parse_number<std::uint64_t>(next_part(rest, '-'));
    const bool is_range = text.find('-') != std::string_view::npos;
    const auto last = is_range ? parse_number<std::uint64_t>(trim(rest)) : first;
    if (!first || !last) reject(whole, fmt::format("'{}' is not a transaction number or an interval of them", text));
    if (*first == 0 || *last < *first || *last > kMaxNumber) reject(whole, fmt::format("'{}' is out of range", text));
    return {*first, *last + 1};
}

/// Adds to sorted, disjoint, non-touching intervals and keeps them so.
void add_interval(std::vector<GtidInterval>& intervals, GtidInterval added) {
    if (!intervals.empty() && intervals.back().end == added.begin) {  // the usual case: the next transaction
        intervals.back().end = added.end;
        return;
    }
    const auto first = std::lower_bound(intervals.begin(), intervals.end(), added.begin,
                                        [](const GtidInterval& i, std::uint64_t begin) { return i.end < begin; });
    auto last = first;
    for (; last != intervals.end() && last->begin <= added.end; ++last) {
        added.begin = std::min(added.begin, last->begin);
        added.end = std::max(added.end, last->end);
    }
    if (first == last) {
        intervals.insert(first, added);
        return;
    }
    *first = added;
    intervals.erase(first + 1, last);
}

bool covers(const std::vector<GtidInterval>& intervals, GtidInterval wanted) {
    const auto after = std::upper_bound(intervals.begin(), intervals.end(), wanted.begin,
                                        [](std::uint64_t begin, const GtidInterval& i) { return begin < i.begin; });
    return after != intervals.begin() && std::prev(after)->end >= wanted.end;
}

void parse_mysql_part(std::string_view part, GtidSet::MySqlIntervals& sets) {
    std::string_view rest = part;
    const auto uuid = parse_uuid(next_part(rest, ':'));
    if (!uuid) reject(part, "does not begin with a server UUID");
    std::string tag;
    bool has_interval = false;
    while (!rest.empty()) {
        const std::string_view item = next_part(rest, ':');
        if (!item.empty() && is_tag_start(item.front())) {
            tag = parse_tag(item, part);
            has_interval = false;
            continue;
        }
        add_interval(sets[{*uuid, tag}], parse_interval(item, part));
        has_interval = true;
    }
    if (!has_interval) reject(part, "has no transaction numbers");
}

void parse_mariadb_part(std::string_view part, GtidSet::MariaDbDomains& domains) {
    std::string_view rest = part;
    const auto domain = parse_number<std::uint32_t>(next_part(rest, '-'));
    const auto server = parse_number<std::uint32_t>(next_part(rest, '-'));
    const auto sequence = parse_number<std::uint64_t>(trim(rest));
    if (!domain || !server || !sequence) reject(part, "is not domain-server-sequence");
    const auto [found, is_new] = domains.try_emplace(*domain, MariaDbGtid{*domain, *server, *sequence});
    if (!is_new && found->second.sequence < *sequence) found->second = {*domain, *server, *sequence};
}

void append_intervals(std::string& text, const std::vector<GtidInterval>& intervals) {
    for (const GtidInterval& interval : intervals) {
        fmt::format_to(std::back_inserter(text), ":{}", interval.begin);
        if (interval.end - interval.begin > 1) fmt::format_to(std::back_inserter(text), "-{}", interval.end - 1);
    }
}

}  // namespace

std::string uuid_text(const Uuid& uuid) {
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < uuid.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += "0123456789abcdef"[uuid[i] >> 4U];
        text += "0123456789abcdef"[uuid[i] & 15U];
    }
    return text;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
    const bool has_dashes = text.size() == 36;
    if (!has_dashes && text.size() != 32) return std::nullopt;
    Uuid uuid{};
    std::size_t at = 0;
    for (std::size_t i = 0; i < uuid.size(); ++i) {
        if (has_dashes && (i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-') return std::nullopt;
        const int high = hex_digit(text[at++]);
        const int low = hex_digit(text[at++]);
        if (high < 0 || low < 0) return std::nullopt;
        uuid[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return uuid;
}

std::string gtid_text(const Gtid& gtid) {
    if (const auto* mariadb = std::get_if<MariaDbGtid>(&gtid)) {
        return fmt::format("{}-{}-{}", mariadb->domain, mariadb->server, mariadb->sequence);
    }
    const auto& mysql = std::get<MySqlGtid>(gtid);
    return fmt::format("{}:{}{}{}", uuid_text(mysql.uuid), mysql.tag, mysql.tag.empty() ? "" : ":", mysql.number);
}

GtidSet GtidSet::parse(Flavor flavor, std::string_view text) {
    GtidSet set(flavor);
    while (!text.empty()) {
        const std::string_view part = next_part(text, ',');
        if (part.empty()) continue;
        if (flavor == Flavor::MySql) {
            parse_mysql_part(part, set.mysql_);
        } else {
            parse_mariadb_part(part, set.mariadb_);
        }
    }
    return set;
}

std::string GtidSet::to_string() const {
    std::string text;
    for (const auto& [domain, gtid] : mariadb_) {
        if (!text.empty()) text += ',';
        text += gtid_text(gtid);
    }
    const Uuid* previous = nullptr;
    for (const auto& [sid, intervals] : mysql_) {
        if (previous == nullptr || *previous != sid.uuid) {
            if (!text.empty()) text += ',';
            text += uuid_text(sid.uuid);
            previous = &sid.uuid;
        }
        if (!sid.tag.empty()) (text += ':') += sid.tag;
        append_intervals(text, intervals);
    }
    return text;
}

bool GtidSet::contains(const GtidSet& other) const {
    for (const auto& [domain, gtid] : other.mariadb_) {
        if (!contains(gtid)) return false;
    }
    for (const auto& [sid, wanted] : other.mysql_) {
        const auto found = mysql_.find(sid);
        if (found == mysql_.end()) return false;
        for (const GtidInterval& interval : wanted) {
            if (!covers(found->second, interval)) return false;
        }
    }
    return true;
}

bool GtidSet::contains(const Gtid& gtid) const {
    if (const auto* mariadb = std::get_if<MariaDbGtid>(&gtid)) {
        const auto found = mariadb_.find(mariadb->domain);
        return found != mariadb_.end() && found->second.sequence >= mariadb->sequence;
    }
    const auto& mysql = std::get<MySqlGtid>(gtid);
    const auto found = mysql_.find({mysql.uuid, mysql.tag});
    return found != mysql_.end() && covers(found->second, {mysql.number, mysql.number + 1});
}

void GtidSet::add(const Gtid& gtid) {
    if (const auto* mariadb = std::get_if<MariaDbGtid>(&gtid)) {
        assert(mysql_.empty());
        flavor_ = Flavor::MariaDb;
        MariaDbGtid& last = mariadb_[mariadb->domain];
        if (last.sequence <= mariadb->sequence) last = *mariadb;
        return;
    }
    assert(mariadb_.empty());
    const auto& mysql = std::get<MySqlGtid>(gtid);
    flavor_ = Flavor::MySql;
    add_interval(mysql_[{mysql.uuid, mysql.tag}], {mysql.number, mysql.number + 1});
}

void GtidSet::add(const SidTag& sid, GtidInterval interval) {
    assert(mariadb_.empty() && interval.begin < interval.end);
    flavor_ = Flavor::MySql;
    add_interval(mysql_[sid], interval);
}

void GtidSet::merge(const GtidSet& other) {
    for (const auto& [domain, gtid] : other.mariadb_) add(gtid);
    for (const auto& [sid, intervals] : other.mysql_) {
        for (const GtidInterval& interval : intervals) add(sid, interval);
    }
}

bool GtidSet::operator==(const GtidSet& other) const { return mysql_ == other.mysql_ && mariadb_ == other.mariadb_; }

}  // namespace dm::model
