#include "core/rules/online_ddl_names.h"

#include <stdexcept>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/error.h"
#include "core/rules/name_pattern.h"

namespace dm::rules {
namespace {

using Expressions = std::vector<std::unique_ptr<const re2::RE2>>;

std::unique_ptr<const re2::RE2> compile(std::string_view key, const std::string& rule) {
    std::string text = rule;
    if (!text.starts_with('^')) text.insert(0, 1, '^');
    if (!text.ends_with('$')) text += '$';
    try {
        auto regex = compile_regex(text, true);
        if (regex->NumberOfCapturingGroups() != 1) throw std::invalid_argument("it needs exactly one capture group");
        return regex;
    } catch (const std::invalid_argument& reason) {
        throw Error(ErrorCode::ConfigOnlineDdlRegex, fmt::format("{}: '{}': {}", key, rule, reason.what()));
    }
}

Expressions compile_all(std::string_view key, const std::vector<std::string>& rules, std::string_view fallback) {
    Expressions compiled;
    for (const auto& rule : rules) compiled.push_back(compile(key, rule));
    if (compiled.empty()) compiled.push_back(compile(key, std::string(fallback)));
    return compiled;
}

}  // namespace

struct OnlineDdlNames::Compiled {
    Expressions shadow;
    Expressions trash;
};

OnlineDdlNames::OnlineDdlNames(const std::vector<std::string>& shadow_rules,
                               const std::vector<std::string>& trash_rules)
    : compiled_(std::make_unique<const Compiled>(
          Compiled{.shadow = compile_all("shadow-table-rules", shadow_rules, kDefaultShadowRule),
                   .trash = compile_all("trash-table-rules", trash_rules, kDefaultTrashRule)})) {}

OnlineDdlNames::~OnlineDdlNames() = default;
OnlineDdlNames::OnlineDdlNames(OnlineDdlNames&&) noexcept = default;
OnlineDdlNames& OnlineDdlNames::operator=(OnlineDdlNames&&) noexcept = default;

OnlineDdlName OnlineDdlNames::recognise(std::string_view table) const {
    std::string real;
    for (const auto& regex : compiled_->shadow) {
        if (RE2::FullMatch(table, *regex, &real)) return {.role = OnlineDdlRole::Shadow, .real_table = real};
    }
    for (const auto& regex : compiled_->trash) {
        if (RE2::FullMatch(table, *regex, &real)) return {.role = OnlineDdlRole::Trash, .real_table = real};
    }
    return {.role = OnlineDdlRole::Real, .real_table = std::string(table)};
}

}  // namespace dm::rules
