#include "core/api/json_printer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "base/utf8.h"

namespace dm::api {

namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

/// The escape of an ASCII character; nothing if it stands for itself.
std::optional<std::string> escape(char c) {
    switch (c) {
        case '"':
            return "\\\"";
        case '\\':
            return "\\\\";
        case '\b':
            return "\\b";
        case '\f':
            return "\\f";
        case '\n':
            return "\\n";
        case '\r':
            return "\\r";
        case '\t':
            return "\\t";
        default:
            break;
    }
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || c == '<' || c == '>' || c == '&') return fmt::format("\\u{:04x}", code);
    return std::nullopt;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        unsigned group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8U | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        for (unsigned j = 0; j < 4; ++j) out += j <= count ? kAlphabet[group >> (18U - 6U * j) & 63U] : '=';
    }
    return out;
}

/// The shortest digits that read back as the same number; with an exponent outside [1e-6, 1e21).
template <typename T>
std::string number_text(T value) {
    if (std::isnan(value)) return "\"NaN\"";
    if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    const T size = std::abs(value);
    const bool is_plain = size == 0 || (size >= static_cast<T>(1e-6) && size < static_cast<T>(1e21));
    char buffer[64];
    const auto format = is_plain ? std::chars_format::fixed : std::chars_format::scientific;
    const auto end = std::to_chars(std::begin(buffer), std::end(buffer), value, format).ptr;
    std::string text(std::begin(buffer), end);
    // "1e-07" is written "1e-7".
    const auto zero = text.size() - 2;
    if (!is_plain && text.size() >= 4 && text[zero] == '0' && text[zero - 1] == '-') text.erase(zero, 1);
    return text;
}

/// Fields from here on are additions of ours: clients of the original do not expect them.
constexpr int kFirstOwnField = 101;

bool is_left_out(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    if (field.number() >= kFirstOwnField && field.is_repeated()) return reflection.FieldSize(message, &field) == 0;
    const bool may_be_absent = field.containing_oneof() != nullptr || field.number() >= kFirstOwnField;
    return may_be_absent && !reflection.HasField(message, &field);
}

class Printer {
  public:
    explicit Printer(const JsonStyle& style) : style_(style) {}

    void message(const Message& message) {
        const auto* descriptor = message.GetDescriptor();
        open('{');
        for (int i = 0; i < descriptor->field_count(); ++i) {
            const FieldDescriptor& field = *descriptor->field(i);
            if (is_left_out(message, field)) continue;
            next();
            out_ += quote_json(style_.are_proto_names ? field.name() : field.json_name());
            out_ += ": ";
            if (field.is_map())
                map(message, field);
            else if (field.is_repeated())
                list(message, field);
            else
                value(message, field);
        }
        close('}');
    }
    std::string take() { return std::move(out_); }

  private:
    void open(char bracket) {
        out_ += bracket;
        ++depth_;
        is_first_ = true;
    }
    void next() {
        if (!is_first_) out_ += ',';
        is_first_ = false;
        line();
    }
    void close(char bracket) {
        --depth_;
        line();
        out_ += bracket;
        is_first_ = false;
    }
    void line() {
        out_ += '\n';
        out_.append(static_cast<std::size_t>(depth_) * static_cast<std::size_t>(style_.indent), ' ');
    }

    void list(const Message& owner, const FieldDescriptor& field) {
        const int size = owner.GetReflection()->FieldSize(owner, &field);
        open('[');
        for (int i = 0; i < size; ++i) {
            next();
            element(owner, field, i);
        }
        close(']');
    }

    void map(const Message& owner, const FieldDescriptor& field) {
        const Reflection& reflection = *owner.GetReflection();
        std::map<std::string, const Message*> entries;
        for (int i = 0; i < reflection.FieldSize(owner, &field); ++i) {
            const Message& entry = reflection.GetRepeatedMessage(owner, &field, i);
            entries[key_text(entry)] = &entry;
        }
        open('{');
        for (const auto& [key, entry] : entries) {
            next();
            out_ += quote_json(key);
            out_ += ": ";
            value(*entry, *entry->GetDescriptor()->map_value());
        }
        close('}');
    }

    /// Our messages have string keys only; a key of another type is printed as its value.
    static std::string key_text(const Message& entry) {
        const FieldDescriptor& key = *entry.GetDescriptor()->map_key();
        if (key.cpp_type() == FieldDescriptor::CPPTYPE_STRING) return entry.GetReflection()->GetString(entry, &key);
        Printer plain({});
        plain.value(entry, key);
        std::string text = plain.take();
        std::erase(text, '"');
        return text;
    }

