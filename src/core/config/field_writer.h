#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include "core/config/document.h"
#include "core/config/field_reader.h"
#include "core/config/go_text.h"
#include "core/config/read_options.h"
#include "core/config/secret.h"

namespace dm::config {

[[nodiscard]] inline Node text_node(std::string_view text) {
    Node node;
    node.kind = Node::Kind::Text;
    node.text = text;
    return node;
}

[[nodiscard]] inline Node word_node(Node::Kind kind, std::string text) {
    Node node;
    node.kind = kind;
    node.text = std::move(text);
    return node;
}

/// Builds the map of a struct's fields: handed to the `describe` function of the struct, in the place of a FieldReader.
class FieldWriter {
  public:
    static constexpr bool kIsReader = false;

    explicit FieldWriter(Redact redact) : redact_(redact) { map_.kind = Node::Kind::Map; }

    template <typename T>
    void operator()(std::string_view key, const T& value) {
        add(key, node_of(value));
    }
    template <typename T>
    void deprecated(std::string_view key, const T& value, std::string_view) {
        add(key, node_of(value));
    }
    /// A key that the original does not know: left out where it says nothing.
    template <typename T>
    void extension(std::string_view key, const T& value, const T& fallback) {
        if (!(value == fallback)) (*this)(key, value);
    }
    void ignored(std::string_view key, std::string_view) { add(key, empty_map()); }
    void elsewhere(std::string_view key) { add(key, empty_map()); }
    template <typename T>
    void former(std::string_view key, const T&, std::string_view) {
        add(key, empty_map());
    }
    template <typename F>
    void group(std::string_view key, const F& fields) {
        FieldWriter inner(redact_);
        fields(inner);
        add(key, inner.take());
    }
    void password(std::string_view key, const std::string& value) {
        add(key, text_node(redact_ == Redact::Yes ? kHiddenPassword : std::string_view(value)));
    }
    void hidden(std::string_view key, const std::string& value) {
        add(key, text_node(redact_ == Redact::Yes && !value.empty() ? kHiddenPassword : std::string_view(value)));
    }
    void bytes(std::string_view key, const std::string& value) {
        const std::string_view shown = redact_ == Redact::Yes ? std::string_view() : std::string_view(value);
        add(key, node_of(std::vector<std::uint8_t>(shown.begin(), shown.end())));
    }
    void byte_size(std::string_view key, std::uint64_t value) { add(key, node_of(value)); }
    void duration(std::string_view key, std::chrono::nanoseconds value, ErrorCode, std::chrono::nanoseconds) {
        add(key, node_of(value));
    }
    template <typename E, std::size_t N>
    void choice(std::string_view key, E value, const std::array<Choice<E>, N>& choices, ChoiceRule) {
        for (const auto& [name, meaning] : choices) {
            if (meaning == value) {
                add(key, text_node(name));
                return;
            }
        }
    }
    [[nodiscard]] Node take() noexcept { return std::move(map_); }

  private:
    void add(std::string_view key, Node node) { map_.fields.emplace_back(std::string(key), std::move(node)); }
    static Node empty_map() {
        Node node;
        node.kind = Node::Kind::Map;
        return node;
    }

    template <typename T>
    Node node_of(const T& value) {
        if constexpr (std::is_same_v<T, std::string>) {
            return text_node(value);
        } else if constexpr (std::is_same_v<T, bool>) {
            return word_node(Node::Kind::Bool, value ? "true" : "false");
        } else if constexpr (std::is_arithmetic_v<T>) {
            return word_node(std::is_floating_point_v<T> ? Node::Kind::Real : Node::Kind::Number,
                             fmt::format("{}", value));
        } else if constexpr (std::is_same_v<T, std::chrono::nanoseconds>) {
            return text_node(duration_text(value));
        } else if constexpr (std::is_same_v<T, std::chrono::seconds> || std::is_same_v<T, std::chrono::hours>) {
            return word_node(Node::Kind::Number, fmt::format("{}", value.count()));
        } else {
            return compound(value);
        }
    }
    template <typename Tag>
    Node compound(const NamedType<std::string, Tag>& value) {
        return text_node(value.str());
    }
    template <typename T>
    Node compound(const std::optional<T>& value) {
        return value ? node_of(*value) : Node{};
    }
    template <typename T>
    Node compound(const std::vector<T>& value) {
        Node list;
        list.kind = Node::Kind::List;
        for (const auto& item : value) list.items.push_back(node_of(item));
        return list;
    }
    template <typename T>
    Node compound(const std::map<std::string, T>& value) {
        Node map = empty_map();
        for (const auto& [key, item] : value) map.fields.emplace_back(key, node_of(item));
        return map;
    }
    template <typename T>
        requires std::is_class_v<T>
    Node compound(const T& value) {
        FieldWriter inner(redact_);
        describe(inner, value);
        return inner.take();
    }

    Redact redact_;
    Node map_;
};

}  // namespace dm::config
