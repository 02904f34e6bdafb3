#include "core/binlog/json_binary.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "core/binlog/json_scalar.h"

namespace dm::binlog {
namespace {

[[noreturn]] void malformed(std::string_view what) {
    throw Error(ErrorCode::BinlogMalformed, "JSON " + std::string(what));
}

/// What a container says of itself.
struct Container {
    std::string_view bytes;  // from its count to its declared end
    std::size_t count = 0;
    std::size_t width = 0;  // of counts and offsets: 2 or 4
    bool is_object = false;

    [[nodiscard]] std::size_t number_at(std::size_t offset, std::size_t size) const {
        std::uint32_t number = 0;
        std::memcpy(&number, bytes.data() + offset, size);
        return number;
    }
    [[nodiscard]] std::size_t key_entry_bytes() const { return is_object ? width + 2 : 0; }
    [[nodiscard]] std::size_t header_bytes() const { return 2 * width + count * (key_entry_bytes() + width + 1); }
    [[nodiscard]] std::size_t value_entry(std::size_t index) const {
        return 2 * width + count * key_entry_bytes() + index * (width + 1);
    }
    [[nodiscard]] std::string_view key(std::size_t index) const {
        const std::size_t entry = 2 * width + index * key_entry_bytes();
        const std::size_t offset = number_at(entry, width);
        const std::size_t length = number_at(entry + width, 2);
        if (offset < header_bytes() || offset > bytes.size() || length > bytes.size() - offset)
            malformed("key outside its object");
        return bytes.substr(offset, length);
    }
};

Container open_container(JsonType type, std::string_view bytes) {
    Container container;
    container.is_object = type == JsonType::SmallObject || type == JsonType::LargeObject;
    container.width = type == JsonType::SmallObject || type == JsonType::SmallArray ? 2 : 4;
    container.bytes = bytes;
    if (bytes.size() < 2 * container.width) malformed("container without its header");
    container.count = container.number_at(0, container.width);
    const std::size_t size = container.number_at(container.width, container.width);
    if (size > bytes.size()) malformed("container past the end of the document");
    container.bytes = bytes.substr(0, size);
    if (container.header_bytes() > size) malformed("container smaller than its entries");
    return container;
}

bool is_container(JsonType type) { return type <= JsonType::LargeArray; }

bool is_inlined(JsonType type, std::size_t width) {
    switch (type) {
        case JsonType::Literal:
        case JsonType::Int16:
        case JsonType::UInt16:
            return true;
        case JsonType::Int32:
        case JsonType::UInt32:
            return width == 4;
        default:
            return false;
    }
}

/// Walks a document. No byte of a proper document belongs to two values, so what values take is counted against the
/// size of the document: a crafted one cannot make us work or print beyond its size.
template <typename Visitor>
class Walker {
  public:
    Walker(std::size_t document_bytes, Visitor& visitor) : budget_(document_bytes), visitor_(visitor) {}

    void walk(JsonType type, std::string_view bytes, std::size_t depth = 1) {
        if (depth > kMaxJsonDepth) malformed("document nested deeper than 128 levels");
        if (!is_container(type)) {
            const std::size_t size = json_scalar_bytes(type, bytes);
            spend(size);
            visitor_.scalar(type, bytes.substr(0, size));
            return;
        }
        const Container container = open_container(type, bytes);
        spend(container.header_bytes());
        visitor_.open(type, container.count);
        for (std::size_t i = 0; i < container.count; ++i) walk_member(container, i, depth);
        visitor_.close(type);
    }

  private:
    void walk_member(const Container& container, std::size_t index, std::size_t depth) {
        if (container.is_object) {
            const std::string_view key = container.key(index);
            spend(key.size());
            visitor_.key(key);
        }
        visitor_.member(index);
        const std::size_t entry = container.value_entry(index);
        const auto type = static_cast<JsonType>(container.bytes[entry]);
        if (is_inlined(type, container.width)) {
            visitor_.scalar(type, container.bytes.substr(entry + 1, container.width));
            return;
        }
        const std::size_t offset = container.number_at(entry + 1, container.width);
        if (offset < container.header_bytes() || offset >= container.bytes.size())
            malformed("value outside its container");
        walk(type, container.bytes.substr(offset), depth + 1);
    }

    void spend(std::size_t bytes) {
        if (bytes > budget_) malformed("document whose parts overlap");
        budget_ -= bytes;
    }

    std::size_t budget_;
    Visitor& visitor_;
};

/// Prints what it visits.
class Printer {
  public:
    explicit Printer(std::string& out) : out_(out) {}
    void scalar(JsonType type, std::string_view bytes) { append_json_scalar(type, bytes, out_); }
    void open(JsonType type, std::size_t) {
        is_object_ = type <= JsonType::LargeObject;
        out_ += is_object_ ? '{' : '[';
        first_ = true;
    }
    void key(std::string_view key) {
        separate();
        append_json_string(key, out_);
        out_ += ": ";
        has_key_ = true;
    }
    void member(std::size_t) {
        if (!std::exchange(has_key_, false)) separate();
    }
    void close(JsonType type) {
        out_ += type <= JsonType::LargeObject ? '}' : ']';
        first_ = false;
    }

  private:
    void separate() {
        if (!std::exchange(first_, false)) out_ += ", ";
    }

    std::string& out_;
    bool is_object_ = false;
    bool has_key_ = false;
    bool first_ = true;
};

/// Builds a tree of what it visits.
class TreeBuilder {
  public:
    void scalar(JsonType type, std::string_view bytes) {
        JsonNode node;
        node.type = static_cast<char>(type);
        node.scalar = bytes;
        place(std::move(node));
    }
    void open(JsonType type, std::size_t) {
        open_.emplace_back();
        open_.back().type = static_cast<char>(type);
    }
    void key(std::string_view key) { open_.back().keys.emplace_back(key); }
    void member(std::size_t) {}
    void close(JsonType) {
        JsonNode node = std::move(open_.back());
        open_.pop_back();
        place(std::move(node));
    }
    JsonNode take() { return std::move(root_); }

  private:
    void place(JsonNode node) { (open_.empty() ? root_ : open_.back().items.emplace_back()) = std::move(node); }

    std::vector<JsonNode> open_;
    JsonNode root_;
};

template <typename Visitor>
void walk_document(std::string_view binary, Visitor& visitor) {
    static constexpr std::string_view kNullLiteral("\0", 1);
    if (binary.empty()) {
        visitor.scalar(JsonType::Literal, kNullLiteral);
        return;
    }
    Walker<Visitor>(binary.size(), visitor).walk(static_cast<JsonType>(binary.front()), binary.substr(1));
}

}  // namespace

void append_json(std::string_view binary, std::string& out) {
    Printer printer(out);
    walk_document(binary, printer);
}

JsonNode parse_json_tree(std::string_view binary) {
    TreeBuilder builder;
    walk_document(binary, builder);
    return builder.take();
}

void append_json(const JsonNode& node, std::string& out) {
    if (!node.is_array() && !node.is_object()) {
        append_json_scalar(static_cast<JsonType>(node.type), node.scalar, out);
        return;
    }
    out += node.is_object() ? '{' : '[';
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) out += ", ";
        if (node.is_object()) {
            append_json_string(node.keys[i], out);
            out += ": ";
        }
        append_json(node.items[i], out);
    }
    out += node.is_object() ? '}' : ']';
}

}  // namespace dm::binlog
