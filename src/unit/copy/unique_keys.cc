#include "unit/copy/unique_keys.h"

#include <charconv>
#include <string>

#include <fmt/format.h>

#include "core/sql/literal.h"

namespace dm::copy {
namespace {

std::string condition(std::string_view alias, const model::TableName& table) {
    std::string text = fmt::format("{}.TABLE_SCHEMA=", alias);
    sql::append_quoted(text, table.schema);
    text += fmt::format(" AND {}.TABLE_NAME=", alias);
    sql::append_quoted(text, table.table);
    return text;
}

std::string compared_collation(const std::string& type, const std::string& collation) {
    const bool is_bytes = type.ends_with("binary") || type.ends_with("blob");
    return is_bytes ? "binary" : collation;
}

}  // namespace

std::vector<dml::ComparedKey> read_unique_keys(sql::SqlSession& session, const model::TableName& table) {
    const auto result = session.query(
        fmt::format("SELECT s.INDEX_NAME AS i, s.COLUMN_NAME AS c, s.SUB_PART AS p, k.COLLATION_NAME AS k, "
                    "LOWER(k.DATA_TYPE) AS t FROM information_schema.STATISTICS s LEFT JOIN information_schema.COLUMNS "
                    "k ON {} AND k.COLUMN_NAME=s.COLUMN_NAME WHERE {} AND s.NON_UNIQUE=0 ORDER BY s.INDEX_NAME, "
                    "s.SEQ_IN_INDEX",
                    condition("k", table), condition("s", table)));
    std::vector<dml::ComparedKey> keys;
    std::string last;
    for (std::size_t row = 0; row < result.rows.size(); ++row) {
        const std::string index = result.text(row, "i");
        if (row == 0 || index != last) keys.emplace_back();
        last = index;
        dml::ComparedPart& part = keys.back().emplace_back();
        part.column = result.text(row, "c");
        const std::string prefix = result.text(row, "p");
        std::from_chars(prefix.data(), prefix.data() + prefix.size(), part.prefix);
        part.collation = compared_collation(result.text(row, "t"), result.text(row, "k"));
    }
    return keys;
}

}  // namespace dm::copy
