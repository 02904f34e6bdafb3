#include "unit/precheck/grants.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "core/sql/lexer.h"
#include "core/sql/literal.h"

namespace dm::precheck {
namespace {

using sql::Token;
using sql::TokenKind;

/// Matches as LIKE does: `%` any text, `_` one character, a backslash takes the next as it is.
bool is_like(std::string_view text, std::string_view pattern) {
    if (pattern.empty()) return text.empty();
    if (pattern.front() == '%') {
        for (std::size_t skip = 0; skip <= text.size(); ++skip)
            if (is_like(text.substr(skip), pattern.substr(1))) return true;
        return false;
    }
    if (text.empty()) return false;
    const bool is_escaped = pattern.front() == '\\' && pattern.size() > 1;
    if (is_escaped) pattern.remove_prefix(1);
    if (!is_escaped && pattern.front() == '_') return is_like(text.substr(1), pattern.substr(1));
    return pattern.front() == text.front() && is_like(text.substr(1), pattern.substr(1));
}

/// Reads one line of SHOW GRANTS from its first word on.
class GrantLine {
  public:
    explicit GrantLine(std::string_view text) : text_(text), lexer_(text, {}), token_(lexer_.next()) {}

    [[nodiscard]] bool is(std::string_view word) const {
        return token_.kind == TokenKind::Word && sql::equal_ignoring_case(here(), word);
    }
    [[nodiscard]] bool is_symbol(char c) const {
        return token_.kind == TokenKind::Symbol && text_[token_.span.begin] == c;
    }
    [[nodiscard]] bool is_end() const { return token_.kind == TokenKind::End; }
    void advance() { token_ = lexer_.next(); }
    [[nodiscard]] std::string_view here() const {
        return text_.substr(token_.span.begin, token_.span.end - token_.span.begin);
    }
    std::string take_name() {
        std::string name = sql::name_of(text_, token_);
        advance();
        return name;
    }

    /// "SELECT, INSERT (a, b), REPLICATION SLAVE" up to ON or TO: names that hold for whole tables.
    std::vector<std::string> take_privileges() {
        std::vector<std::string> names(1);
        while (!is_end() && !is("ON") && !is("TO") && !is("FROM")) {
            if (is_symbol('(')) {
                while (!is_end() && !is_symbol(')')) advance();
                names.back().clear();
            } else if (is_symbol(',')) {
                names.emplace_back();
            } else {
                if (!names.back().empty() && token_.kind == TokenKind::Word) names.back() += ' ';
                names.back() += here();
            }
            advance();
        }
        std::erase_if(names, [](const std::string& name) { return name.empty(); });
        return names;
    }

