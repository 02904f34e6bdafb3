#include <array>
#include <charconv>

#include "core/sql/definition_parser.h"

namespace dm::sql {

namespace {

/// Types of several words; longer ones first.
struct LongName {
    std::array<std::string_view, 3> words;
};

constexpr std::array kLongNames = {
    LongName{{"NATIONAL", "CHARACTER", "VARYING"}},
    LongName{{"NATIONAL", "CHAR", "VARYING"}},
    LongName{{"NATIONAL", "CHARACTER", ""}},
    LongName{{"NATIONAL", "CHAR", ""}},
    LongName{{"NATIONAL", "VARCHARACTER", ""}},
    LongName{{"NATIONAL", "VARCHAR", ""}},
    LongName{{"NCHAR", "VARCHAR", ""}},
    LongName{{"NCHAR", "VARCHARACTER", ""}},
    LongName{{"NCHAR", "VARYING", ""}},
    LongName{{"CHARACTER", "VARYING", ""}},
    LongName{{"CHAR", "VARYING", ""}},
    LongName{{"DOUBLE", "PRECISION", ""}},
    LongName{{"LONG", "CHARACTER", "VARYING"}},
    LongName{{"LONG", "CHAR", "VARYING"}},
    LongName{{"LONG", "VARCHAR", ""}},
    LongName{{"LONG", "VARCHARACTER", ""}},
    LongName{{"LONG", "VARBINARY", ""}},
};

std::string parse_type_name(TokenStream& tokens) {
    if (tokens.peek().kind != TokenKind::Word) tokens.fail("a column type");
    // MARIADB_SCHEMA.DATE names MariaDB's own type where sql_mode ORACLE would change it.
    if (tokens.is_any_word({"MARIADB_SCHEMA", "ORACLE_SCHEMA", "MAXDB_SCHEMA"}) && tokens.is_symbol('.', 1)) {
        const std::string prefix = to_lower(tokens.text(tokens.take()));
        tokens.take();
        const std::string name = parse_type_name(tokens);
        return prefix == "mariadb_schema" ? prefix + "." + name : name;
    }
    for (const auto& long_name : kLongNames) {
        const bool is_two = long_name.words[2].empty();
        const bool matches = is_two ? tokens.accept({long_name.words[0], long_name.words[1]})
                                    : tokens.accept({long_name.words[0], long_name.words[1], long_name.words[2]});
        if (!matches) continue;
        std::string name = to_lower(long_name.words[0]) + " " + to_lower(long_name.words[1]);
        return is_two ? name : name + " " + to_lower(long_name.words[2]);
    }
    return to_lower(tokens.text(tokens.take()));
}

/// Members of ENUM and SET: strings, or hexadecimal literals that stand for their bytes.
std::string parse_element(TokenStream& tokens) {
    const Token token = tokens.peek();
    if (token.kind == TokenKind::Word && tokens.text(token).front() == '_' &&
        tokens.peek(1).kind == TokenKind::String) {
        tokens.take();
        return parse_element(tokens);
    }
    if (token.kind == TokenKind::Binary) {
        std::string_view digits = tokens.text(tokens.take());
        digits.remove_prefix(2);
        if (digits.ends_with('\'')) digits.remove_suffix(1);
        std::string bytes;
        for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
            int byte = 0;
            std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
            bytes += static_cast<char>(byte);
        }
        return bytes;
    }
    if (token.kind != TokenKind::String) tokens.fail("a string");
    std::string value = string_value(tokens.text(), tokens.take(), tokens.options().sql_mode);
    // Trailing blanks of members are cut by the server.
    while (value.ends_with(' ')) value.pop_back();
    return value;
}

void parse_arguments(TokenStream& tokens, TypeSpec& type) {
    if (!tokens.accept_symbol('(')) return;
    if (type.name == "enum" || type.name == "set") {
        do {
            type.elements.push_back(parse_element(tokens));
        } while (tokens.accept_symbol(','));
    } else {
        type.length = parse_number(tokens);
        if (tokens.accept_symbol(',')) type.decimals = parse_number(tokens);
        if (!tokens.accept("CHAR")) tokens.accept("BYTE");  // VARCHAR2(10 CHAR)
    }
    tokens.expect_symbol(')');
}

/// One attribute of the type; false if none comes next.
bool parse_type_attribute(TokenStream& tokens, TypeSpec& type) {
    if (tokens.accept("UNSIGNED")) {
        type.is_unsigned = true;
    } else if (tokens.accept("SIGNED")) {
        type.is_unsigned = false;
    } else if (tokens.accept("ZEROFILL")) {
        type.is_zerofill = true;
        type.is_unsigned = true;
    } else if (tokens.accept("BINARY")) {
        type.has_binary_attribute = true;
    } else if (tokens.accept("ASCII")) {
        type.charset = "latin1";
    } else if (tokens.accept("UNICODE")) {
        type.charset = "ucs2";
    } else if (tokens.accept("BYTE")) {
        type.charset = "binary";
    } else if (tokens.accept({"CHARACTER", "SET"}) || tokens.accept({"CHAR", "SET"}) || tokens.accept("CHARSET")) {
        type.charset = parse_name_or_string(tokens, "a charset");
    } else if (tokens.accept("COLLATE")) {
        type.collation = parse_name_or_string(tokens, "a collation");
    } else if (tokens.accept("COMPRESSED")) {
        if (tokens.accept_symbol('=')) tokens.take();
    } else if (tokens.accept({"REF_SYSTEM_ID"})) {
        tokens.accept_symbol('=');
        tokens.take();
    } else {
        return false;
    }
    return true;
}

}  // namespace

TypeSpec parse_type(TokenStream& tokens) {
    TypeSpec type;
    type.name = parse_type_name(tokens);
    parse_arguments(tokens, type);
    while (parse_type_attribute(tokens, type)) {
    }
    return type;
}

std::string parse_name_or_string(TokenStream& tokens, std::string_view what) {
    if (tokens.peek().kind == TokenKind::String) {
        return string_value(tokens.text(), tokens.take(), tokens.options().sql_mode);
    }
    return tokens.take_name(what);
}

std::uint64_t parse_number(TokenStream& tokens) {
    const std::string_view digits = tokens.text(tokens.peek());
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size())
        tokens.fail("a number");
    tokens.take();
    return number;
}

model::TableName parse_table_name(TokenStream& tokens, const std::string& default_schema) {
    if (tokens.accept_symbol('.')) return {default_schema, tokens.take_name("a table name")};
    std::string first = tokens.take_name("a table name");
    if (tokens.accept_symbol('.')) return {std::move(first), tokens.take_name("a table name")};
    return {default_schema, std::move(first)};
}

}  // namespace dm::sql
