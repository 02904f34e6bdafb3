#include "core/sql/collations.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/sql/lexer.h"
#include "core/sql/tidb_words.h"

namespace dm::sql {
namespace {

/// One language in MySQL's names (utf8mb4_sv_0900_ai_ci) and in MariaDB's (utf8mb4_uca1400_swedish_nopad_ai_ci). Of
/// several that MariaDB has one name for, the first is the one that is meant by it.
struct Language {
    std::string_view mysql;
    std::string_view mariadb;
    /// With letters compared only, both tell the same apart; elsewhere they differ in letters with two marks, and in
    /// those of neighbouring languages.
    bool is_alike = false;
};

constexpr auto kLanguages = std::to_array<Language>({
    {"", "", true},
    {"cs", "czech", false},
    {"da", "danish", false},
    {"de_pb", "german2", false},
    {"eo", "esperanto", true},
    {"es", "spanish", true},
    {"es_trad", "spanish2", true},
    {"et", "estonian", false},
    {"hr", "croatian", false},
    {"hu", "hungarian", false},
    {"is", "icelandic", false},
    {"la", "roman", false},
    {"lt", "lithuanian", false},
    {"lv", "latvian", false},
    {"pl", "polish", false},
    {"ro", "romanian", false},
    {"sk", "slovak", false},
    {"sl", "slovenian", false},
    {"sv", "swedish", false},
    {"tr", "turkish", false},
    {"vi", "vietnamese", true},
    // What follows MariaDB does not have under a name of its own.
    {"bg", "", true},
    {"bs", "croatian", false},
    {"gl", "spanish", true},
    {"mn_cyrl", "", true},
    {"nb", "danish", false},
    {"nn", "danish", false},
    {"ru", "", true},
    {"sr_latn", "croatian", false},
});

/// A collation of Unicode 9 (MySQL) or 14 (MariaDB), taken apart.
struct Unicode {
    std::string charset;
    std::string language;  ///< in the words of its server
    bool is_mysql = false;
    bool is_bin = false;
    bool tells_accents = false;
    bool tells_case = false;
    bool is_nopad = false;
};

bool take_tail(std::string& text, std::string_view tail) {
    if (!text.ends_with(tail)) return false;
    text.resize(text.size() - tail.size());
    return true;
}

std::optional<Unicode> parse_unicode(std::string name) {
    Unicode parsed;
    const std::size_t mysql = name.find("0900");
    const std::size_t mariadb = name.find("uca1400");
    if (mysql == std::string::npos && mariadb == std::string::npos) return std::nullopt;
    parsed.is_mysql = mysql != std::string::npos;
    parsed.charset = name.starts_with("uca1400") ? "utf8mb4" : name.substr(0, name.find('_'));
    if (parsed.is_mysql) {
        constexpr std::size_t kPrefix = std::string_view("utf8mb4_").size();
        const std::string_view rest = std::string_view(name).substr(mysql + std::string_view("0900_").size());
        if (mysql > kPrefix) parsed.language = name.substr(kPrefix, mysql - 1 - kPrefix);
        parsed.is_nopad = true;
        parsed.is_bin = rest == "bin";
        parsed.tells_accents = rest.starts_with("as") || parsed.is_bin;
        parsed.tells_case = rest.find("_cs") != std::string_view::npos || parsed.is_bin;
        return parsed;
    }
    parsed.tells_case = !take_tail(name, "_ci");
    (void)take_tail(name, "_cs");
    parsed.tells_accents = !take_tail(name, "_ai");
    (void)take_tail(name, "_as");
    parsed.is_nopad = take_tail(name, "_nopad");
    constexpr std::size_t kWord = std::string_view("uca1400_").size();
    if (name.size() > mariadb + kWord) parsed.language = name.substr(mariadb + kWord);
    return parsed;
}

const Language* find_language(const Unicode& collation) {
    const auto name = collation.is_mysql ? &Language::mysql : &Language::mariadb;
    const auto found = std::ranges::find(kLanguages, collation.language, name);
    return found == kLanguages.end() ? nullptr : &*found;
}

std::string strength(const Unicode& collation) {
    return fmt::format("{}_{}", collation.tells_accents ? "as" : "ai", collation.tells_case ? "cs" : "ci");
}

std::string mariadb_collation(const std::string& name, const model::ServerVersion& target) {
    const bool has_uca1400 = target.is_at_least(10, 10);
    const auto unicode = parse_unicode(name);
    if (!unicode || (!unicode->is_mysql && has_uca1400)) return name;
    if (!unicode->is_mysql)
        return fmt::format("{}_unicode_520_{}ci", unicode->charset, unicode->is_nopad ? "nopad_" : "");
    if (unicode->is_bin) return "utf8mb4_nopad_bin";
    if (!has_uca1400) return "utf8mb4_unicode_520_nopad_ci";
    const Language* language = find_language(*unicode);
    const std::string_view word = language == nullptr ? "" : language->mariadb;
    return fmt::format("utf8mb4_uca1400_{}{}nopad_{}", word, word.empty() ? "" : "_", strength(*unicode));
}

/// MySQL has three strengths for the root of all languages, for each of them two.
std::string mysql_unicode(Unicode collation) {
    const Language* language = find_language(collation);
    if (collation.tells_case) collation.tells_accents = true;
    const std::string_view word = language == nullptr ? "" : language->mysql;
    if (!word.empty() && collation.tells_accents) collation.tells_case = true;
    return fmt::format("utf8mb4_{}{}0900_{}", word, word.empty() ? "" : "_", strength(collation));
}

std::string mysql_collation(const std::string& name, const model::ServerVersion& target) {
    const bool has_0900 = target.is_at_least(8, 0);
    if (const auto unicode = parse_unicode(name)) {
        if (unicode->is_mysql && has_0900) return name;
        if (unicode->is_bin) return "utf8mb4_bin";
        if (unicode->charset == "utf8mb4" && has_0900) return mysql_unicode(*unicode);
        return fmt::format("{}_unicode_520_ci", unicode->charset);
    }
    const std::size_t nopad = name.find("_nopad");
    if (nopad == std::string::npos) return name;
    if (name == "utf8mb4_nopad_bin" && has_0900) return "utf8mb4_0900_bin";
    return name.substr(0, nopad) + name.substr(nopad + 6);
}

bool is_nopad(std::string_view name) {
    return name == "binary" || name.find("_nopad_") != std::string_view::npos ||
           name.find("0900") != std::string_view::npos;
}

std::string_view charset_of(std::string_view name) {
    return name.starts_with("uca1400") ? "utf8mb4" : name.substr(0, name.find('_'));
}

bool is_unicode(std::string_view charset) {
    return charset.starts_with("utf8") || charset.starts_with("utf16") || charset == "utf32" || charset == "ucs2";
}

/// The name without its character set, and without what it says of trailing spaces.
std::string rules_of(std::string name) {
    if (const std::size_t nopad = name.find("_nopad"); nopad != std::string::npos)
        name.erase(nopad, std::string_view("_nopad").size());
    const std::size_t line = name.find('_');
    return line == std::string::npos ? name : name.substr(line + 1);
}

/// By the words of both servers. The strongest comparison tells apart by marks what languages make letters of.
bool is_as_fine_unicode(const Unicode& source, const Unicode& target) {
    if (source.is_bin || (source.tells_accents && !target.tells_accents) || (source.tells_case && !target.tells_case))
        return false;
    if (source.is_mysql == target.is_mysql && source.language == target.language) return true;
    const Language* from = find_language(source);
    const Language* into = find_language(target);
    if (from == nullptr || into == nullptr) return false;
    if (target.tells_accents && target.tells_case && source.charset == target.charset) return true;
    return from->mariadb == into->mariadb && from->is_alike && into->is_alike;
}

/// Apart from trailing spaces.
bool is_as_fine_unpadded(const std::string& source, const std::string& target) {
    const std::string_view from = charset_of(source);
    const std::string_view into = charset_of(target);
    if (from != into && !(is_unicode(into) && into != "ucs2" && into != "utf8mb3")) return false;
    if (target.ends_with("_bin")) return true;
    if ((from == into || is_unicode(from)) && rules_of(source) == rules_of(target)) return true;
    const auto unicode = parse_unicode(source);
    if (!unicode) return false;
    if (const auto other = parse_unicode(target)) return is_as_fine_unicode(*unicode, *other);
    // An older Unicode tells apart more, as long as nothing but letters counts.
    const bool is_letters = !unicode->tells_accents && !unicode->tells_case && unicode->language.empty();
    return is_letters && rules_of(target) == "unicode_520_ci";
}

std::string named_in_full(std::string_view collation) {
    std::string name = to_lower(collation);
    if (name.starts_with("utf8_")) name.insert(4, "mb3");
    return name;
}

std::string bytes_collation(std::string_view name, const model::ServerVersion& target) {
    const std::string_view charset = charset_of(name);
    if (!is_nopad(name) || target.is_tidb) return fmt::format("{}_bin", charset);
    if (target.flavor == model::Flavor::MariaDb) return fmt::format("{}_nopad_bin", charset);
    return charset == "utf8mb4" && target.is_at_least(8, 0) ? "utf8mb4_0900_bin" : fmt::format("{}_bin", charset);
}

}  // namespace

std::string adapt_collation(std::string_view collation, const model::ServerVersion& target) {
    const std::string name = to_lower(collation);
    if (target.is_tidb) return tidb_collation(name, target);
    return target.flavor == model::Flavor::MariaDb ? mariadb_collation(name, target) : mysql_collation(name, target);
}

std::string adapt_key_collation(std::string_view collation, const model::ServerVersion& target) {
    std::string nearest = adapt_collation(collation, target);
    if (is_as_fine(collation, nearest)) return nearest;
    std::string bytes = bytes_collation(to_lower(collation), target);
    if (target.is_tidb) bytes = tidb_collation(bytes, target);
    // Where only trailing spaces are lost either way, the nearest it is.
    const bool gains = is_as_fine(collation, bytes) || !is_as_fine_unpadded(named_in_full(collation), nearest);
    return gains ? bytes : nearest;
}

bool is_as_fine(std::string_view source, std::string_view target) {
    const std::string from = named_in_full(source);
    const std::string into = named_in_full(target);
    if (from == into || from.empty() || into == "binary") return true;
    if (into.empty()) return false;
    if (from == "binary") return into.ends_with("_bin") && is_nopad(into);
    return (is_nopad(into) || !is_nopad(from)) && is_as_fine_unpadded(from, into);
}

}  // namespace dm::sql