    void value(const Message& owner, const FieldDescriptor& field) {
        const Reflection& r = *owner.GetReflection();
        switch (field.cpp_type()) {
            case FieldDescriptor::CPPTYPE_INT32:
                return plain(r.GetInt32(owner, &field));
            case FieldDescriptor::CPPTYPE_UINT32:
                return plain(r.GetUInt32(owner, &field));
            case FieldDescriptor::CPPTYPE_INT64:
                return quoted(r.GetInt64(owner, &field));
            case FieldDescriptor::CPPTYPE_UINT64:
                return quoted(r.GetUInt64(owner, &field));
            case FieldDescriptor::CPPTYPE_BOOL:
                return plain(r.GetBool(owner, &field));
            case FieldDescriptor::CPPTYPE_FLOAT:
                return plain(number_text(r.GetFloat(owner, &field)));
            case FieldDescriptor::CPPTYPE_DOUBLE:
                return plain(number_text(r.GetDouble(owner, &field)));
            case FieldDescriptor::CPPTYPE_ENUM:
                return enumerator(field, r.GetEnumValue(owner, &field));
            case FieldDescriptor::CPPTYPE_STRING:
                return text(field, r.GetString(owner, &field), false);
            case FieldDescriptor::CPPTYPE_MESSAGE:
                if (!r.HasField(owner, &field)) return plain("null");
                return message(r.GetMessage(owner, &field));
        }
    }

    void element(const Message& owner, const FieldDescriptor& field, int i) {
        const Reflection& r = *owner.GetReflection();
        switch (field.cpp_type()) {
            case FieldDescriptor::CPPTYPE_INT32:
                return plain(r.GetRepeatedInt32(owner, &field, i));
            case FieldDescriptor::CPPTYPE_UINT32:
                return plain(r.GetRepeatedUInt32(owner, &field, i));
            case FieldDescriptor::CPPTYPE_INT64:
                return quoted(r.GetRepeatedInt64(owner, &field, i));
            case FieldDescriptor::CPPTYPE_UINT64:
                return quoted(r.GetRepeatedUInt64(owner, &field, i));
            case FieldDescriptor::CPPTYPE_BOOL:
                return plain(r.GetRepeatedBool(owner, &field, i));
            case FieldDescriptor::CPPTYPE_FLOAT:
                return plain(number_text(r.GetRepeatedFloat(owner, &field, i)));
            case FieldDescriptor::CPPTYPE_DOUBLE:
                return plain(number_text(r.GetRepeatedDouble(owner, &field, i)));
            case FieldDescriptor::CPPTYPE_ENUM:
                return enumerator(field, r.GetRepeatedEnumValue(owner, &field, i));
            case FieldDescriptor::CPPTYPE_STRING:
                return text(field, r.GetRepeatedString(owner, &field, i), true);
            case FieldDescriptor::CPPTYPE_MESSAGE:
                return message(r.GetRepeatedMessage(owner, &field, i));
        }
    }

    template <typename T>
    void plain(const T& text) {
        out_ += fmt::format("{}", text);
    }
    template <typename T>
    void quoted(T number) {
        out_ += fmt::format("\"{}\"", number);
    }
    void enumerator(const FieldDescriptor& field, int number) {
        const EnumValueDescriptor* found = field.enum_type()->FindValueByNumber(number);
        out_ += found == nullptr ? std::to_string(number) : quote_json(found->name());
    }
    void text(const FieldDescriptor& field, const std::string& content, bool is_element) {
        if (field.type() != FieldDescriptor::TYPE_BYTES)
            out_ += quote_json(content);
        else if (content.empty() && !is_element)
            out_ += "null";
        else
            out_ += quote_json(base64(content));
    }

    const JsonStyle style_;
    std::string out_;
    int depth_ = 0;
    bool is_first_ = true;
};

}  // namespace

std::string quote_json(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::string_view character = text.substr(0, std::max<std::size_t>(1, length));
        text.remove_prefix(character.size());
        if (length == 0) {
            out += "\\ufffd";
        } else if (length == 1) {
            const auto escaped = escape(character[0]);
            out += escaped ? *escaped : std::string(character);
        } else if (character == "\u2028" || character == "\u2029") {
            out += character == "\u2028" ? "\\u2028" : "\\u2029";
        } else {
            out += character;
        }
    }
    return out + '"';
}

std::string to_json(const google::protobuf::Message& message, const JsonStyle& style) {
    Printer printer(style);
    printer.message(message);
    return printer.take();
}

}  // namespace dm::api
