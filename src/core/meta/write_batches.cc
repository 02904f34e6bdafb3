#include "core/meta/write_batches.h"

#include <iterator>

namespace dm::meta {
namespace {

std::size_t bytes_of(const WriteGroup& group) {
    constexpr std::size_t kPerOp = 32;
    std::size_t bytes = 0;
    for (const auto& op : group) {
        const auto* put = std::get_if<PutOp>(&op);
        bytes += kPerOp + (put ? put->key.size() + put->value.size() : std::get<DeleteOp>(op).key.size());
    }
    return bytes;
}

}  // namespace

std::vector<std::vector<WriteOp>> pack_groups(std::vector<WriteGroup> groups, const WriteLimits& limits) {
    std::vector<std::vector<WriteOp>> batches(1);
    std::size_t bytes = 0;
    for (auto& group : groups) {
        const std::size_t more = bytes_of(group);
        const bool is_full = batches.back().size() + group.size() > limits.max_ops || bytes + more > limits.max_bytes;
        if (is_full && !batches.back().empty()) {
            batches.emplace_back();
            bytes = 0;
        }
        bytes += more;
        std::move(group.begin(), group.end(), std::back_inserter(batches.back()));
    }
    return batches;
}

}  // namespace dm::meta
