#include "core/config/scalar_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/config/go_text.h"

namespace dm::config {
namespace {

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c + ('a' - 'A')) : c;
    return lower;
}

/// Integer as YAML 1.1 writes it: sign, 0x, 0o or 0, 0b, underscores. Returns magnitude and sign.
struct Magnitude {
    std::uint64_t value = 0;
    bool is_negative = false;
};

std::optional<Magnitude> parse_magnitude(std::string_view text) {
    std::string digits(text);
    std::erase(digits, '_');
    std::string_view rest = digits;
    Magnitude result;
    result.is_negative = rest.starts_with('-');
    if (result.is_negative || rest.starts_with('+')) rest.remove_prefix(1);
    int base = 10;
    const std::string prefix = lower_case(rest.substr(0, 2));
    if (prefix == "0x" || prefix == "0b" || prefix == "0o") {
        base = prefix == "0x" ? 16 : prefix == "0b" ? 2 : 8;
        rest.remove_prefix(2);
    } else if (rest.size() > 1 && rest[0] == '0') {
        base = 8;
    }
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), result.value, base);
    if (rest.empty() || error != std::errc{} || end != rest.data() + rest.size()) return std::nullopt;
    return result;
}

std::optional<double> parse_real(std::string_view text) {
    std::string digits(text);
    std::erase(digits, '_');
    std::string_view rest = digits;
    if (rest.starts_with('+')) rest.remove_prefix(1);
    if (rest.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (rest.empty() || error != std::errc{} || end != rest.data() + rest.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

constexpr auto kTrueWords = std::to_array<std::string_view>({"y", "yes", "on", "true"});
constexpr auto kFalseWords = std::to_array<std::string_view>({"n", "no", "off", "false"});

/// YAML 1.1 takes "true", "True" and "TRUE", but not "tRUE".
bool is_yaml_word(std::string_view text, std::span<const std::string_view> words) {
    const std::string lower = lower_case(text);
    if (std::ranges::find(words, lower) == words.end()) return false;
    const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    const auto uppers = static_cast<std::size_t>(std::ranges::count_if(text, is_upper));
    return uppers == 0 || uppers == text.size() || (uppers == 1 && is_upper(text[0]));
}

}  // namespace

std::string_view kind_name(const Node& node) {
    switch (node.kind) {
        case Node::Kind::Null:
            return "nothing";
        case Node::Kind::List:
            return "a list";
        case Node::Kind::Map:
            return "a map";
        case Node::Kind::Bool:
            return "a truth value";
        case Node::Kind::Number:
        case Node::Kind::Real:
            return "a number";
        case Node::Kind::Plain:
        case Node::Kind::Text:
            break;
    }
    return "a text";
}

void ReadContext::warn(std::string text) const {
    if (warnings != nullptr) warnings->push_back(std::move(text));
}

void ReadContext::raise_unknown() const {
    if (!is_strict || unknown.empty()) return;
    constexpr std::size_t kShown = 20;
    const std::size_t shown = std::min(unknown.size(), kShown);
    const std::string rest = shown == unknown.size() ? "" : fmt::format(", and {} more", unknown.size() - shown);
    throw Error(unknown_key, fmt::format("{}{}", fmt::join(std::span(unknown).first(shown), ", "), rest));
}

void ReadContext::raise(ErrorCode code, std::string_view path) const {
    for (const Problem& problem : problems) {
        if (problem.code == code && problem.path.starts_with(path)) throw Error(code, problem.message);
    }
}

void ReadContext::raise_any() const {
    if (!problems.empty()) throw Error(problems.front().code, problems.front().message);
}

void ScalarReader::refuse(std::string_view expected) const {
    const std::string found = node_.is_scalar() ? fmt::format("'{}'", node_.text) : std::string(kind_name(node_));
    throw syntax_error(context_.origin, node_.line, fmt::format("`{}` takes {}, not {}", path_, expected, found));
}

std::string ScalarReader::text() const {
    if (node_.is_null()) return {};
    if (node_.kind != Node::Kind::Plain && node_.kind != Node::Kind::Text) refuse("a text");
    return node_.text;
}

bool ScalarReader::truth() const {
    if (node_.is_null()) return false;
    if (node_.kind == Node::Kind::Bool) return node_.text == "true";
    if (node_.kind == Node::Kind::Plain && is_yaml_word(node_.text, kTrueWords)) return true;
    if (node_.kind != Node::Kind::Plain || !is_yaml_word(node_.text, kFalseWords)) refuse("true or false");
    return false;
}

std::int64_t ScalarReader::integer(std::int64_t low, std::int64_t high) const {
    if (node_.is_null()) return 0;
    if (node_.kind != Node::Kind::Plain && node_.kind != Node::Kind::Number) refuse("an integer");
    const std::string expected = fmt::format("an integer from {} to {}", low, high);
    if (const auto magnitude = parse_magnitude(node_.text)) {
        constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        if (magnitude->value > kMax) refuse(expected);
        const auto value = static_cast<std::int64_t>(magnitude->value);
        const std::int64_t result = magnitude->is_negative ? -value : value;
        if (result < low || result > high) refuse(expected);
        return result;
    }
    const auto real = parse_real(node_.text);
    if (!real) refuse("an integer");
    if (std::fabs(*real) > 9.0e18 || std::trunc(*real) < static_cast<double>(low) ||
        std::trunc(*real) > static_cast<double>(high)) {
        refuse(expected);
    }
    return static_cast<std::int64_t>(*real);
}

std::uint64_t ScalarReader::natural() const {
    if (node_.is_null()) return 0;
    if (node_.kind != Node::Kind::Plain && node_.kind != Node::Kind::Number) refuse("an integer");
    if (const auto magnitude = parse_magnitude(node_.text)) {
        if (magnitude->is_negative && magnitude->value > 0) refuse("an integer from 0 on");
        return magnitude->value;
    }
    const auto real = parse_real(node_.text);
    if (!real || *real < 0 || *real > 1.8e19) refuse("an integer from 0 on");
    return static_cast<std::uint64_t>(*real);
}

double ScalarReader::real() const {
    if (node_.is_null()) return 0;
    const auto value =
        node_.kind == Node::Kind::Plain || node_.kind == Node::Kind::Number ? parse_real(node_.text) : std::nullopt;
    if (!value) refuse("a number");
    return *value;
}

std::chrono::nanoseconds ScalarReader::duration() const {
    const std::string written = text();
    if (written.empty()) return {};
    const auto value = parse_duration(written);
    if (!value) refuse("a duration such as 300ms, 5s or 1h30m");
    return *value;
}

std::uint64_t ScalarReader::byte_size() const {
    if (node_.is_null()) return 0;
    const auto value = node_.is_scalar() && node_.kind != Node::Kind::Bool ? parse_byte_size(node_.text) : std::nullopt;
    if (!value) refuse("a size such as 500m or 2GiB");
    return *value;
}

}  // namespace dm::config
