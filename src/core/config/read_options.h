#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dm::config {

class SecretKey;

/// Things of the text that work but should be changed: deprecated keys and the like. One sentence each.
using Warnings = std::vector<std::string>;

/// What a configuration text is read with. The pointers may be null and are used during the call only.
struct ReadOptions {
    std::string file_name = "config";  ///< for messages: "task.yaml:12: ..."
    const SecretKey* key = nullptr;    ///< decrypts passwords; without it they are taken as they are
    Warnings* warnings = nullptr;      ///< appended to
};

/// Whether passwords and key material are written out (storage) or as `******` (everything that a user or a log sees).
enum class Redact : std::uint8_t { No, Yes };

/// Longest configuration text that is read, in bytes.
inline constexpr std::size_t kMaxConfigBytes = 4UL << 20U;

}  // namespace dm::config
