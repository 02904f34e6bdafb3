#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace dm::rules {

/// Whether `~` at the start of a pattern makes it a regular expression, or is a letter like others.
enum class PatternSyntax : unsigned char { WildcardOrRegex, Wildcard };

/// A pattern for the name of a schema or table. Immutable, free to share between threads.
/// Wildcards cover the whole name: `*` (only as the last character), `?` for one character, `[a-z]`, `[!a-z]`; `[`
/// without
/// `]` is a letter; there is no escape. Regular expressions (RE2) match anywhere in the name.
/// Without case sensitivity letters of any script match in both cases.
class NamePattern {
  public:
    /// Throws std::invalid_argument with the reason, without naming the pattern.
    NamePattern(std::string_view pattern, PatternSyntax syntax, bool is_case_sensitive);
    ~NamePattern();
    NamePattern(NamePattern&&) noexcept;
    NamePattern& operator=(NamePattern&&) noexcept;

    [[nodiscard]] bool matches(std::string_view name) const;

  private:
    std::unique_ptr<const re2::RE2> regex_;
};

/// Compiles an unanchored RE2 expression, quietly. Throws std::invalid_argument with RE2's reason.
[[nodiscard]] std::unique_ptr<const re2::RE2> compile_regex(const std::string& text, bool is_case_sensitive);

}  // namespace dm::rules
