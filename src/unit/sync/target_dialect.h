#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"
#include "core/sql/adapt_statement.h"
#include "core/sql/ddl.h"
#include "unit/sync/notices.h"
#include "unit/sync/session_links.h"
#include "unit/sync/statement_event.h"

namespace dm::sync {

/// Says the upstream's structure statements in the words of the target. One thread: the translator's. What it needs to
/// know of the servers it asks when it is first needed, over links that outlive it. What it replaces is noticed.
class TargetDialect {
  public:
    struct Options {
        bool is_from_mariadb = false;
        bool keeps_collations = false;  ///< `collation_compatible: strict`: one the target does not know is an error
    };
    TargetDialect(Options options, Notices& notices, SessionLink& upstream, SessionLink& downstream)
        : options_(options), notices_(notices), upstream_(upstream), downstream_(downstream) {}

    /// What means the same to both sides: hidden columns, what comments say to the upstream alone, clauses of MariaDB,
    /// and, where the target's defaults are not those of the event's session, the collations of character sets that
    /// come without. Changes are what another target than MariaDB gets not: CHECKs. Nothing is to be done if the text
    /// is empty.
    [[nodiscard]] sql::AdaptedStatement translated(const sql::RewrittenDdl& part, const StatementEvent& event);

    /// What comes nearest to a translated statement that the target refused with `refusal`; nothing if it was not
    /// refused for what it says, or there is nothing to adapt. Throws Error{SyncDdlUnsupported} for a collation that
    /// may not be replaced.
    [[nodiscard]] std::optional<sql::AdaptedStatement> adapted(const std::string& text, const sql::RewrittenDdl& part,
                                                               const Error& refusal);
    /// To be called when the adapted statement was executed.
    void note(const sql::AdaptedStatement& adapted, const sql::RewrittenDdl& part);

    /// Lets `session` make schemas with the upstream's collation, or the nearest. Throws likewise.
    void set_server_collation(sql::SqlSession& session, const std::string& collation);

    /// The upstream's name of a collation; empty if it has none of that number.
    [[nodiscard]] std::string collation_name(std::uint16_t id);

    /// Lets `session` take character sets without a collation as the event's session did, where it can be told.
    void set_charset_collations(sql::SqlSession& session, const StatementEvent& event);

    /// By character set, the collations that the event tells for those that come without; the upstream's names.
    [[nodiscard]] std::map<std::string, std::string, std::less<>> session_collations(const StatementEvent& event);

  private:
    [[nodiscard]] sql::CollationDefaults differing_defaults(const StatementEvent& event);
    [[nodiscard]] bool has_charset_collations();
    void learn_target();

    const Options options_;
    Notices& notices_;
    SessionLink& upstream_;
    SessionLink& downstream_;
    std::map<std::uint16_t, std::string> collations_;  // of the upstream, by number
    std::optional<sql::CollationDefaults> defaults_;   // the upstream's
    std::optional<sql::CollationDefaults> known_;      // the target's
    std::optional<bool> has_charset_collations_;
};

}  // namespace dm::sync
