#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace dm::config {

struct NodeField;

/// A configuration text as a tree, the same for YAML and TOML: what the structs of this room are read from and printed
/// through. A plain value. Maps keep the order of their keys and hold each key once.
struct Node {
    enum class Kind : std::uint8_t {
        Null,
        Plain,   ///< YAML scalar without quotes: its reader decides whether it is a number, a truth value or text
        Text,    ///< quoted, or a TOML string
        Bool,    ///< TOML only: "true" or "false"
        Number,  ///< TOML only: integer or float
        Real,    ///< printed only: a float, which TOML writes with a point
        List,
        Map,
    };
    Kind kind = Kind::Null;
    std::string text;  ///< of scalars
    std::vector<Node> items;
    std::vector<NodeField> fields;
    int line = 0;            ///< where it begins, from 1
    std::size_t weight = 1;  ///< size of the tree below, as counted against the limit of aliases

    [[nodiscard]] bool is_null() const noexcept { return kind == Kind::Null; }
    [[nodiscard]] bool is_scalar() const noexcept { return kind >= Kind::Plain && kind <= Kind::Real; }
    /// The value of a key, which lives as long as this node stays unchanged; null pointer if absent.
    [[nodiscard]] const Node* find(std::string_view key) const noexcept;
};

/// A key of a map and its value.
struct NodeField {
    std::string first;
    Node second;
};

/// Where a text comes from and which code its syntax errors have.
struct DocumentOrigin {
    std::string file_name;
    ErrorCode syntax = ErrorCode::ConfigYaml;
};

/// "task.yaml:12: text" as an Error of the origin's code.
[[nodiscard]] Error syntax_error(const DocumentOrigin& origin, int line, std::string_view text);

/// Throws syntax_error if the text is too long, not UTF-8 or holds control characters.
void check_text(std::string_view text, const DocumentOrigin& origin);

/// The first document of the text; an empty text is Null. Aliases are expanded up to a limit, merge keys (`<<`)
/// resolved, duplicate keys refused. Throws syntax_error.
[[nodiscard]] Node parse_yaml(std::string_view text, const DocumentOrigin& origin);
[[nodiscard]] Node parse_toml(std::string_view text, const DocumentOrigin& origin);

/// Block style with the list dash under its key's first letter. Text is quoted where it would read as something else.
[[nodiscard]] std::string print_yaml(const Node& map);
/// Scalars first, then tables, indented by their depth. Null is left out.
[[nodiscard]] std::string print_toml(const Node& map);

}  // namespace dm::config
