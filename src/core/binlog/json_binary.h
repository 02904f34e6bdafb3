#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dm::binlog {

/// Deepest nesting accepted; the server's own limit is 100.
constexpr std::size_t kMaxJsonDepth = 128;

/// Appends the text of MySQL's binary JSON to `out`, as the server prints it: "{"a": 1, "b": [true, null]}".
/// No bytes at all are the document null. Throws Error{BinlogMalformed} for anything that is not a document,
/// including nesting deeper than kMaxJsonDepth; `out` then holds a part of the text.
void append_json(std::string_view binary, std::string& out);

/// A document as a tree, for applying differences. Scalars view the binary; containers own their children.
struct JsonNode {
    char type = 0;                  ///< as in the binary
    std::string_view scalar;        ///< bytes of a scalar, starting behind the type
    std::vector<JsonNode> items;    ///< of an array, or values of an object
    std::vector<std::string> keys;  ///< of an object, parallel to items

    [[nodiscard]] bool is_array() const noexcept { return type == 2 || type == 3; }
    [[nodiscard]] bool is_object() const noexcept { return type == 0 || type == 1; }
};

[[nodiscard]] JsonNode parse_json_tree(std::string_view binary);
void append_json(const JsonNode& node, std::string& out);

/// Applies the differences of a partial update (binary form, as in the row image) to the document before and appends
/// the text of the result. Throws Error{BinlogMalformed} if a path leads nowhere.
void append_patched_json(std::string_view before, std::string_view differences, std::string& out);

}  // namespace dm::binlog
