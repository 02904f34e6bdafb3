#include "core/schema/tracker.h"

#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "core/schema/definition_json.h"

/// Statements separated by zero bytes change the tracker or are refused; what is tracked survives its JSON form.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    dm::schema::Tracker tracker({.is_mariadb = (data[0] & 1U) != 0});
    std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
    while (!rest.empty()) {
        const auto end = rest.find('\0');
        try {
            tracker.apply(rest.substr(0, end), {.default_schema = "db"});
        } catch (const dm::Error&) {
        }
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
    for (const auto& name : tracker.tables()) {
        const auto table = tracker.find(name);
        // Text that is no UTF-8 is replaced in JSON, so a second round must be stable.
        const auto json = dm::schema::definition_to_json(*table);
        if (dm::schema::definition_to_json(dm::schema::definition_from_json(json)) != json) std::abort();
    }
    return 0;
}
