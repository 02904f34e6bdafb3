#include "unit/target/adaptation.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/sql/collations.h"

namespace dm::target {
namespace {

constexpr auto kRefused = std::to_array<int>({
    1005, 1031, 1112, 1478,  // table cannot be made so, engine lacks an option, table has what it may not, bad option
    1046, 1305,              // a function of the upstream's: no schema to look for it in, not there
    1064,                    // syntax
    1067, 1101,              // invalid default, none allowed
    1115, 1253, 1273,        // character set unknown, collation of another one, collation unknown
    1214,                    // no such index in tables of that engine
    1286, 1289,              // engine unknown, feature not there
    1911,                    // option unknown (MariaDB)
    3185,                    // encryption without keys (MySQL)
    4161,                    // type unknown (MariaDB)
    8200, 8233,              // not supported (TiDB)
});

void ensure_allowed(const Refusal& refusal, std::string_view change) {
    if (!refusal.keeps_collations) return;
    throw Error(refusal.code, fmt::format("the target does not know a collation of {} ({}), and "
                                          "`collation_compatible: strict` allows no other",
                                          refusal.what, change))
        .with_cause(refusal.error)
        .with_workaround(refusal.workaround);
}

}  // namespace

bool is_refused_structure(int number) noexcept { return std::ranges::find(kRefused, number) != kRefused.end(); }

std::optional<sql::AdaptedStatement> adapt_refused(std::string_view statement, const model::ServerVersion& target,
                                                   const Refusal& refusal) {
    sql::AdaptedStatement adapted = sql::adapt_statement(statement, target);
    for (const std::string& change : adapted.changes) {
        if (change.starts_with("collation ")) ensure_allowed(refusal, change);
    }
    if (adapted.changes.empty()) return std::nullopt;
    return adapted;
}

std::string adapt_refused_collation(const std::string& collation, const model::ServerVersion& target,
                                    const Refusal& refusal) {
    std::string adapted = sql::adapt_collation(collation, target);
    ensure_allowed(refusal, fmt::format("collation {} -> {}", collation, adapted));
    return adapted;
}

sql::CollationDefaults read_collation_defaults(sql::SqlSession& session) {
    sql::CollationDefaults defaults;
    const auto sets = session.query("SHOW CHARACTER SET");
    for (std::size_t i = 0; i < sets.rows.size(); ++i)
        defaults[sets.text(i, "Charset")] = sets.text(i, "Default collation");
    return defaults;
}

}  // namespace dm::target
