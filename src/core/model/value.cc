#include "core/model/value.h"

#include <algorithm>
#include <cstring>

namespace dm::model {

bool Value::operator==(const Value& other) const noexcept {
    if (kind_ != other.kind_) return false;
    switch (kind_) {
        case ValueKind::Null:
        case ValueKind::Default:
            return true;
        case ValueKind::Int:
        case ValueKind::UInt:
        case ValueKind::Float:
        case ValueKind::Double:
            return number_.u == other.number_.u;  // bit by bit: 0 and -0 are stored as they are
        case ValueKind::Number:
        case ValueKind::Text:
        case ValueKind::Bytes:
        case ValueKind::Json:
            return text() == other.text();
    }
    return false;
}

std::string_view ByteArena::store(std::string_view bytes) {
    if (bytes.empty()) return {};
    const std::span<char> room = allocate(bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    return {room.data(), room.size()};
}

std::span<char> ByteArena::allocate(std::size_t size) {
    if (size > left_) {
        const std::size_t block = std::max(size, kBlockBytes);
        blocks_.push_back(std::make_unique_for_overwrite<char[]>(block));
        total_ += block;
        // A value larger than a block gets one of its own; the rest of the current block stays in use.
        if (size >= kBlockBytes) return {blocks_.back().get(), size};
        free_ = blocks_.back().get();
        left_ = block;
    }
    const std::span<char> room(free_, size);
    free_ += size;
    left_ -= size;
    return room;
}

void ByteArena::clear() noexcept {
    blocks_.clear();
    free_ = nullptr;
    left_ = 0;
    total_ = 0;
}

std::span<Value> RowBatch::append() {
    cells_.resize(cells_.size() + columns_);
    return {cells_.data() + cells_.size() - columns_, columns_};
}

void RowBatch::reverse() noexcept {
    const auto width = static_cast<std::ptrdiff_t>(columns_);
    for (std::size_t low = 0, high = size(); low + 1 < high; ++low) {
        --high;
        const auto row = cells_.begin() + static_cast<std::ptrdiff_t>(low) * width;
        std::swap_ranges(row, row + width, cells_.begin() + static_cast<std::ptrdiff_t>(high) * width);
    }
}

}  // namespace dm::model
