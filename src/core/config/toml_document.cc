#include <algorithm>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "core/config/document.h"

namespace dm::config {
namespace {

int line_of(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

template <typename T>
std::string streamed(const T& value) {
    std::ostringstream out;
    out << value;
    return out.str();
}

Node from_toml(const toml::node& value);

Node from_table(const toml::table& table) {
    Node node;
    node.kind = Node::Kind::Map;
    for (const auto& [key, item] : table) node.fields.emplace_back(std::string(key.str()), from_toml(item));
    std::ranges::stable_sort(node.fields, {}, [](const auto& field) { return field.second.line; });
    return node;
}

Node from_toml(const toml::node& value) {
    Node node;
    if (const auto* table = value.as_table()) {
        node = from_table(*table);
    } else if (const auto* array = value.as_array()) {
        node.kind = Node::Kind::List;
        for (const auto& item : *array) node.items.push_back(from_toml(item));
    } else if (const auto* text = value.as_string()) {
        node.kind = Node::Kind::Text;
        node.text = text->get();
    } else if (const auto* truth = value.as_boolean()) {
        node.kind = Node::Kind::Bool;
        node.text = truth->get() ? "true" : "false";
    } else if (const auto* integer = value.as_integer()) {
        node.kind = Node::Kind::Number;
        node.text = fmt::format("{}", integer->get());
    } else if (const auto* real = value.as_floating_point()) {
        node.kind = Node::Kind::Number;
        node.text = fmt::format("{}", real->get());
    } else if (const auto* date = value.as_date()) {
        node.kind = Node::Kind::Number;
        node.text = streamed(date->get());
    } else if (const auto* time = value.as_time()) {
        node.kind = Node::Kind::Number;
        node.text = streamed(time->get());
    } else if (const auto* moment = value.as_date_time()) {
        node.kind = Node::Kind::Number;
        node.text = streamed(moment->get());
    }
    node.line = line_of(value);
    return node;
}

std::string toml_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') {
            out += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string toml_key(std::string_view key) {
    const auto is_bare = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return !key.empty() && std::ranges::all_of(key, is_bare) ? std::string(key) : toml_text(key);
}

bool is_table_list(const Node& node) {
    return node.kind == Node::Kind::List && !node.items.empty() && node.items.front().kind == Node::Kind::Map;
}

std::string inline_value(const Node& node) {
    if (node.kind != Node::Kind::List) return node.kind == Node::Kind::Text ? toml_text(node.text) : node.text;
    std::string out = "[";
    for (const Node& item : node.items) out += (out.size() > 1 ? ", " : "") + inline_value(item);
    return out + ']';
}

void print_table(std::string& out, const Node& map, const std::string& path) {
    for (const auto& [key, value] : map.fields) {
        if (value.is_null() || value.kind == Node::Kind::Map || is_table_list(value)) continue;
        out += toml_key(key) + " = " + inline_value(value) + '\n';
    }
    for (const auto& [key, value] : map.fields) {
        const std::string name = path.empty() ? toml_key(key) : path + '.' + toml_key(key);
        if (value.kind == Node::Kind::Map) {
            out += "\n[" + name + "]\n";
            print_table(out, value, name);
        } else if (is_table_list(value)) {
            for (const Node& item : value.items) {
                out += "\n[[" + name + "]]\n";
                print_table(out, item, name);
            }
        }
    }
}

}  // namespace

Node parse_toml(std::string_view text, const DocumentOrigin& origin) {
    check_text(text, origin);
    try {
        const toml::table table = toml::parse(text);
        return from_table(table);
    } catch (const toml::parse_error& reason) {
        throw syntax_error(origin, static_cast<int>(reason.source().begin.line), reason.description());
    }
}

std::string print_toml(const Node& map) {
    std::string out;
    print_table(out, map, {});
    return out;
}

}  // namespace dm::config
