#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/dml/table_plan.h"
#include "core/model/value.h"

namespace dm::dml {

/// The skeleton of a text: two texts that any collation of the supported servers calls equal have the same skeleton;
/// texts with the same skeleton need not be equal. Kept are digits, the consonants that no collation makes equal to
/// something else, and unified ideographs; everything else is left out. See docs in the room's README for why so much
/// is.
void append_skeleton(std::string& out, std::string_view text);

/// Hash of one value of a key's column; `scratch` is overwritten.
[[nodiscard]] std::uint64_t hash_value(const KeyPart& part, const model::Value& value, std::string& scratch);

/// Joins two hashes.
[[nodiscard]] constexpr std::uint64_t mix_hash(std::uint64_t a, std::uint64_t b) noexcept {
    std::uint64_t x = (a ^ b) + 0x9E3779B97F4A7C15ULL + (a << 6U) + (a >> 2U);
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31U);
}

}  // namespace dm::dml
