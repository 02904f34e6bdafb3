#include "core/config/field_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/config/go_text.h"
#include "core/config/secret.h"
#include "core/rules/nearest_name.h"

namespace dm::config {
namespace {

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c + ('a' - 'A')) : c;
    return lower;
}

}  // namespace

FieldReader::FieldReader(ReadContext& context, const Node& map, std::string path)
    : context_(context), map_(map), path_(std::move(path)) {
    if (!map.is_null()) expect(context, map, Node::Kind::Map, path_);
}

void FieldReader::expect(const ReadContext& context, const Node& node, Node::Kind kind, std::string_view path) {
    if (node.kind == kind) return;
    const std::string place = path.empty() ? "the file" : fmt::format("`{}`", path);
    throw syntax_error(context.origin, node.line,
                       fmt::format("{} takes {}, not {}", place,
                                   kind == Node::Kind::Map ? "a map of keys and values" : "a list", kind_name(node)));
}

const Node* FieldReader::look_up(std::string_view key) const {
    const Node* node = map_.find(key);
    if (node != nullptr || !context_.ignores_key_case) return node;
    for (const auto& [name, value] : map_.fields) {
        if (lower_case(name) == key) return &value;
    }
    return nullptr;
}

const Node* FieldReader::take(std::string_view key) {
    known_.push_back(key);
    return look_up(key);
}

std::string FieldReader::path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

std::string FieldReader::deprecation(std::string_view key, const Node& node, std::string_view advice) const {
    return fmt::format("{}:{}: `{}` is deprecated: it {}", context_.origin.file_name, node.line, path_of(key), advice);
}

void FieldReader::add_problem(ErrorCode code, std::string_view key, const Node& node, std::string_view text,
                              std::string_view known) {
    const std::string message = fmt::format("`{}` is '{}'; it takes {}", path_of(key), text, known);
    context_.problems.push_back(
        {.code = code, .path = path_of(key), .message = syntax_error(context_.origin, node.line, message).message()});
}

bool FieldReader::is_same_word(std::string_view a, std::string_view b, bool ignores_case) {
    return ignores_case ? lower_case(a) == lower_case(b) : a == b;
}

void FieldReader::ignored(std::string_view key, std::string_view advice) {
    const Node* node = take(key);
    const bool is_empty =
        node == nullptr || node->is_null() || (!node->is_scalar() && node->fields.empty() && node->items.empty());
    if (!is_empty) context_.warn(deprecation(key, *node, advice));
}

void FieldReader::password(std::string_view key, std::string& value) {
    (*this)(key, value);
    if (context_.key == nullptr) return;
    try {
        value = context_.key->decrypt_or_plain(value);
    } catch (const Error& error) {
        const Node* node = look_up(key);
        throw error.with_context(fmt::format("{}:{}: `{}`", context_.origin.file_name,
                                             node == nullptr ? map_.line : node->line, path_of(key)));
    }
}

void FieldReader::bytes(std::string_view key, std::string& value) {
    std::vector<std::uint8_t> list;
    const Node* node = take(key);
    if (node == nullptr) return;
    read(*node, list, path_of(key));
    value.assign(list.begin(), list.end());
}

void FieldReader::byte_size(std::string_view key, std::uint64_t& value) {
    if (const Node* node = take(key)) value = ScalarReader(context_, *node, path_of(key)).byte_size();
}

void FieldReader::duration(std::string_view key, std::chrono::nanoseconds& value, ErrorCode code,
                           std::chrono::nanoseconds if_empty) {
    const Node* node = take(key);
    if (node == nullptr) return;
    const std::string text = ScalarReader(context_, *node, path_of(key)).text();
    const auto parsed = parse_duration(text);
    if (text.empty()) {
        value = if_empty;
    } else if (parsed && *parsed >= std::chrono::nanoseconds{0}) {
        value = *parsed;
    } else {
        add_problem(code, key, *node, text, "a duration such as 60s or 1h30m");
    }
}

void FieldReader::problem(ErrorCode code, std::string_view key, std::string_view reason) {
    const Node* node = look_up(key);
    const std::string message = fmt::format("`{}`: {}", path_of(key), reason);
    const int line = node == nullptr ? map_.line : node->line;
    context_.problems.push_back(
        {.code = code, .path = path_of(key), .message = syntax_error(context_.origin, line, message).message()});
}

void FieldReader::former_choice(std::string_view key, std::initializer_list<std::string_view> names,
                                std::string_view now) {
    const Node* node = look_up(key);
    if (node == nullptr || !node->is_scalar() || std::ranges::find(names, lower_case(node->text)) == names.end())
        return;
    context_.warn(fmt::format("{}:{}: `{}: {}` is deprecated: it is now called `{}`", context_.origin.file_name,
                              node->line, path_of(key), node->text, now));
}

std::string_view FieldReader::written(std::string_view key) const {
    const Node* node = look_up(key);
    return node == nullptr ? std::string_view() : std::string_view(node->text);
}

void FieldReader::finish() {
    for (const auto& [key, value] : map_.fields) {
        const std::string name = context_.ignores_key_case ? lower_case(key) : key;
        if (std::ranges::find(known_, key) != known_.end() || std::ranges::find(known_, name) != known_.end()) continue;
        const auto nearest = rules::nearest_name(name, known_);
        context_.unknown.push_back(fmt::format("{}:{}: unknown key `{}`{}", context_.origin.file_name, value.line,
                                               path_of(key),
                                               nearest ? fmt::format(", did you mean `{}`?", *nearest) : ""));
    }
}

}  // namespace dm::config
