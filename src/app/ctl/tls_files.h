#pragma once

#include <optional>

#include "core/config/command_line.h"
#include "core/config/db_config.h"

namespace dm::ctl {

/// Replaces the paths of a database's `security` block by the files' contents, since the paths mean nothing on the
/// master's machine. True if something was replaced; a file that cannot be read leaves its path as it is.
bool load_certificates(std::optional<config::SecurityConfig>& security, const config::FileReader& read_file);

}  // namespace dm::ctl
