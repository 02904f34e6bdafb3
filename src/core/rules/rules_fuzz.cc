#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "core/rules/event_filter.h"
#include "core/rules/online_ddl_names.h"
#include "core/rules/table_filter.h"
#include "core/rules/table_router.h"

namespace dm::rules {
namespace {

template <typename F>
void tolerate(const F& attempt) {
    try {
        attempt();
    } catch (const Error&) {
        return;
    }
}

/// Patterns come from users: any bytes make a rule that answers, or an Error. Input: pattern, newline, name.
void read_rules(std::string_view bytes) {
    const auto line_end = bytes.find('\n');
    const std::string pattern(bytes.substr(0, line_end));
    const std::string name(line_end == std::string_view::npos ? bytes : bytes.substr(line_end + 1));
    tolerate([&] {
        const BlockAllowRules rules{
            .do_dbs = {pattern}, .do_tables = {}, .ignore_dbs = {}, .ignore_tables = {{pattern, pattern}}};
        (void)TableFilter(rules, false).accepts({name, name});
    });
    tolerate([&] {
        const RouteRule rule{
            .schema_pattern = pattern, .table_pattern = pattern, .target_schema = "s", .target_table = "t"};
        (void)TableRouter({rule}, true).route({name, name});
    });
    tolerate([&] {
        const EventFilterRule rule{.schema_pattern = pattern,
                                   .table_pattern = "",
                                   .events = {name},
                                   .sql_patterns = {pattern},
                                   .action = "Ignore"};
        (void)EventFilter({rule}, true).judge({name, name}, EventKind::DropTable, name);
    });
    tolerate([&] { (void)OnlineDdlNames({pattern}, {}).recognise(name); });
}

}  // namespace
}  // namespace dm::rules

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    dm::rules::read_rules({reinterpret_cast<const char*>(data), size});
    return 0;
}
