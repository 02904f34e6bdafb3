#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace dm::config {

/// The arguments after the program's name.
using Arguments = std::vector<std::string>;

/// Returns a file's content or throws Error; injected, since this room opens no files.
using FileReader = std::function<std::string(const std::string& path)>;

/// What the command line asks the program to do.
enum class StartAction : std::uint8_t { Run, PrintVersion, PrintSampleConfig, PrintHelp };

}  // namespace dm::config
