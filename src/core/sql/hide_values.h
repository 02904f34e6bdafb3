#pragma once

#include <string>
#include <string_view>

namespace dm::sql {

/// The statement with `?` for every string, number and binary literal, for logs that must not show data. From where the
/// text cannot be read on, for example because it was cut, only `?` is shown.
[[nodiscard]] std::string hide_values(std::string_view statement);

}  // namespace dm::sql
