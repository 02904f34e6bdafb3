#include "core/sql/statement_charset.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include <fmt/format.h>
#include <iconv.h>

#include "base/error.h"
#include "core/sql/lexer.h"

namespace dm::sql {

namespace {

struct CharsetName {
    std::string_view server;
    const char* system;
};

/// Charsets a client may use, by their names for iconv. (A client's charset is never UCS-2, UTF-16 or UTF-32.)
constexpr std::array kNames = {
    CharsetName{"latin1", "CP1252"},      CharsetName{"latin2", "ISO-8859-2"},  CharsetName{"latin5", "ISO-8859-9"},
    CharsetName{"latin7", "ISO-8859-13"}, CharsetName{"gbk", "CP936"},          CharsetName{"gb2312", "EUC-CN"},
    CharsetName{"gb18030", "GB18030"},    CharsetName{"big5", "BIG5"},          CharsetName{"sjis", "SJIS"},
    CharsetName{"cp932", "CP932"},        CharsetName{"ujis", "EUC-JP"},        CharsetName{"eucjpms", "EUC-JP-MS"},
    CharsetName{"euckr", "EUC-KR"},       CharsetName{"cp1250", "CP1250"},      CharsetName{"cp1251", "CP1251"},
    CharsetName{"cp1256", "CP1256"},      CharsetName{"cp1257", "CP1257"},      CharsetName{"cp850", "CP850"},
    CharsetName{"cp852", "CP852"},        CharsetName{"cp866", "CP866"},        CharsetName{"greek", "ISO-8859-7"},
    CharsetName{"hebrew", "ISO-8859-8"},  CharsetName{"koi8r", "KOI8-R"},       CharsetName{"koi8u", "KOI8-U"},
    CharsetName{"tis620", "TIS-620"},     CharsetName{"macroman", "MACINTOSH"},
};

bool needs_no_conversion(std::string_view statement, std::string_view charset) {
    if (charset.empty() || charset.starts_with("utf8") || charset == "ascii" || charset == "binary") return true;
    return std::none_of(statement.begin(), statement.end(),
                        [](char c) { return static_cast<unsigned char>(c) >= 0x80U; });
}

/// Closes the converter whatever happens.
struct Converter {
    explicit Converter(const char* from) : handle(iconv_open("UTF-8", from)) {}
    ~Converter() {
        if (is_open()) iconv_close(handle);
    }
    Converter(const Converter&) = delete;
    Converter& operator=(const Converter&) = delete;
    [[nodiscard]] bool is_open() const { return reinterpret_cast<std::intptr_t>(handle) != -1; }
    iconv_t handle;
};

}  // namespace

std::string statement_to_utf8(std::string_view statement, std::string_view charset) {
    const std::string lowered = to_lower(charset);
    if (needs_no_conversion(statement, lowered)) return std::string(statement);
    const auto name =
        std::find_if(kNames.begin(), kNames.end(), [&](const CharsetName& n) { return n.server == lowered; });
    const Converter converter(name == kNames.end() ? "" : name->system);
    ensure(name != kNames.end() && converter.is_open(), ErrorCode::ParseSql,
           fmt::format("the statement is written in the charset {}, which cannot be read", charset));
    std::string source(statement);
    std::string converted(statement.size() * 3 + 8, '\0');
    char* in = source.data();
    char* out = converted.data();
    std::size_t in_left = source.size();
    std::size_t out_left = converted.size();
    while (iconv(converter.handle, &in, &in_left, &out, &out_left) == static_cast<std::size_t>(-1)) {
        ensure(lowered == "latin1" && errno == EILSEQ, ErrorCode::ParseSql, [&] {
            return fmt::format("byte {} of the statement is no character of its charset {}",
                               source.size() - in_left + 1, charset);
        });
        // Servers read the five bytes that Windows-1252 leaves open as control characters.
        *out++ = '\xc2';
        *out++ = *in++;
        --in_left;
        out_left -= 2;
    }
    converted.resize(converted.size() - out_left);
    return converted;
}

}  // namespace dm::sql
