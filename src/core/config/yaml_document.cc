#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <sstream>
#include <unordered_set>

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "core/config/document.h"

namespace dm::config {
namespace {

/// Nodes one document may have with its aliases expanded: far above any real file, far below what a bomb makes.
constexpr std::size_t kMaxWeight = 500'000;

/// Receives yaml-cpp's events and builds the tree.
class TreeBuilder final : public YAML::EventHandler {
  public:
    explicit TreeBuilder(const DocumentOrigin& origin) : origin_(origin) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        document_line_ = mark.line + 1;
        has_document_ = true;
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        add(scalar(Node::Kind::Null, mark, {}), anchor, 1);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) fail(mark, "an alias stands inside what it refers to");
        add(found->second, 0, found->second.weight);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        const bool is_plain = tag == "?" || (tag != "!" && tag != "tag:yaml.org,2002:str");
        add(scalar(is_plain ? Node::Kind::Plain : Node::Kind::Text, mark, value), anchor, 1);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(Node::Kind::List, mark, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(Node::Kind::Map, mark, anchor);
    }
    void OnMapEnd() override { close(); }

    [[nodiscard]] bool has_document() const noexcept { return has_document_; }
    [[nodiscard]] int document_line() const noexcept { return document_line_; }
    [[nodiscard]] Node take() noexcept { return std::move(root_); }

  private:
    struct OpenNode {
        Node node;
        YAML::anchor_t anchor = 0;
        std::string key;
        bool has_key = false;
        std::unordered_set<std::string> keys;
        std::vector<Node> merges;
    };

    [[noreturn]] void fail(const YAML::Mark& mark, std::string_view text) const {
        throw syntax_error(origin_, mark.line + 1, text);
    }

    static Node scalar(Node::Kind kind, const YAML::Mark& mark, const std::string& value) {
        Node node;
        node.kind = kind;
        node.text = value;
        node.line = mark.line + 1;
        node.weight = 1 + value.size() / 64;
        return node;
    }

    void open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
        OpenNode next;
        next.node.kind = kind;
        next.node.line = mark.line + 1;
        next.anchor = anchor;
        open_.push_back(std::move(next));
    }

    void close() {
        OpenNode done = std::move(open_.back());
        open_.pop_back();
        for (const Node& source : done.merges) merge(done, source);
        add(std::move(done.node), done.anchor, 1);
    }

    /// Adds the fields that the map does not have itself; of several merged maps the first wins.
    void merge(OpenNode& map, const Node& source) const {
        if (source.kind == Node::Kind::List) {
            for (const Node& item : source.items) {
                if (item.kind != Node::Kind::Map) throw syntax_error(origin_, map.node.line, "`<<` takes maps");
                merge(map, item);
            }
            return;
        }
        if (source.kind != Node::Kind::Map)
            throw syntax_error(origin_, map.node.line, "`<<` takes a map or a list of maps");
        for (const auto& [key, value] : source.fields) {
            if (!map.keys.insert(key).second) continue;
            map.node.weight += value.weight;
            map.node.fields.emplace_back(key, value);
        }
    }

    /// `cost` counts against the limit; so does the copy that an anchor keeps.
    void add(Node node, YAML::anchor_t anchor, std::size_t cost) {
        total_ += cost + (anchor == 0 ? 0 : node.weight);
        if (total_ > kMaxWeight || node.weight > kMaxWeight) {
            throw syntax_error(origin_, node.line, "the document is too large with its aliases expanded");
        }
        if (anchor != 0) anchors_[anchor] = node;
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        OpenNode& parent = open_.back();
        parent.node.weight += node.weight;
        if (parent.node.kind == Node::Kind::List) {
            parent.node.items.push_back(std::move(node));
        } else if (!parent.has_key) {
            set_key(parent, node);
        } else {
            set_value(parent, std::move(node));
        }
    }

    void set_key(OpenNode& parent, const Node& node) const {
        if (!node.is_scalar()) throw syntax_error(origin_, node.line, "a key must be a word");
        parent.key = node.text;
        parent.has_key = true;
        key_line_ = node.line;
    }

    void set_value(OpenNode& parent, Node node) const {
        parent.has_key = false;
        if (parent.key == "<<") {
            parent.merges.push_back(std::move(node));
            return;
        }
        if (!parent.keys.insert(parent.key).second) {
            throw syntax_error(origin_, key_line_, fmt::format("key '{}' is already set", parent.key));
        }
        if (node.is_null()) node.line = key_line_;
        parent.node.fields.emplace_back(std::move(parent.key), std::move(node));
    }

    const DocumentOrigin& origin_;
    std::vector<OpenNode> open_;
    std::map<YAML::anchor_t, Node> anchors_;
    Node root_;
    std::size_t total_ = 0;
    mutable int key_line_ = 0;
    int document_line_ = 0;
    bool has_document_ = false;
};

bool has_document_marker(std::string_view text) {
    return text.find("\n---") != std::string_view::npos || text.find("\n...") != std::string_view::npos ||
           text.starts_with("---") || text.starts_with("%");
}

