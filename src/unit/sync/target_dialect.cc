#include "unit/sync/target_dialect.h"

#include <charconv>

#include <fmt/format.h>

#include "base/log.h"
#include "core/sql/mariadb_clauses.h"
#include "unit/target/adaptation.h"
#include "unit/target/server_error.h"

namespace dm::sync {
namespace {

constexpr int kUnknownCollation = 1273;
constexpr auto kWorkaround =
    "Execute the statement on the target with a collation of your choice and let a filter with a sql-pattern skip it; "
    "or set `collation_compatible: loose`. Then start the task again.";

std::string place_of(const sql::RewrittenDdl& part) {
    if (part.targets.empty()) return {};
    const model::TableName& name = part.targets.front();
    return name.table.empty() ? fmt::format("schema {}", model::quote_identifier(name.schema)) : name.quoted();
}

}  // namespace

std::string TargetDialect::collation_name(std::uint16_t id) {
    if (collations_.empty()) {
        // MariaDB numbers collations of several character sets only here.
        const bool is_wide = !upstream_.get()
                                  .query(
                                      "SHOW COLUMNS FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY "
                                      "LIKE 'FULL_COLLATION_NAME'")
                                  .rows.empty();
        const auto names = upstream_.get().query(
            is_wide ? "SELECT ID AS i, FULL_COLLATION_NAME AS n FROM "
                      "information_schema.COLLATION_CHARACTER_SET_APPLICABILITY WHERE ID IS NOT NULL"
                    : "SELECT ID AS i, COLLATION_NAME AS n FROM information_schema.COLLATIONS WHERE ID IS NOT NULL");
        for (std::size_t row = 0; row < names.rows.size(); ++row) {
            std::uint16_t number = 0;
            const std::string text = names.text(row, "i");
            std::from_chars(text.data(), text.data() + text.size(), number);
            collations_[number] = names.text(row, "n");
        }
    }
    const auto found = collations_.find(id);
    return found == collations_.end() ? std::string() : found->second;
}

const sql::CollationDefaults& TargetDialect::differing_defaults() {
    if (!differing_) {
        sql::CollationDefaults defaults = target::read_collation_defaults(upstream_.get());
        const sql::CollationDefaults known = target::read_collation_defaults(downstream_.get());
        std::erase_if(defaults, [&](const auto& one) {
            const auto found = known.find(one.first);
            return found == known.end() || found->second == one.second;
        });
        differing_ = std::move(defaults);
    }
    return *differing_;
}

std::string TargetDialect::translated(const sql::RewrittenDdl& part) {
    if (sql::has_overlap_key(part.text)) {
        throw Error(
            ErrorCode::SyncDdlUnsupported,
            fmt::format("{} gets a key WITHOUT OVERLAPS, and no server repeats rows under such a key", place_of(part)))
            .with_workaround(
                "Execute the statement on the target with an ordinary key of the same columns and those "
                "of the period, and let a filter with a sql-pattern skip it. Then start the task again.");
    }
    const model::ServerVersion version = downstream_.get().version();
    const bool is_for_another = options_.is_from_mariadb && version.flavor != model::Flavor::MariaDb;
    std::string text = is_for_another ? sql::without_mariadb_clauses(part.text, part.kind) : part.text;
    return sql::state_collations(sql::translate_words(text, version), differing_defaults());
}

std::optional<sql::AdaptedStatement> TargetDialect::adapted(const std::string& text, const sql::RewrittenDdl& part,
                                                            const Error& refusal) {
    const auto number = target::sql_error_number(refusal);
    if (!number || !target::is_refused_structure(*number)) return std::nullopt;
    return target::adapt_refused(text, downstream_.get().version(),
                                 {.error = refusal,
                                  .what = place_of(part),
                                  .keeps_collations = options_.keeps_collations,
                                  .code = ErrorCode::SyncDdlUnsupported,
                                  .workaround = kWorkaround});
}

void TargetDialect::note(const sql::AdaptedStatement& adapted, const sql::RewrittenDdl& part) {
    const std::string changes = fmt::format("{}", fmt::join(adapted.changes, "; "));
    notices_.mention(target::kAdapted, fmt::format("{}: {}", place_of(part), changes));
}

void TargetDialect::set_server_collation(sql::SqlSession& session, const std::string& collation) {
    const auto set = [&](const std::string& name) {
        session.execute(fmt::format("SET SESSION collation_server='{}'", name));
    };
    try {
        set(collation);
    } catch (const Error& error) {
        if (target::sql_error_number(error) != kUnknownCollation) throw;
        const std::string nearest = target::adapt_refused_collation(collation, session.version(),
                                                                    {.error = error,
                                                                     .what = "a new schema",
                                                                     .keeps_collations = options_.keeps_collations,
                                                                     .code = ErrorCode::SyncDdlUnsupported,
                                                                     .workaround = kWorkaround});
        set(nearest);
        notices_.mention(target::kAdapted, fmt::format("new schemas: collation {} -> {}", collation, nearest));
    }
}

}  // namespace dm::sync
