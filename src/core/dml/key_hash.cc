#include "core/dml/key_hash.h"

#include <array>
#include <bit>
#include <functional>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "base/error.h"

namespace dm::dml {
namespace {

/// What an ASCII character contributes: 0 is nothing. Vowels with y and j go, and v becomes w, since language
/// collations expand or equate them (a-umlaut with ae, u-umlaut with y, v with w, i with j); h goes with the th of
/// thorn.
constexpr std::array<char, 128> make_ascii_table() {
    std::array<char, 128> table{};
    for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = c;
    constexpr std::string_view kKept = "bcdfgklmnpqrstxz";
    for (const char c : kKept) {
        table[static_cast<unsigned char>(c)] = c;
        table[static_cast<unsigned char>(c - 'a' + 'A')] = c;
    }
    return table;
}
constexpr auto kAsciiTable = make_ascii_table();

/// Doubled s stands for sharp s in some collations, the single one in others.
void append_letter(std::string& out, char letter) {
    if (letter == 's' && !out.empty() && out.back() == 's') return;
    out += letter;
}

/// Letters that Unicode does not take apart but some collation equates with a plain one.
char plain_letter(UChar32 c) {
    switch (c) {
        case 0x00DF:
        case 0x1E9E:
            return 's';
        case 0x00F0:
        case 0x0111:
        case 0x0110:
        case 0x00D0:
            return 'd';
        case 0x0142:
        case 0x0141:
            return 'l';
        case 0x00FE:
        case 0x00DE:
        case 0x0167:
        case 0x0166:
            return 't';
        case 0x014B:
        case 0x014A:
            return 'n';
        case 0x0138:
            return 'q';
        default:
            return 0;
    }
}

/// Digits of any script sort as 0 to 9; so do circled and similar ones.
void append_digits(std::string& out, UChar32 c) {
    constexpr double kLargest = 9999;
    const double number = u_getNumericValue(c);
    if (number >= 0 && number <= kLargest && number == static_cast<int>(number))
        out += std::to_string(static_cast<int>(number));
}

bool is_ideograph(UChar32 c) { return c >= 0x3400 && c <= 0x9FFF; }

void append_unicode(std::string& out, std::string_view text) {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* normalizer = icu::Normalizer2::getNFKDInstance(status);
    ensure(U_SUCCESS(status) != 0, ErrorCode::NotSet, "ICU's normalisation data are not available");
    const auto source =
        icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
    const icu::UnicodeString plain = normalizer->normalize(source, status);
    for (std::int32_t i = 0; i < plain.length(); i = plain.moveIndex32(i, 1)) {
        const UChar32 c = plain.char32At(i);
        if (c < 128) {
            const char letter = kAsciiTable[static_cast<unsigned char>(c)];
            if (letter != 0) append_letter(out, letter);
        } else if (is_ideograph(c)) {
            out.append(reinterpret_cast<const char*>(&c), sizeof(c));
        } else if (const char letter = plain_letter(c); letter != 0) {
            append_letter(out, letter);
        } else {
            append_digits(out, c);
        }
    }
}

std::string_view cut_characters(std::string_view text, std::uint32_t characters) {
    std::size_t at = 0;
    while (at < text.size() && characters > 0) {
        ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
        --characters;
    }
    return text.substr(0, at);
}

std::uint64_t hash_bytes(std::string_view bytes) { return std::hash<std::string_view>{}(bytes); }

std::uint64_t hash_number(const model::Value& value) {
    switch (value.kind()) {
        case model::ValueKind::Int:
            return mix_hash(1, static_cast<std::uint64_t>(value.as_int()));
        case model::ValueKind::UInt:
            return mix_hash(1, value.as_uint());
        case model::ValueKind::Float:
        case model::ValueKind::Double: {
            const double number = value.as_double() == 0.0 ? 0.0 : value.as_double();
            return mix_hash(2, std::bit_cast<std::uint64_t>(number));
        }
        default:
            return hash_bytes(value.is_view() ? value.text() : std::string_view{});
    }
}

std::string_view without_trailing_spaces(std::string_view text) {
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

}  // namespace

void append_skeleton(std::string& out, std::string_view text) {
    const std::size_t begin = out.size();
    for (const char c : text) {
        if (static_cast<unsigned char>(c) >= 128) {
            out.resize(begin);
            append_unicode(out, text);
            return;
        }
        const char letter = kAsciiTable[static_cast<unsigned char>(c)];
        if (letter != 0) append_letter(out, letter);
    }
}

std::uint64_t hash_value(const KeyPart& part, const model::Value& value, std::string& scratch) {
    constexpr std::uint64_t kNull = 0xA5A5;
    constexpr std::uint64_t kOpaque = 0x5A5A;
    if (part.form == KeyForm::Opaque) return kOpaque;
    if (value.is_null()) return kNull;
    if (!value.is_view() || part.form == KeyForm::Number) return hash_number(value);
    const bool is_bytes = value.kind() == model::ValueKind::Bytes;
    // Text in a charset that is passed on unread: neither its characters nor its collation can be applied.
    if (is_bytes && (part.form == KeyForm::Folded || (part.form == KeyForm::Padded && part.prefix != 0)))
        return kOpaque;
    std::string_view text = value.text();
    if (part.prefix != 0) text = is_bytes ? text.substr(0, part.prefix) : cut_characters(text, part.prefix);
    if (part.form == KeyForm::Exact) return hash_bytes(text);
    if (part.form == KeyForm::Padded) return hash_bytes(without_trailing_spaces(text));
    scratch.clear();
    append_skeleton(scratch, text);
    return hash_bytes(scratch);
}

}  // namespace dm::dml