bool is_number_like(std::string_view text) {
    const bool is_address = std::ranges::count(text, '.') > 1 && text.find(':') == std::string_view::npos;
    if (is_address) return false;
    const bool has_digit = std::ranges::any_of(text, [](char c) { return c >= '0' && c <= '9'; });
    constexpr std::string_view kNumberLetters = "0123456789abcdefABCDEFxXoO_+-.:TZtz ";
    return has_digit &&
           (std::isdigit(static_cast<unsigned char>(text[0])) != 0 || text[0] == '+' || text[0] == '-' ||
            text[0] == '.') &&
           text.find_first_not_of(kNumberLetters) == std::string_view::npos;
}

bool is_reserved_word(std::string_view text) {
    constexpr auto kWords = std::to_array<std::string_view>({"y", "yes", "on", "true", "n", "no", "off", "false",
                                                             "null", "~", ".nan", ".inf", "-.inf", "+.inf", "<<", "="});
    std::string lower(text);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return std::ranges::find(kWords, lower) != kWords.end();
}

bool is_plain_safe(std::string_view text) {
    if (text.empty() || is_reserved_word(text) || is_number_like(text)) return false;
    constexpr std::string_view kNotFirst = "-?:,[]{}#&*!|>'\"%@` \t~<=";
    if (kNotFirst.find(text.front()) != std::string_view::npos || text.back() == ' ' || text.back() == ':')
        return false;
    const auto is_bad = [](char c) {
        return static_cast<unsigned char>(c) < ' ' || c == '\x7F' ||
               std::string_view(",[]{}\"'").find(c) != std::string_view::npos;
    };
    if (std::ranges::any_of(text, is_bad) || text.starts_with("...")) return false;
    return text.find(": ") == std::string_view::npos && text.find(" #") == std::string_view::npos;
}

std::string double_quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '\r') {
            out += "\\r";
        } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') {
            out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string yaml_text(std::string_view text) {
    if (text.empty()) return "\"\"";
    if (is_plain_safe(text)) return std::string(text);
    if (is_reserved_word(text) || is_number_like(text)) return double_quoted(text);
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; };
    if (std::ranges::any_of(text, is_control)) return double_quoted(text);
    std::string out = "'";
    for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
    return out + '\'';
}

void print_value(std::string& out, const Node& node, std::size_t indent);

/// Prints the fields of a map; `first_indent` is what stands before the first one already.
void print_fields(std::string& out, const Node& map, std::size_t indent, bool is_after_dash) {
    for (std::size_t i = 0; i < map.fields.size(); ++i) {
        if (i > 0 || !is_after_dash) out.append(indent, ' ');
        out += yaml_text(map.fields[i].first) + ':';
        print_value(out, map.fields[i].second, indent);
    }
}

void print_items(std::string& out, const Node& list, std::size_t indent) {
    for (const Node& item : list.items) {
        out.append(indent, ' ');
        out += '-';
        if (item.kind == Node::Kind::Map && !item.fields.empty()) {
            out += ' ';
            print_fields(out, item, indent + 2, true);
        } else {
            print_value(out, item, indent + 2);
        }
    }
}

void print_value(std::string& out, const Node& node, std::size_t indent) {
    switch (node.kind) {
        case Node::Kind::Null:
            out += " null\n";
            return;
        case Node::Kind::Text:
            out += ' ' + yaml_text(node.text) + '\n';
            return;
        case Node::Kind::Plain:
        case Node::Kind::Bool:
        case Node::Kind::Number:
        case Node::Kind::Real:
            out += ' ' + node.text + '\n';
            return;
        case Node::Kind::List:
            out += node.items.empty() ? " []\n" : "\n";
            print_items(out, node, indent);
            return;
        case Node::Kind::Map:
            out += node.fields.empty() ? " {}\n" : "\n";
            print_fields(out, node, indent + 2, false);
            return;
    }
}

}  // namespace

Node parse_yaml(std::string_view text, const DocumentOrigin& origin) {
    check_text(text, origin);
    std::istringstream stream{std::string(text)};
    try {
        YAML::Parser parser(stream);
        TreeBuilder first(origin);
        parser.HandleNextDocument(first);
        if (!has_document_marker(text)) {
            TreeBuilder rest(origin);
            parser.HandleNextDocument(rest);
            if (rest.has_document())
                throw syntax_error(origin, rest.document_line(), "this does not belong to what stands above");
        }
        return first.take();
    } catch (const YAML::DeepRecursion& reason) {
        throw syntax_error(origin, reason.mark.line + 1, "lists and maps are nested too deeply");
    } catch (const YAML::Exception& reason) {
        throw syntax_error(origin, reason.mark.is_null() ? 0 : reason.mark.line + 1, reason.msg);
    }
}

std::string print_yaml(const Node& map) {
    std::string out;
    print_fields(out, map, 0, false);
    return out;
}

}  // namespace dm::config
