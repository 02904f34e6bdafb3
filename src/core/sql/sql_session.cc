#include "core/sql/sql_session.h"

#include <charconv>

#include "base/error.h"
#include "core/sql/lexer.h"

namespace dm::sql {

std::optional<std::size_t> ResultSet::find(std::string_view name) const {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (equal_ignoring_case(columns[i].name, name)) return i;
    }
    return std::nullopt;
}

std::string ResultSet::text(std::size_t row, std::string_view column) const {
    const auto index = find(column);
    if (!index || row >= rows.size() || *index >= rows[row].size()) return {};
    return rows[row][*index].value_or("");
}

void SqlSession::execute_all(std::span<const std::string_view> statements, const ResultSink& done) {
    for (const std::string_view statement : statements) done(execute(statement));
}

std::optional<int> server_error_of(const Error& error) noexcept {
    static constexpr std::string_view kPrefix = "Error ";
    const std::string_view cause = error.raw_cause();
    if (!cause.starts_with(kPrefix)) return std::nullopt;
    int number = 0;
    const char* const end = cause.data() + cause.size();
    const auto parsed = std::from_chars(cause.data() + kPrefix.size(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr == end || (*parsed.ptr != ' ' && *parsed.ptr != ':'))
        return std::nullopt;
    return number;
}

}  // namespace dm::sql
