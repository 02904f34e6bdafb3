#include "unit/sync/target_warnings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string>

#include <fmt/format.h>

#include "base/log.h"

namespace dm::sync {
namespace {

constexpr std::string_view kChanged = "value changed by the target";

/// Of the statement, not of what it stores.
constexpr auto kMeaningless = std::to_array<int>({
    1062,        // a row that is there already, as a note
    1287, 1681,  // deprecated words
    1592,        // not safe for the target's own binlog in statement format
    3719, 3778,  // what `utf8` means
});

/// Of structure statements, besides: they say how the target does things, or what the upstream said, too.
constexpr auto kOfStructure = std::to_array<int>({
    124, 1214, 1478, 1618,  // storage: a hidden column for FULLTEXT, ROW_FORMAT, folders
    1280, 1831,             // the name of a primary key, an index that is there twice
    1911,                   // options of one server
    3720, 3887, 6124,       // what NATIONAL means, keys that foreign keys should not refer to
});

constexpr int kTableExists = 1050;

/// The value stored is not the one that was given.
constexpr auto kChangesValues = std::to_array<int>({
    1048, 1263,        // NULL where none may be
    1264,              // out of range
    1265,              // cut
    1292, 1366, 1411,  // not a value of the type
    1406,              // too long
});

constexpr int kCut = 1265;

/// A column that only the target has got no value from us, and has no default.
constexpr int kNoDefault = 1364;

struct Told {
    std::uint64_t count = 0;
    std::string message;  ///< the first
};

/// By column, as messages name it, how many error values of ENUMs the group writes at most.
using ErrorValues = std::map<std::string, std::uint64_t>;

ErrorValues error_values(const dml::OperationGroup& group) {
    ErrorValues values;
    for (const dml::WrittenColumn& column : group.plan->columns()) {
        if (!column.is_enum) continue;
        const auto is_error = [&](const dml::Operation& operation) {
            if (column.column >= operation.after.size()) return false;
            const model::Value& value = operation.after[column.column];
            if (value.kind() == model::ValueKind::Text) return value.text().empty() && !column.has_empty_member;
            return value.kind() == model::ValueKind::UInt && value.as_uint() == 0;
        };
        const auto count = std::ranges::count_if(group.operations, is_error);
        const std::string name = column.name.substr(1, column.name.size() - 2);
        if (count > 0) values[fmt::format("'{}'", name)] = static_cast<std::uint64_t>(count);
    }
    return values;
}

bool is_of_error_value(const std::string& message, ErrorValues& values) {
    for (auto& [column, count] : values) {
        if (count == 0 || message.find(column) == std::string::npos) continue;
        --count;
        return true;
    }
    return false;
}

template <std::size_t N>
bool is_one_of(int number, const std::array<int, N>& numbers) {
    return std::ranges::find(numbers, number) != numbers.end();
}

int number_of(const sql::ResultSet& warnings, std::size_t row) {
    const std::string code = warnings.text(row, "Code");
    int number = 0;
    std::from_chars(code.data(), code.data() + code.size(), number);
    return number;
}

std::string kind_of(int number) {
    return is_one_of(number, kChangesValues) ? fmt::format("{} (warning {})", kChanged, number)
                                             : fmt::format("warning {} of the target", number);
}

}  // namespace

std::uint32_t usual_warnings(const model::ServerVersion& target, const dml::OperationGroup& group,
                             std::string_view text) {
    const bool is_upsert = group.kind == dml::OperationKind::Upsert || group.kind == dml::OperationKind::Renew;
    const bool dislikes_values = target.flavor == model::Flavor::MySql && !target.is_tidb &&
                                 (target.is_at_least(8, 1) || (target.is_at_least(8, 0) && target.patch >= 20));
    if (!is_upsert || !dislikes_values) return 0;
    std::uint32_t count = 0;
    std::size_t at = text.rfind(" ON DUPLICATE KEY UPDATE ");
    constexpr std::string_view kValues = "=VALUES(";
    while (at != std::string_view::npos && (at = text.find(kValues, at)) != std::string_view::npos) {
        ++count;
        at += kValues.size();
    }
    return count;
}

void note_warnings(sql::SqlSession& session, const dml::OperationGroup& group, std::uint32_t total, Notices& notices) {
    const std::string table = group.plan->target().quoted();
    std::map<int, Told> told;
    ErrorValues expected = error_values(group);
    const sql::ResultSet result = session.query("SHOW WARNINGS");
    std::uint64_t unread = total - std::min<std::uint64_t>(total, result.rows.size());
    for (std::size_t row = 0; row < result.rows.size(); ++row) {
        const int number = number_of(result, row);
        if (is_one_of(number, kMeaningless)) continue;
        if (number == kCut && is_of_error_value(result.text(row, "Message"), expected)) continue;
        Told& entry = told[number];
        if (entry.count++ == 0 && !log::hides_values()) entry.message = result.text(row, "Message");
    }
    for (const auto& [column, count] : expected) unread -= std::min(unread, count);
    // A server keeps the first few: what follows is of the same kind, mostly.
    if (!told.empty())
        std::ranges::max_element(told, {}, [](const auto& e) { return e.second.count; })->second.count += unread;
    if (told.empty() && unread > 0) note_unread_warnings(table, static_cast<std::uint32_t>(unread), notices);
    for (const auto& [number, entry] : told) {
        if (number == kNoDefault) {
            notices.mention("value chosen by the target for a column of its own", table, entry.count, entry.message);
        } else {
            notices.pass_over(kind_of(number), table, entry.count, entry.message);
        }
    }
}

bool note_statement_warnings(sql::SqlSession& session, std::string_view table, bool was_strict, Notices& notices) {
    std::map<int, Told> told;
    bool has_found = false;
    const sql::ResultSet result = session.query("SHOW WARNINGS");
    for (std::size_t row = 0; row < result.rows.size(); ++row) {
        const int number = number_of(result, row);
        has_found = has_found || number == kTableExists;
        const bool is_usual = is_one_of(number, kMeaningless) || is_one_of(number, kOfStructure);
        if (result.text(row, "Level") == "Note" || number == kTableExists || is_usual) continue;
        Told& entry = told[number];
        if (entry.count++ == 0 && !log::hides_values()) entry.message = result.text(row, "Message");
    }
    for (const auto& [number, entry] : told) {
        if (was_strict) {
            notices.pass_over(kind_of(number), table, entry.count, entry.message);
        } else {
            notices.mention(kind_of(number), table, entry.count, entry.message);
        }
    }
    return has_found;
}

void note_unread_warnings(std::string_view table, std::uint32_t count, Notices& notices) {
    notices.pass_over(fmt::format("{} (warnings not read)", kChanged), table, count);
}

}  // namespace dm::sync
