#include "core/sql/ddl.h"

#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "core/sql/ddl_parser.h"
#include "core/sql/sql_mode.h"

namespace {

using dm::model::TableName;

/// Splits and routes to the same names; every part must be readable again and of the same kind.
void check_split(std::string_view statement, const dm::sql::ParseContext& context) {
    const auto same = [](const TableName& name) { return name; };
    const auto all = [](const TableName&) { return true; };
    for (const auto& ddl :
         dm::sql::split_and_route(statement, context, same, all, {.splits_alter = context.is_mariadb})) {
        dm::sql::ParseContext plain = context;
        plain.sql_mode = 0;
        if (dm::sql::classify(ddl.text, plain).kind != ddl.kind) std::abort();
    }
}

template <typename Call>
void expect_only_our_errors(const Call& call) {
    try {
        call();
    } catch (const dm::Error&) {
    }
}

}  // namespace

/// The first byte chooses server and sql_mode, the rest is a statement: it is read or refused with an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    dm::sql::ParseContext context{.default_schema = "db"};
    context.is_mariadb = (data[0] & 1U) != 0;
    context.is_tidb = (data[0] & 2U) != 0;
    if ((data[0] & 4U) != 0) context.sql_mode |= dm::sql::kModeAnsiQuotes;
    if ((data[0] & 8U) != 0) context.sql_mode |= dm::sql::kModeNoBackslashEscapes;
    const std::string_view statement(reinterpret_cast<const char*>(data + 1), size - 1);
    expect_only_our_errors([&] { check_split(statement, context); });
    expect_only_our_errors([&] { (void)dm::sql::parse_ddl(statement, context); });
    return 0;
}
