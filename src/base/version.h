#pragma once

#include <string>
#include <string_view>

namespace dm {

/// The release this is, for example "v0.1.0".
inline constexpr std::string_view kReleaseVersion = "v0.1.0";

/// Six lines "Name: value" about the build, each ended by a newline; a value nobody knows reads "None". The names are
/// those that scripts of the original look for.
[[nodiscard]] std::string version_text();

}  // namespace dm
