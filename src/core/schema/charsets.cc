#include "core/schema/charsets.h"

#include <algorithm>
#include <array>

#include "core/sql/lexer.h"

namespace dm::schema {

namespace {

struct Charset {
    std::string_view name;
    std::string_view collation;
    std::uint32_t max_bytes;
};

constexpr std::array kCharsets = {
    Charset{"armscii8", "armscii8_general_ci", 1}, Charset{"ascii", "ascii_general_ci", 1},
    Charset{"big5", "big5_chinese_ci", 2},         Charset{"binary", "binary", 1},
    Charset{"cp1250", "cp1250_general_ci", 1},     Charset{"cp1251", "cp1251_general_ci", 1},
    Charset{"cp1256", "cp1256_general_ci", 1},     Charset{"cp1257", "cp1257_general_ci", 1},
    Charset{"cp850", "cp850_general_ci", 1},       Charset{"cp852", "cp852_general_ci", 1},
    Charset{"cp866", "cp866_general_ci", 1},       Charset{"cp932", "cp932_japanese_ci", 2},
    Charset{"dec8", "dec8_swedish_ci", 1},         Charset{"eucjpms", "eucjpms_japanese_ci", 3},
    Charset{"euckr", "euckr_korean_ci", 2},        Charset{"gb18030", "gb18030_chinese_ci", 4},
    Charset{"gb2312", "gb2312_chinese_ci", 2},     Charset{"gbk", "gbk_chinese_ci", 2},
    Charset{"geostd8", "geostd8_general_ci", 1},   Charset{"greek", "greek_general_ci", 1},
    Charset{"hebrew", "hebrew_general_ci", 1},     Charset{"hp8", "hp8_english_ci", 1},
    Charset{"keybcs2", "keybcs2_general_ci", 1},   Charset{"koi8r", "koi8r_general_ci", 1},
    Charset{"koi8u", "koi8u_general_ci", 1},       Charset{"latin1", "latin1_swedish_ci", 1},
    Charset{"latin2", "latin2_general_ci", 1},     Charset{"latin5", "latin5_turkish_ci", 1},
    Charset{"latin7", "latin7_general_ci", 1},     Charset{"macce", "macce_general_ci", 1},
    Charset{"macroman", "macroman_general_ci", 1}, Charset{"sjis", "sjis_japanese_ci", 2},
    Charset{"swe7", "swe7_swedish_ci", 1},         Charset{"tis620", "tis620_thai_ci", 1},
    Charset{"ucs2", "ucs2_general_ci", 2},         Charset{"ujis", "ujis_japanese_ci", 3},
    Charset{"utf16", "utf16_general_ci", 4},       Charset{"utf16le", "utf16le_general_ci", 4},
    Charset{"utf32", "utf32_general_ci", 4},       Charset{"utf8mb3", "utf8mb3_general_ci", 3},
    Charset{"utf8mb4", "utf8mb4_general_ci", 4},
};

const Charset* find_charset(std::string_view name) noexcept {
    const auto found =
        std::find_if(kCharsets.begin(), kCharsets.end(), [&](const Charset& c) { return c.name == name; });
    return found == kCharsets.end() ? nullptr : &*found;
}

}  // namespace

std::string canonical_charset(std::string_view charset) {
    std::string name = sql::to_lower(charset);
    return name == "utf8" ? "utf8mb3" : name;
}

std::string canonical_collation(std::string_view collation) {
    std::string name = sql::to_lower(collation);
    return name.starts_with("utf8_") ? "utf8mb3_" + name.substr(5) : name;
}

std::uint32_t max_char_bytes(std::string_view charset) noexcept {
    const Charset* const found = find_charset(charset);
    return found == nullptr ? 1 : found->max_bytes;
}

std::string builtin_collation(std::string_view charset) {
    const Charset* const found = find_charset(charset);
    return found == nullptr ? std::string(charset) + "_general_ci" : std::string(found->collation);
}

std::string charset_of_collation(std::string_view collation) {
    if (collation.starts_with("uca1400_")) return {};
    return std::string(collation.substr(0, collation.find('_')));
}

}  // namespace dm::schema
