#include "core/dml/causality_keys.h"

#include <algorithm>

#include "core/dml/key_hash.h"

namespace dm::dml {

CausalityKey CausalityKeys::hash_key(const UniqueKey& key, model::Row row) {
    CausalityKey hash = key.seed;
    for (const auto& part : key.parts) hash = mix_hash(hash, hash_value(part, row[part.column], scratch_));
    return hash;
}

void CausalityKeys::append_image(const TablePlan& plan, model::Row row, std::size_t begin,
                                 std::vector<CausalityKey>& out) {
    const auto add = [&](CausalityKey key) {
        if (std::find(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), key) == out.end())
            out.push_back(key);
    };
    for (const auto& key : plan.unique_keys()) {
        const bool has_null =
            std::ranges::any_of(key.parts, [&](const KeyPart& part) { return row[part.column].is_null(); });
        if (!has_null) add(hash_key(key, row));
    }
    if (plan.row_key() == nullptr) add(hash_key(plan.whole_row(), row));
}

void CausalityKeys::append(const TablePlan& plan, model::Row before, model::Row after, std::vector<CausalityKey>& out) {
    const std::size_t begin = out.size();
    if (!before.empty()) append_image(plan, before, begin, out);
    if (!after.empty()) append_image(plan, after, begin, out);
}

}  // namespace dm::dml