  private:
    std::string_view text_;
    sql::Lexer lexer_;
    Token token_;
};

std::string quote_account(std::string_view account) {
    const auto at = account.rfind('@');
    std::string text;
    sql::append_quoted(text, account.substr(0, at));
    if (at == std::string_view::npos) return text;
    text += '@';
    sql::append_quoted(text, account.substr(at + 1));
    return text;
}

Grants grants_from(sql::SqlSession& session, const std::string& statement) {
    Grants grants;
    const auto result = session.query(statement);
    for (const auto& row : result.rows)
        if (!row.empty() && row.front()) grants.add_line(*row.front());
    return grants;
}

void add_lines(Grants& grants, sql::SqlSession& session, const std::string& statement) {
    const auto result = session.query(statement);
    for (const auto& row : result.rows)
        if (!row.empty() && row.front()) grants.add_line(*row.front());
}

/// MySQL 8 and later: USING expands roles and what they contain.
void expand_mysql_roles(sql::SqlSession& session, AccountGrants& grants) {
    const auto using_roles = [&](const std::string& roles) {
        return grants_from(session, "SHOW GRANTS FOR CURRENT_USER() USING " + roles);
    };
    grants.possible = using_roles(fmt::format("{}", fmt::join(grants.effective.roles(), ",")));
    const std::string active = session.query("SELECT CURRENT_ROLE() AS r").text(0, "r");
    if (!active.empty() && active != "NONE") grants.effective = using_roles(active);
}

/// MariaDB: SHOW GRANTS tells of the active role, with what it contains, and of no other; one is active at a time.
void expand_mariadb_roles(sql::SqlSession& session, AccountGrants& grants) {
    grants.possible = grants.effective;
    const auto active = session.query("SELECT CURRENT_ROLE() AS r").text(0, "r");
    for (const auto& role : grants.effective.roles()) {
        session.execute("SET ROLE " + role);
        add_lines(grants.possible, session, "SHOW GRANTS");
    }
    session.execute("SET ROLE " + (active.empty() ? "NONE" : model::quote_identifier(active)));
}

}  // namespace

void Grants::add_privileges(const std::string& schema, const std::string& table, Names names) {
    Names& known = schema == "*" ? global_ : table == "*" ? schemas_[schema] : tables_[{schema, table}];
    known.merge(names);
}

void Grants::add_line(std::string_view text) {
    GrantLine line(text);
    const bool is_revoke = line.is("REVOKE");
    if (line.is("SET")) return;
    ensure(is_revoke || line.is("GRANT"), ErrorCode::ParseSql, fmt::format("not a line of SHOW GRANTS: {}", text));
    line.advance();
    const auto privileges = line.take_privileges();
    if (line.is("TO")) {
        roles_.insert(roles_.end(), privileges.begin(), privileges.end());
        return;
    }
    line.advance();
    if (line.is("TABLE")) line.advance();
    std::string schema = line.take_name();
    if (!line.is_symbol('.')) return;
    line.advance();
    std::string table = line.take_name();
    Names names;
    for (const auto& privilege : privileges) names.insert(sql::to_upper(privilege));
    if (is_revoke) {
        revoked_[schema].merge(names);
    } else {
        add_privileges(schema, table, std::move(names));
    }
}

bool Grants::has_global(const std::vector<std::string>& alternatives) const {
    return std::ranges::any_of(alternatives, [&](const std::string& name) {
        const bool is_revoked =
            std::ranges::any_of(revoked_, [&](const auto& entry) { return entry.second.contains(name); });
        return !is_revoked && (global_.contains("ALL PRIVILEGES") || global_.contains(name));
    });
}

bool Grants::has_on(std::string_view privilege, const model::TableName& table) const {
    const auto has = [&](const Names& names) { return names.contains(privilege) || names.contains("ALL PRIVILEGES"); };
    const auto revoked = revoked_.find(table.schema);
    if (has(global_) && (revoked == revoked_.end() || !has(revoked->second))) return true;
    const auto own = tables_.find(table);
    if (own != tables_.end() && has(own->second)) return true;
    return std::ranges::any_of(
        schemas_, [&](const auto& entry) { return has(entry.second) && is_like(table.schema, entry.first); });
}

AccountGrants read_grants(sql::SqlSession& session) {
    const auto& version = session.version();
    AccountGrants grants;
    grants.is_mariadb = version.flavor == model::Flavor::MariaDb;
    grants.has_binlog_monitor = grants.is_mariadb && version.is_at_least(10, 5);
    grants.is_super_enough = !grants.is_mariadb || !version.is_at_least(11, 0);
    grants.checks_references = !grants.is_mariadb && version.is_at_least(5, 7);
    grants.account = quote_account(session.query("SELECT CURRENT_USER() AS u").text(0, "u"));
    grants.effective = grants_from(session, "SHOW GRANTS");
    if (grants.effective.roles().empty()) {
        grants.possible = grants.effective;
    } else if (grants.is_mariadb) {
        expand_mariadb_roles(session, grants);
    } else {
        expand_mysql_roles(session, grants);
    }
    return grants;
}

}  // namespace dm::precheck
