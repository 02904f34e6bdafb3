#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/byte_cursor.h"
#include "core/binlog/json_binary.h"

namespace dm::binlog {
namespace {

enum class Operation : std::uint8_t { Replace = 0, Insert = 1, Remove = 2 };

/// One step of a path: a member's name or an element's number.
struct PathStep {
    std::optional<std::string> key;
    std::size_t index = 0;
};

[[noreturn]] void bad_path(std::string_view path, std::string_view why) {
    throw Error(ErrorCode::BinlogMalformed, fmt::format("JSON difference at '{}': {}", path, why));
}

void append_utf8(std::string& out, unsigned code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
        return;
    }
    if (code < 0x800) {
        out += static_cast<char>(0xc0U | code >> 6U);
    } else {
        out += static_cast<char>(0xe0U | code >> 12U);
        out += static_cast<char>(0x80U | (code >> 6U & 0x3fU));
    }
    out += static_cast<char>(0x80U | (code & 0x3fU));
}

/// Reads the paths that the server writes: "$", ".name", ".\"quoted\"", "[12]".
class PathReader {
  public:
    explicit PathReader(std::string_view path) : path_(path) {
        if (!path.starts_with('$')) bad_path(path, "does not start with $");
    }

    std::vector<PathStep> read() {
        std::vector<PathStep> steps;
        while (at_ < path_.size()) {
            if (steps.size() >= kMaxJsonDepth) bad_path(path_, "deeper than 128 levels");
            steps.push_back(path_[at_] == '[' ? read_index() : read_key());
        }
        return steps;
    }

  private:
    PathStep read_index() {
        PathStep step;
        const char* const end = path_.data() + path_.size();
        const auto [stop, failure] = std::from_chars(path_.data() + at_ + 1, end, step.index);
        if (failure != std::errc{} || stop == end || *stop != ']') bad_path(path_, "is not a path");
        at_ = static_cast<std::size_t>(stop - path_.data()) + 1;
        return step;
    }

    PathStep read_key() {
        if (path_[at_] != '.' || at_ + 1 >= path_.size()) bad_path(path_, "is not a path");
        ++at_;
        PathStep step;
        if (path_[at_] == '"') {
            step.key = read_quoted();
            return step;
        }
        const std::size_t end = std::min(path_.find_first_of(".[", at_), path_.size());
        step.key = std::string(path_.substr(at_, end - at_));
        at_ = end;
        return step;
    }

    std::string read_quoted() {
        std::string key;
        for (++at_; at_ < path_.size(); ++at_) {
            if (path_[at_] == '"') {
                ++at_;
                return key;
            }
            if (path_[at_] == '\\') {
                read_escape(key);
            } else {
                key += path_[at_];
            }
        }
        bad_path(path_, "has an open quote");
    }

    void read_escape(std::string& key) {
        if (++at_ >= path_.size()) bad_path(path_, "has an open quote");
        constexpr std::string_view kNames = "bfnrt";
        constexpr std::string_view kCodes = "\b\f\n\r\t";
        const char c = path_[at_];
        if (c == 'u') {
            unsigned code = 0;
            const char* const begin = path_.data() + at_ + 1;
            const char* const end = begin + std::min<std::size_t>(4, path_.size() - at_ - 1);
            if (std::from_chars(begin, end, code, 16).ptr != begin + 4) bad_path(path_, "has a wrong escape");
            append_utf8(key, code);
            at_ += 4;
            return;
        }
        const auto known = kNames.find(c);
        key += known == std::string_view::npos ? c : kCodes[known];
    }

    std::string_view path_;
    std::size_t at_ = 1;
};

/// The server's order of keys: shorter ones first.
bool key_less(const std::string& a, const std::string& b) { return a.size() != b.size() ? a.size() < b.size() : a < b; }

/// Where a key is, or belongs.
std::size_t key_slot(const JsonNode& object, const std::string& key) {
    const auto found = std::lower_bound(object.keys.begin(), object.keys.end(), key, key_less);
    return static_cast<std::size_t>(found - object.keys.begin());
}

bool has_key_at(const JsonNode& object, std::size_t slot, const std::string& key) {
    return slot < object.keys.size() && object.keys[slot] == key;
}

JsonNode* child(JsonNode& node, const PathStep& step) {
    if (step.key) {
        if (!node.is_object()) return nullptr;
        const std::size_t slot = key_slot(node, *step.key);
        return has_key_at(node, slot, *step.key) ? &node.items[slot] : nullptr;
    }
    if (!node.is_array()) return step.index == 0 ? &node : nullptr;
    return step.index < node.items.size() ? &node.items[step.index] : nullptr;
}

template <typename Vector>
auto position(Vector& vector, std::size_t index) {
    return vector.begin() + static_cast<std::ptrdiff_t>(index);
}

void insert_child(JsonNode& parent, const PathStep& step, JsonNode value, std::string_view path) {
    if (!step.key) {
        if (!parent.is_array()) bad_path(path, "is not in an array");
        parent.items.insert(position(parent.items, std::min(step.index, parent.items.size())), std::move(value));
        return;
    }
    if (!parent.is_object()) bad_path(path, "is not in an object");
    const std::size_t slot = key_slot(parent, *step.key);
    if (has_key_at(parent, slot, *step.key)) bad_path(path, "is there already");
    parent.keys.insert(position(parent.keys, slot), *step.key);
    parent.items.insert(position(parent.items, slot), std::move(value));
}

void remove_child(JsonNode& parent, const PathStep& step, std::string_view path) {
    const JsonNode* const node = child(parent, step);
    if (node == nullptr || node == &parent) bad_path(path, "is not there");
    const auto slot = static_cast<std::size_t>(node - parent.items.data());
    if (step.key) parent.keys.erase(position(parent.keys, slot));
    parent.items.erase(position(parent.items, slot));
}

void apply(JsonNode& root, Operation operation, std::string_view path, std::optional<JsonNode> value) {
    std::vector<PathStep> steps = PathReader(path).read();
    if (steps.empty()) {
        if (operation != Operation::Replace) bad_path(path, "only a replacement can be at the root");
        root = std::move(*value);
        return;
    }
    const PathStep last = std::move(steps.back());
    steps.pop_back();
    JsonNode* parent = &root;
    for (const PathStep& step : steps) {
        parent = child(*parent, step);
        if (parent == nullptr) bad_path(path, "is not there");
    }
    if (operation == Operation::Insert) return insert_child(*parent, last, std::move(*value), path);
    if (operation == Operation::Remove) return remove_child(*parent, last, path);
    JsonNode* const node = child(*parent, last);
    if (node == nullptr) bad_path(path, "is not there");
    *node = std::move(*value);
}

}  // namespace

void append_patched_json(std::string_view before, std::string_view differences, std::string& out) {
    JsonNode root = parse_json_tree(before);
    ByteCursor cursor(as_bytes(differences));
    while (!cursor.is_at_end()) {
        const auto operation = static_cast<Operation>(cursor.read_u8());
        ensure(operation <= Operation::Remove, ErrorCode::BinlogMalformed, "unknown kind of JSON difference");
        const std::string_view path = cursor.read_text(cursor.read_packed_uint());
        std::optional<JsonNode> value;
        if (operation != Operation::Remove) value = parse_json_tree(cursor.read_text(cursor.read_packed_uint()));
        apply(root, operation, path, std::move(value));
    }
    append_json(root, out);
}

}  // namespace dm::binlog
