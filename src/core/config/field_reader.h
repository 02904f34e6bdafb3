#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/config/scalar_reader.h"
#include "core/model/names.h"

namespace dm::config {

/// How a word stands for a value of an enum; the first name of a value is the one that is printed.
template <typename E>
struct Choice {
    std::string_view name;
    E value;
};

/// What to do about a choice that is not in the list.
struct ChoiceRule {
    ErrorCode code;
    bool ignores_case = false;
};

/// Reads the fields of one map into a struct: handed to the `describe` function of the struct. Fields that are not
/// there keep their value. Lives no longer than context and map. Call `finish` after the last field.
class FieldReader {
  public:
    static constexpr bool kIsReader = true;

    FieldReader(ReadContext& context, const Node& map, std::string path);

    template <typename T>
    void operator()(std::string_view key, T& value) {
        if (const Node* node = take(key)) read(*node, value, path_of(key));
    }
    /// As above; a value other than the present one warns that the key `advice`, for example "has no effect".
    template <typename T>
    void deprecated(std::string_view key, T& value, std::string_view advice) {
        const Node* node = take(key);
        if (node == nullptr) return;
        const T before = value;
        read(*node, value, path_of(key));
        if (!(value == before)) context_.warn(deprecation(key, *node, advice));
    }
    /// A key that the original does not know.
    template <typename T>
    void extension(std::string_view key, T& value, const T&) {
        (*this)(key, value);
    }
    /// A key whose content is read no further.
    void ignored(std::string_view key, std::string_view advice);
    /// A key whose content is looked at elsewhere.
    void elsewhere(std::string_view key) { (void)take(key); }
    /// A map that another key replaces if that one has entries; never printed.
    template <typename T>
    void former(std::string_view key, T& value, std::string_view now) {
        deprecated(key, value, now);
    }
    /// A map with names of its own whose fields belong to the same struct.
    template <typename F>
    void group(std::string_view key, const F& fields) {
        const Node* node = take(key);
        if (node == nullptr || node->is_null()) return;
        FieldReader inner(context_, *node, path_of(key));
        fields(inner);
        inner.finish();
    }
    void password(std::string_view key, std::string& value);
    /// Key material in base64: a secret like a password, never encrypted.
    void hidden(std::string_view key, std::string& value) { (*this)(key, value); }
    /// Bytes as a list of integers.
    void bytes(std::string_view key, std::string& value);
    void byte_size(std::string_view key, std::uint64_t& value);
    /// A duration whose defects are a problem with `code`; an empty text becomes `if_empty`.
    void duration(std::string_view key, std::chrono::nanoseconds& value, ErrorCode code,
                  std::chrono::nanoseconds if_empty);
    template <typename E, std::size_t N>
    void choice(std::string_view key, E& value, const std::array<Choice<E>, N>& choices, ChoiceRule rule) {
        const Node* node = take(key);
        if (node == nullptr) return;
        const std::string text = ScalarReader(context_, *node, path_of(key)).text();
        for (const auto& [name, meaning] : choices) {
            if (is_same_word(text, name, rule.ignores_case)) {
                value = meaning;
                return;
            }
        }
        if (text.empty()) return;
        std::string known;
        for (const auto& each : choices) {
            if (!each.name.empty()) known += (known.empty() ? "" : ", ") + std::string(each.name);
        }
        add_problem(rule.code, key, *node, text, known);
    }
    /// Notes that the value of `key` is not allowed, for `reason`.
    void problem(ErrorCode code, std::string_view key, std::string_view reason);
    /// Warns if the value of `key`, in any case, is one of the names that `now` has replaced.
    void former_choice(std::string_view key, std::initializer_list<std::string_view> names, std::string_view now);
    /// The text of a scalar as written; empty if it is absent.
    [[nodiscard]] std::string_view written(std::string_view key) const;

    /// Notes the keys that nobody asked for.
    void finish();

  private:
    [[nodiscard]] const Node* look_up(std::string_view key) const;
    const Node* take(std::string_view key);
    [[nodiscard]] std::string path_of(std::string_view key) const;
    [[nodiscard]] std::string deprecation(std::string_view key, const Node& node, std::string_view advice) const;
    void add_problem(ErrorCode code, std::string_view key, const Node& node, std::string_view text,
                     std::string_view known);
    [[nodiscard]] static bool is_same_word(std::string_view a, std::string_view b, bool ignores_case);
    static void expect(const ReadContext& context, const Node& node, Node::Kind kind, std::string_view path);

    template <typename T>
    void read(const Node& node, T& value, const std::string& path) {
        const ScalarReader scalar(context_, node, path);
        if constexpr (std::is_same_v<T, std::string>) {
            value = scalar.text();
        } else if constexpr (std::is_same_v<T, bool>) {
            value = scalar.truth();
        } else if constexpr (std::is_same_v<T, std::uint64_t>) {
            value = scalar.natural();
        } else if constexpr (std::is_integral_v<T>) {
            value = static_cast<T>(scalar.integer(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
        } else if constexpr (std::is_same_v<T, double>) {
            value = scalar.real();
        } else if constexpr (std::is_same_v<T, std::chrono::nanoseconds>) {
            value = scalar.duration();
        } else if constexpr (std::is_same_v<T, std::chrono::seconds> || std::is_same_v<T, std::chrono::hours>) {
            constexpr std::int64_t kLimit = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 / 3600;
            value = T(scalar.integer(-kLimit, kLimit));
        } else {
            read_compound(node, value, path);
        }
    }

    template <typename Tag>
    void read_compound(const Node& node, NamedType<std::string, Tag>& value, const std::string& path) {
        value = NamedType<std::string, Tag>(ScalarReader(context_, node, path).text());
    }
    template <typename T>
    void read_compound(const Node& node, std::optional<T>& value, const std::string& path) {
        value.reset();
        if (node.is_null()) return;
        value.emplace();
        read(node, *value, path);
    }
    template <typename T>
    void read_compound(const Node& node, std::vector<T>& value, const std::string& path) {
        value.clear();
        if (node.is_null()) return;
        expect(context_, node, Node::Kind::List, path);
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            read(node.items[i], value.emplace_back(), path + '[' + std::to_string(i) + ']');
        }
    }
    /// A map without entries leaves what is there.
    template <typename T>
    void read_compound(const Node& node, std::map<std::string, T>& value, const std::string& path) {
        if (node.is_null()) return;
        expect(context_, node, Node::Kind::Map, path);
        if (!node.fields.empty()) value.clear();
        for (const auto& [key, item] : node.fields) read(item, value[key], path + '.' + key);
    }
    /// A struct; null leaves its defaults.
    template <typename T>
        requires std::is_class_v<T>
    void read_compound(const Node& node, T& value, const std::string& path) {
        if (node.is_null()) return;
        FieldReader inner(context_, node, path);
        describe(inner, value);
        inner.finish();
    }

    ReadContext& context_;
    const Node& map_;
    std::string path_;
    std::vector<std::string_view> known_;
};

}  // namespace dm::config
