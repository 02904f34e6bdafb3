#include "core/config/expression_check.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "core/sql/lexer.h"

namespace dm::config {
namespace {

using sql::Token;
using sql::TokenKind;

/// Deeper nesting is refused: the check is recursive.
constexpr int kMaxDepth = 200;

constexpr auto kReserved = std::to_array<std::string_view>(
    {"AND",   "OR", "XOR",    "NOT",   "IN",    "LIKE", "RLIKE",   "REGEXP", "BETWEEN", "IS",
     "DIV",   "AS", "WHEN",   "THEN",  "ELSE",  "END",  "SELECT",  "FROM",   "WHERE",   "GROUP",
     "ORDER", "BY", "HAVING", "LIMIT", "UNION", "INTO", "COLLATE", "ESCAPE", "USING"});

Error grammar_error(std::string text) { return Error(ErrorCode::ConfigExprFilterGrammar, std::move(text)); }

/// Recursive descent over one expression. Binary operators are one flat level: precedence does not matter for whether a
/// text is an expression, with the exception of BETWEEN's AND, which takes its own operand first.
class ExpressionReader {
  public:
    explicit ExpressionReader(std::string_view text) : text_(text), lexer_(text, {}), token_(lexer_.next()) {}

    void read_whole() {
        read_expression();
        if (!is_end()) fail("unexpected");
    }

  private:
    class Depth {
      public:
        explicit Depth(int& depth) : depth_(depth) {
            if (++depth_ > kMaxDepth) throw grammar_error("it is nested too deeply");
        }
        Depth(const Depth&) = delete;
        Depth& operator=(const Depth&) = delete;
        ~Depth() { --depth_; }

      private:
        int& depth_;
    };

    [[nodiscard]] bool is_end() const { return token_.kind == TokenKind::End; }
    [[nodiscard]] std::string_view here() const { return text_.substr(token_.span.begin, token_.span.size()); }
    [[nodiscard]] bool is(std::string_view word) const {
        return token_.kind == TokenKind::Word && sql::equal_ignoring_case(here(), word);
    }
    [[nodiscard]] bool is_sign(char sign) const { return token_.kind == TokenKind::Symbol && here().front() == sign; }
    [[nodiscard]] bool is_reserved() const {
        return token_.kind == TokenKind::Word && std::ranges::any_of(kReserved, [&](auto word) { return is(word); });
    }
    void advance() { token_ = lexer_.next(); }
    bool take(std::string_view word) { return is(word) && (advance(), true); }
    bool take_sign(char sign) { return is_sign(sign) && (advance(), true); }
    void expect(std::string_view word) {
        if (!take(word)) fail(fmt::format("{} expected before", word));
    }
    void expect_sign(char sign) {
        if (!take_sign(sign)) fail(fmt::format("'{}' expected before", sign));
    }
    [[noreturn]] void fail(std::string_view what) const {
        if (is_end())
            throw grammar_error(fmt::format("{} the end", what == "unexpected" ? "something is missing at" : what));
        throw grammar_error(fmt::format("{} '{}' at {}", what, here(), sql::place_of(text_, token_.span.begin)));
    }

    void read_expression() {
        const Depth depth(depth_);
        read_operand();
        while (take_operator()) read_operand();
    }

    /// One binary operator; those that bring their own operands are read whole, so that another operator may follow.
    bool take_operator() {
        for (;;) {
            if (take("IS")) {
                take("NOT");
                if (!take("NULL") && !take("TRUE") && !take("FALSE") && !take("UNKNOWN")) fail("NULL expected before");
            } else if (is("NOT") || is("IN") || is("BETWEEN")) {
                take("NOT");
                if (take("IN")) {
                    read_list();
                } else if (take("BETWEEN")) {
                    read_between();
                } else {
                    return take_pattern_operator() || (fail("IN, BETWEEN or LIKE expected before"), false);
                }
            } else if (take("COLLATE")) {
                advance();
            } else if (take("ESCAPE")) {
                read_operand();
            } else {
                return take_pattern_operator() || take_word_operator() || take_sign_operator();
            }
        }
    }
    bool take_pattern_operator() { return take("LIKE") || take("RLIKE") || take("REGEXP"); }
    bool take_word_operator() { return take("AND") || take("OR") || take("XOR") || take("DIV") || take("MOD"); }

