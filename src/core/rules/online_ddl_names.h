#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dm::rules {

/// What a table is to an online schema change tool.
enum class OnlineDdlRole : std::uint8_t {
    Real,    ///< an ordinary table
    Shadow,  ///< the copy that is altered (`_t_gho`, `_t_new`)
    Trash,   ///< helper and leftovers (`_t_ghc`, `_t_del`, `_t_old`)
};

struct OnlineDdlName {
    OnlineDdlRole role = OnlineDdlRole::Real;
    std::string real_table;  ///< the table it stands for; the name itself for Real
};

/// Tells the tables of gh-ost and pt-online-schema-change by their names. Immutable, free to share between threads.
class OnlineDdlNames {
  public:
    /// Regular expressions with exactly one capture group, the real name; missing `^` and `$` are added; empty lists
    /// mean the defaults. Throws Error{ConfigOnlineDdlRegex} naming the expression.
    OnlineDdlNames(const std::vector<std::string>& shadow_rules, const std::vector<std::string>& trash_rules);
    ~OnlineDdlNames();
    OnlineDdlNames(OnlineDdlNames&&) noexcept;
    OnlineDdlNames& operator=(OnlineDdlNames&&) noexcept;

    [[nodiscard]] OnlineDdlName recognise(std::string_view table) const;

  private:
    struct Compiled;
    std::unique_ptr<const Compiled> compiled_;
};

inline constexpr std::string_view kDefaultShadowRule = "^_(.+)_(?:new|gho)$";
inline constexpr std::string_view kDefaultTrashRule = "^_(.+)_(?:ghc|del|old)$";

}  // namespace dm::rules
