#include "core/rules/name_pattern.h"

#include <stdexcept>

#include <fmt/format.h>
#include <re2/re2.h>

namespace dm::rules {
namespace {

/// Takes the first character (UTF-8, or a stray byte) off the front of `text`.
std::string_view take_character(std::string_view& text) {
    std::size_t size = 1;
    while (size < text.size() && size < 4 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) ++size;
    if (static_cast<unsigned char>(text[0]) < 0x80U) size = 1;
    const std::string_view character = text.substr(0, size);
    text.remove_prefix(size);
    return character;
}

/// The regular expression of what stands between the brackets.
std::string set_regex(std::string_view inside) {
    const bool is_negated = inside.size() > 1 && inside[0] == '!';
    if (is_negated) inside.remove_prefix(1);
    std::string members;
    while (!inside.empty()) {
        const std::string_view low = take_character(inside);
        if (inside.size() > 1 && inside[0] == '-') {
            inside.remove_prefix(1);
            const std::string_view high = take_character(inside);
            if (low <= high) members += fmt::format("{}-{}", RE2::QuoteMeta(low), RE2::QuoteMeta(high));
        } else {
            members += RE2::QuoteMeta(low);
        }
    }
    if (members.empty()) return is_negated ? "." : R"([^\x{0}-\x{10FFFF}])";
    return fmt::format("[{}{}]", is_negated ? "^" : "", members);
}

std::string wildcard_regex(std::string_view pattern) {
    std::string out = R"((?s)\A)";
    while (!pattern.empty()) {
        if (pattern[0] == '*') {
            if (pattern.size() > 1) throw std::invalid_argument("`*` may only be the last character");
            out += ".*";
            pattern.remove_prefix(1);
        } else if (pattern[0] == '?') {
            out += '.';
            pattern.remove_prefix(1);
        } else if (const auto close = pattern.find(']'); pattern[0] == '[' && close != std::string_view::npos) {
            out += set_regex(pattern.substr(1, close - 1));
            pattern.remove_prefix(close + 1);
        } else {
            out += RE2::QuoteMeta(take_character(pattern));
        }
    }
    return out + R"(\z)";
}

}  // namespace

std::unique_ptr<const re2::RE2> compile_regex(const std::string& text, bool is_case_sensitive) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(is_case_sensitive);
    auto regex = std::make_unique<const RE2>(text, options);
    if (!regex->ok()) throw std::invalid_argument(fmt::format("bad regular expression: {}", regex->error()));
    return regex;
}

NamePattern::NamePattern(std::string_view pattern, PatternSyntax syntax, bool is_case_sensitive) {
    const bool is_regex = syntax == PatternSyntax::WildcardOrRegex && pattern.starts_with('~');
    regex_ = compile_regex(is_regex ? std::string(pattern.substr(1)) : wildcard_regex(pattern), is_case_sensitive);
}

NamePattern::~NamePattern() = default;
NamePattern::NamePattern(NamePattern&&) noexcept = default;
NamePattern& NamePattern::operator=(NamePattern&&) noexcept = default;

bool NamePattern::matches(std::string_view name) const { return RE2::PartialMatch(name, *regex_); }

}  // namespace dm::rules