    bool take_sign_operator() {
        constexpr auto kOperators =
            std::to_array<std::string_view>({"<=>", "->>", "<=", ">=", "<>", "!=", "<<", ">>", "||", "&&", "->",
                                             "=",   "<",   ">",  "+",  "-",  "*",  "/",  "%",  "|",  "&",  "^"});
        const std::string_view rest = text_.substr(token_.span.begin);
        if (token_.kind != TokenKind::Symbol) return false;
        const auto found = std::ranges::find_if(kOperators, [&](auto sign) { return rest.starts_with(sign); });
        if (found == kOperators.end()) return false;
        for (std::size_t i = 0; i < found->size(); ++i) advance();
        return true;
    }

    void read_between() {
        read_operand();
        while (!is("AND") && (take_word_operator() || take_sign_operator())) read_operand();
        expect("AND");
        read_operand();
    }

    void read_operand() {
        const Depth depth(depth_);
        if (take_sign('-') || take_sign('+') || take_sign('~') || take_sign('!') || take("NOT") || take("BINARY")) {
            read_operand();
        } else if (is_sign('(')) {
            read_list();
        } else if (take("CASE")) {
            read_case();
        } else if (take("INTERVAL")) {
            read_expression();
            if (token_.kind != TokenKind::Word) fail("a unit of time expected before");
            advance();
        } else if (is("CAST") || is("CONVERT")) {
            read_conversion();
        } else if (token_.kind == TokenKind::Word || token_.kind == TokenKind::QuotedName) {
            read_name();
        } else {
            read_literal();
        }
    }

    void read_literal() {
        if (token_.kind == TokenKind::String) {
            while (token_.kind == TokenKind::String) advance();
            return;
        }
        const bool is_literal =
            token_.kind == TokenKind::Number || token_.kind == TokenKind::Binary || token_.kind == TokenKind::Variable;
        if (!is_literal) fail("unexpected");
        advance();
    }

    /// A column, a function call, or a word before a literal: DATE '2024-01-01', _utf8mb4 'x'.
    void read_name() {
        if (is_reserved()) fail("unexpected");
        advance();
        while (take_sign('.')) {
            if (token_.kind != TokenKind::Word && token_.kind != TokenKind::QuotedName) fail("a name expected before");
            advance();
        }
        if (token_.kind == TokenKind::String) return read_literal();
        if (!is_sign('(')) return;
        advance();
        if (take_sign(')')) return;
        if (is_sign('*')) {
            advance();
        } else {
            read_list_items();
        }
        expect_sign(')');
    }

    void read_list() {
        expect_sign('(');
        read_list_items();
        expect_sign(')');
    }
    void read_list_items() {
        do read_expression();
        while (take_sign(','));
    }

    void read_case() {
        if (!is("WHEN")) read_expression();
        do {
            expect("WHEN");
            read_expression();
            expect("THEN");
            read_expression();
        } while (is("WHEN"));
        if (take("ELSE")) read_expression();
        expect("END");
    }

    /// CAST(x AS type), CONVERT(x, type), CONVERT(x USING charset).
    void read_conversion() {
        const bool is_cast = is("CAST");
        advance();
        expect_sign('(');
        read_expression();
        if (is_cast) {
            expect("AS");
        } else if (!take("USING") && !take_sign(',')) {
            fail("USING expected before");
        }
        while (token_.kind == TokenKind::Word) advance();
        if (is_sign('(')) read_list();
        while (token_.kind == TokenKind::Word) advance();
        expect_sign(')');
    }

    std::string_view text_;
    sql::Lexer lexer_;
    Token token_;
    int depth_ = 0;
};

}  // namespace

std::optional<std::string> expression_problem(std::string_view text) {
    try {
        ExpressionReader(text).read_whole();
        return std::nullopt;
    } catch (const Error& error) {
        return error.message();
    }
}

}  // namespace dm::config
