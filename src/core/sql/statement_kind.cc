#include <array>
#include <optional>

#include "core/sql/outline.h"

namespace dm::sql {

namespace {

using Kind = StatementKind;

/// The first words of a statement, as many as the decision needs.
class Head {
  public:
    Head(std::string_view text, const LexOptions& options) : lexer_(text, options), token_(next()) {}

    [[nodiscard]] bool is_at_end() const noexcept { return token_.kind == TokenKind::End; }
    [[nodiscard]] bool is(std::string_view keyword) const noexcept {
        return token_.kind == TokenKind::Word && equal_ignoring_case(word(), keyword);
    }
    [[nodiscard]] std::string_view word() const noexcept {
        return lexer_.text().substr(token_.span.begin, token_.span.size());
    }
    void advance() { token_ = next(); }
    bool accept(std::string_view keyword) {
        if (!is(keyword)) return false;
        advance();
        return true;
    }
    bool accept_symbol(char symbol) {
        if (token_.kind != TokenKind::Symbol || word().front() != symbol) return false;
        advance();
        return true;
    }

  private:
    Token next() { return lexer_.next(); }

    Lexer lexer_;
    Token token_;
};

struct WordKind {
    std::string_view word;
    Kind create;
    Kind alter;
    Kind drop;
};

constexpr std::array kObjects = {
    WordKind{"TABLE", Kind::CreateTable, Kind::AlterTable, Kind::DropTable},
    WordKind{"TABLES", Kind::CreateTable, Kind::AlterTable, Kind::DropTable},
    WordKind{"DATABASE", Kind::CreateDatabase, Kind::AlterDatabase, Kind::DropDatabase},
    WordKind{"SCHEMA", Kind::CreateDatabase, Kind::AlterDatabase, Kind::DropDatabase},
    WordKind{"INDEX", Kind::CreateIndex, Kind::OtherDdl, Kind::DropIndex},
    WordKind{"VIEW", Kind::CreateView, Kind::AlterView, Kind::DropView},
    WordKind{"TRIGGER", Kind::CreateTrigger, Kind::OtherDdl, Kind::DropTrigger},
    WordKind{"PROCEDURE", Kind::Routine, Kind::Routine, Kind::Routine},
    WordKind{"FUNCTION", Kind::Routine, Kind::Routine, Kind::Routine},
    WordKind{"PACKAGE", Kind::Routine, Kind::Routine, Kind::Routine},
    WordKind{"LIBRARY", Kind::Routine, Kind::Routine, Kind::Routine},
    WordKind{"EVENT", Kind::Event, Kind::Event, Kind::Event},
    WordKind{"USER", Kind::Account, Kind::Account, Kind::Account},
    WordKind{"ROLE", Kind::Account, Kind::Account, Kind::Account},
    WordKind{"SEQUENCE", Kind::Sequence, Kind::Sequence, Kind::Sequence},
    WordKind{"SERVER", Kind::Storage, Kind::Storage, Kind::Storage},
    WordKind{"TABLESPACE", Kind::Storage, Kind::Storage, Kind::Storage},
    WordKind{"LOGFILE", Kind::Storage, Kind::Storage, Kind::Storage},
    WordKind{"REFERENCE", Kind::Storage, Kind::Storage, Kind::Storage},
    WordKind{"INSTANCE", Kind::Maintenance, Kind::Maintenance, Kind::Maintenance},
    WordKind{"PREPARE", Kind::Unknown, Kind::Unknown, Kind::Unknown},
};

constexpr std::array<std::string_view, 22> kAdjectives = {
    "OR",      "REPLACE",  "TEMPORARY", "UNIQUE",     "FULLTEXT", "SPATIAL",     "VECTOR",  "ONLINE",
    "OFFLINE", "IGNORE",   "AGGREGATE", "UNDO",       "SQL",      "SECURITY",    "INVOKER", "EXTERNAL",
    "NO",      "RESOURCE", "JSON",      "RELATIONAL", "DUALITY",  "MATERIALIZED"};

bool is_adjective(const Head& head) {
    for (const auto word : kAdjectives) {
        if (head.is(word)) return true;
    }
    return false;
}

/// DEFINER = user@host, ALGORITHM = word.
bool skip_assignment(Head& head) {
    if (head.accept("ALGORITHM")) {
        head.accept_symbol('=');
        head.advance();
        return true;
    }
    if (!head.accept("DEFINER")) return false;
    // The word after SQL SECURITY is also DEFINER: then nothing is assigned.
    if (!head.accept_symbol('=')) return true;
    head.advance();
    if (head.accept_symbol('(')) head.accept_symbol(')');
    if (!head.is_at_end() && head.word().front() == '@') head.advance();
    return true;
}

Kind object_kind(Head& head, Kind WordKind::*column) {
    while (is_adjective(head) || skip_assignment(head)) {
        if (is_adjective(head)) head.advance();
    }
    for (const auto& object : kObjects) {
        if (head.is(object.word)) return object.*column;
    }
    return head.is_at_end() ? Kind::Unknown : Kind::OtherDdl;
}

std::optional<Kind> transaction_kind(Head& head) {
    if (head.accept("BEGIN")) return head.is("NOT") ? Kind::OtherDdl : Kind::Begin;
    if (head.accept("START")) return head.is("TRANSACTION") ? Kind::Begin : Kind::Maintenance;
    if (head.is("COMMIT")) return Kind::Commit;
    if (head.accept("ROLLBACK")) {
        head.accept("WORK");
        return head.is("TO") ? Kind::Savepoint : Kind::Rollback;
    }
    if (head.is("SAVEPOINT") || head.is("RELEASE")) return Kind::Savepoint;
    if (head.is("XA")) return Kind::Xa;
    if (head.accept("SET")) return head.is("PASSWORD") ? Kind::Account : Kind::Set;
    if (head.is("USE")) return Kind::Use;
    return std::nullopt;
}

std::optional<Kind> definition_kind(Head& head) {
    if (head.accept("CREATE")) return object_kind(head, &WordKind::create);
    if (head.accept("ALTER")) return object_kind(head, &WordKind::alter);
    if (head.accept("DROP")) return object_kind(head, &WordKind::drop);
    if (head.is("TRUNCATE")) return Kind::TruncateTable;
    if (head.accept("RENAME")) return head.is("TABLE") || head.is("TABLES") ? Kind::RenameTable : Kind::Account;
    return std::nullopt;
}

struct FirstWord {
    std::string_view word;
    Kind kind;
};

constexpr std::array kFirstWords = {
    FirstWord{"INSERT", Kind::Dml},
    FirstWord{"UPDATE", Kind::Dml},
    FirstWord{"DELETE", Kind::Dml},
    FirstWord{"REPLACE", Kind::Dml},
    FirstWord{"LOAD", Kind::Dml},
    FirstWord{"WITH", Kind::Dml},
    FirstWord{"IMPORT", Kind::OtherDdl},
    FirstWord{"GRANT", Kind::Account},
    FirstWord{"REVOKE", Kind::Account},
    FirstWord{"FLUSH", Kind::Maintenance},
    FirstWord{"ANALYZE", Kind::Maintenance},
    FirstWord{"OPTIMIZE", Kind::Maintenance},
    FirstWord{"REPAIR", Kind::Maintenance},
    FirstWord{"CHECK", Kind::Maintenance},
    FirstWord{"RESET", Kind::Maintenance},
    FirstWord{"PURGE", Kind::Maintenance},
    FirstWord{"KILL", Kind::Maintenance},
    FirstWord{"INSTALL", Kind::Maintenance},
    FirstWord{"LOCK", Kind::Maintenance},
    FirstWord{"UNLOCK", Kind::Maintenance},
    FirstWord{"STOP", Kind::Maintenance},
    FirstWord{"CHANGE", Kind::Maintenance},
    FirstWord{"BINLOG", Kind::Maintenance},
    FirstWord{"UNINSTALL", Kind::Maintenance},
};

}  // namespace

StatementKind kind_of(std::string_view statement, const LexOptions& options) {
    Head head(statement, options);
    while (head.accept_symbol(';')) {
    }
    if (head.is_at_end()) return Kind::Empty;
    for (const auto& first : kFirstWords) {
        if (head.is(first.word)) return first.kind;
    }
    if (const auto kind = definition_kind(head)) return *kind;
    return transaction_kind(head).value_or(Kind::Unknown);
}

bool has_outline(StatementKind kind) noexcept { return kind <= Kind::DropIndex; }

}  // namespace dm::sql
