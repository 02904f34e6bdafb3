#include "core/config/gtid_text.h"

#include <fmt/format.h>

#include "base/error.h"
#include "core/model/gtid_set.h"

namespace dm::config {
namespace {

bool is_gtid_set(model::Flavor flavor, std::string_view text) {
    try {
        (void)model::GtidSet::parse(flavor, text);
        return true;
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

void check_gtid_text(std::string_view flavor, std::string_view text, std::string_view key) {
    if (text.empty() || (flavor.empty() && is_gtid_set(model::Flavor::MariaDb, text))) return;
    try {
        (void)model::GtidSet::parse(flavor == "mariadb" ? model::Flavor::MariaDb : model::Flavor::MySql, text);
    } catch (const Error& error) {
        throw error.with_context(fmt::format("`{}`", key))
            .with_workaround(fmt::format(
                "Correct `{}`; the source's own sets are in SHOW MASTER STATUS or @@gtid_binlog_pos.", key));
    }
}

}  // namespace dm::config
