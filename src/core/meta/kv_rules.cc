#include "core/meta/kv_rules.h"

#include <set>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::meta {

void check_writes(const std::vector<WriteOp>& writes) {
    std::set<std::string, std::less<>> puts;
    const auto refuse = [](const std::string& key) {
        throw Error(ErrorCode::HaTxn, fmt::format("one transaction writes key {} twice", key))
            .with_retry(RetryClass::Never);
    };
    for (const auto& write : writes)
        if (const auto* put = std::get_if<PutOp>(&write); put != nullptr && !puts.insert(put->key).second)
            refuse(put->key);
    for (const auto& write : writes) {
        const auto* erase = std::get_if<DeleteOp>(&write);
        if (erase == nullptr) continue;
        const auto at = puts.lower_bound(erase->key);
        if (at != puts.end() && (erase->is_prefix ? at->starts_with(erase->key) : *at == erase->key)) refuse(*at);
    }
}

std::string prefix_end(std::string_view prefix) {
    std::string end(prefix);
    while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xFF) end.pop_back();
    if (end.empty()) return std::string(1, '\0');
    end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
    return end;
}

}  // namespace dm::meta
