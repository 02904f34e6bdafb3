#include "unit/sync/target_dialect.h"

#include <charconv>

#include <fmt/format.h>

#include "base/log.h"
#include "core/schema/charsets.h"
#include "core/sql/check_constraints.h"
#include "core/sql/comment_text.h"
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

/// "Constraint 'x' does not exist."
std::string quoted_name_in(std::string_view message) {
    const auto begin = message.find("Constraint '");
    if (begin == std::string_view::npos) return {};
    message.remove_prefix(begin + 12);
    return std::string(message.substr(0, message.rfind("' does not exist")));
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

/// Whether the upstream's events name all collations that a session has chosen for character sets.
bool TargetDialect::has_charset_collations() {
    if (!options_.is_from_mariadb) return false;
    if (!has_charset_collations_)
        has_charset_collations_ =
            !upstream_.get().query("SHOW SESSION VARIABLES LIKE 'character_set_collations'").rows.empty();
    return *has_charset_collations_;
}

std::map<std::string, std::string, std::less<>> TargetDialect::session_collations(const StatementEvent& event) {
    std::map<std::string, std::string, std::less<>> collations;
    if (event.utf8mb4_collation) {
        const std::string name = collation_name(*event.utf8mb4_collation);
        if (!name.empty()) collations["utf8mb4"] = name;
    }
    if (!has_charset_collations()) return collations;
    if (!defaults_) defaults_ = target::read_collation_defaults(upstream_.get());
    // What the event does not name has the collation that the server was built with.
    for (const auto& [charset, collation] : *defaults_) collations[charset] = schema::builtin_collation(charset);
    for (const auto& [of_charset, collation] : event.charset_collations) {
        const std::string charset = schema::charset_of_collation(collation_name(of_charset));
        const std::string name = collation_name(collation);
        if (!charset.empty() && !name.empty()) collations[charset] = name;
    }
    return collations;
}

/// Before a session of it is told something else.
void TargetDialect::learn_target() {
    if (!known_) known_ = target::read_collation_defaults(downstream_.get());
}

/// Statements get their collations in any case: this is for what they cannot be put to, such as CONVERT(x USING y).
void TargetDialect::set_charset_collations(sql::SqlSession& session, const StatementEvent& event) {
    learn_target();
    const bool is_for_mariadb = session.version().flavor == model::Flavor::MariaDb;
    std::string variable;
    if (event.utf8mb4_collation && !is_for_mariadb && session.version().is_at_least(8, 0)) {
        variable = fmt::format("default_collation_for_utf8mb4='{}'", collation_name(*event.utf8mb4_collation));
    } else if (is_for_mariadb && has_charset_collations()) {
        std::vector<std::string> pairs;
        for (const auto& [of_charset, collation] : event.charset_collations)
            pairs.push_back(fmt::format("{}={}", schema::charset_of_collation(collation_name(of_charset)),
                                        collation_name(collation)));
        variable = fmt::format("character_set_collations='{}'", fmt::join(pairs, ","));
    }
    if (variable.empty()) return;
    try {
        session.execute("SET SESSION " + variable);
    } catch (const Error& error) {
        if (target::is_connection_lost(error)) throw;
        log::debug("the target's session keeps its default collations", {{"error", error.what()}});
    }
}

/// What character sets without a collation mean to the event's session, where they mean something else to the target.
sql::CollationDefaults TargetDialect::differing_defaults(const StatementEvent& event) {
    if (!defaults_) defaults_ = target::read_collation_defaults(upstream_.get());
    learn_target();
    sql::CollationDefaults meant = *defaults_;
    for (const auto& [charset, collation] : session_collations(event)) meant[charset] = collation;
    // By its old name, too, where both know the new one.
    if (const auto found = meant.find("utf8mb3"); found != meant.end() && known_->contains("utf8mb3"))
        meant["utf8"] = found->second;
    std::erase_if(meant, [&](const auto& one) {
        const auto found = known_->find(one.first == "utf8" && known_->contains("utf8mb3") ? "utf8mb3" : one.first);
        return found == known_->end() || found->second == one.second;
    });
    return meant;
}

sql::AdaptedStatement TargetDialect::translated(const sql::RewrittenDdl& part, const StatementEvent& event) {
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
    sql::AdaptedStatement translated{.text = part.text, .changes = {}};
    if (is_for_another) translated = sql::without_checks(sql::without_mariadb_clauses(part.text, part.kind));
    translated.text =
        sql::open_comments(sql::translate_words(translated.text, version), options_.is_from_mariadb, version);
    translated.text = sql::state_collations(translated.text, differing_defaults(event));
    return translated;
}

std::optional<sql::AdaptedStatement> TargetDialect::adapted(const std::string& text, const sql::RewrittenDdl& part,
                                                            const Error& refusal) {
    const auto number = target::sql_error_number(refusal);
    if (options_.is_from_mariadb && number == target::server_error::kNoSuchConstraint) {
        // A CHECK, then, which the target was not given.
        const auto left = sql::without_drop_constraint(text, quoted_name_in(refusal.raw_cause()));
        return left.changes.empty() ? std::nullopt : std::optional(left);
    }
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
