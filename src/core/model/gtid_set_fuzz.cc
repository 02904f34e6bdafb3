#include "core/model/gtid_set.h"

#include <cstdint>
#include <cstdlib>
#include <optional>

#include "base/error.h"

namespace {

std::optional<dm::model::GtidSet> parsed(dm::model::Flavor flavor, std::string_view text) {
    try {
        return dm::model::GtidSet::parse(flavor, text);
    } catch (const dm::Error&) {
        return std::nullopt;
    }
}

}  // namespace

/// Any text parses or is refused; what parses reads back from its own canonical text as the same set.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto flavor = data[0] == 'm' ? dm::model::Flavor::MySql : dm::model::Flavor::MariaDb;
    const auto set = parsed(flavor, {reinterpret_cast<const char*>(data + 1), size - 1});
    if (!set) return 0;
    const auto again = parsed(flavor, set->to_string());
    if (!again || again->to_string() != set->to_string()) std::abort();
    if (!again->contains(*set) || !set->contains(*again)) std::abort();
    return 0;
}
