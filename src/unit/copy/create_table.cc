#include "unit/copy/create_table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::copy {
namespace {

/// Pieces of a statement: enough to tell words from names, texts and comments.
enum class PieceKind : std::uint8_t { Word, Name, Text, Comment, Blank, Sign };

struct Piece {
    PieceKind kind;
    std::string text;
};

bool is_word_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || (c & '\x80') != 0;
}

/// End of what is quoted from `begin` on; a doubled quote and, in texts, a backslash continue it.
std::size_t end_of_quoted(std::string_view text, std::size_t begin) {
    const char quote = text[begin];
    std::size_t i = begin + 1;
    while (i < text.size()) {
        if (text[i] == '\\' && quote != '`') {
            i += 2;
        } else if (text[i] != quote) {
            ++i;
        } else if (i + 1 < text.size() && text[i + 1] == quote) {
            i += 2;
        } else {
            return i + 1;
        }
    }
    return text.size();
}

template <typename Predicate>
std::size_t end_of_run(std::string_view text, std::size_t begin, const Predicate& belongs) {
    while (begin < text.size() && belongs(text[begin])) ++begin;
    return begin;
}

Piece next_piece(std::string_view text, std::size_t begin) {
    const char c = text[begin];
    PieceKind kind = PieceKind::Sign;
    std::size_t end = begin + 1;
    if (c == '`') {
        kind = PieceKind::Name;
        end = end_of_quoted(text, begin);
    } else if (c == '\'' || c == '"') {
        kind = PieceKind::Text;
        end = end_of_quoted(text, begin);
    } else if (text.substr(begin, 2) == "/*") {
        kind = PieceKind::Comment;
        const std::size_t close = text.find("*/", begin + 2);
        end = close == std::string_view::npos ? text.size() : close + 2;
    } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
        kind = PieceKind::Blank;
        end = end_of_run(text, begin, [](char x) { return std::isspace(static_cast<unsigned char>(x)) != 0; });
    } else if (is_word_char(c)) {
        kind = PieceKind::Word;
        end = end_of_run(text, begin, is_word_char);
    }
    return {kind, std::string(text.substr(begin, end - begin))};
}

std::vector<Piece> split(std::string_view text) {
    std::vector<Piece> pieces;
    for (std::size_t i = 0; i < text.size();) {
        pieces.push_back(next_piece(text, i));
        i += pieces.back().text.size();
    }
    return pieces;
}

std::string upper(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return result;
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

/// One statement under adaptation.
class Adapter {
  public:
    Adapter(std::string_view statement, const model::ServerVersion& target)
        : pieces_(split(statement)), target_(target) {}

    AdaptedStatement run() {
        drop_comments();
        adapt_collations();
        adapt_charsets();
        adapt_table_options();
        adapt_types();
        AdaptedStatement adapted;
        for (const Piece& piece : pieces_) adapted.text += piece.text;
        adapted.changes = std::move(changes_);
        return adapted;
    }

  private:
    [[nodiscard]] bool is_word(std::size_t i, std::string_view word) const {
        return i < pieces_.size() && pieces_[i].kind == PieceKind::Word && upper(pieces_[i].text) == word;
    }

    /// The next piece that is neither blank nor an equals sign.
    [[nodiscard]] std::size_t value_after(std::size_t i) const {
        ++i;
        while (i < pieces_.size() && (pieces_[i].kind == PieceKind::Blank || pieces_[i].text == "=")) ++i;
        return i;
    }

    void note(std::string change) {
        if (std::ranges::find(changes_, change) == changes_.end()) changes_.push_back(std::move(change));
    }

    void replace(std::size_t i, std::string text, std::string_view what) {
        if (pieces_[i].text == text) return;
        note(text.empty() ? fmt::format("{} {} left out", what, pieces_[i].text)
                          : fmt::format("{} {} -> {}", what, pieces_[i].text, text));
        pieces_[i].text = std::move(text);
    }

    /// Conditional comments of one family mean nothing, or something else, to the other.
    void drop_comments() {
        for (Piece& piece : pieces_) {
            const bool is_conditional =
                piece.kind == PieceKind::Comment && (piece.text.starts_with("/*!") || piece.text.starts_with("/*M!"));
            if (!is_conditional || piece.text.find("PARTITION") != std::string::npos) continue;
            note(fmt::format("{} left out", piece.text));
            piece.text.clear();
        }
    }

    void adapt_collations() {
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            if (!is_word(i, "COLLATE")) continue;
            const std::size_t value = value_after(i);
            if (value < pieces_.size()) replace(value, adapt_collation(pieces_[value].text, target_), "collation");
        }
    }

    void adapt_charsets() {
        if (target_.flavor == model::Flavor::MySql || target_.is_at_least(10, 6)) return;
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            if (is_word(i, "UTF8MB3")) replace(i, "utf8", "charset");
        }
    }

    [[nodiscard]] std::string option_name(std::size_t i) const {
        const std::string& text = pieces_[i].text;
        return upper(pieces_[i].kind == PieceKind::Name ? text.substr(1, text.size() - 2) : text);
    }

    /// Removes "NAME=value" and the blank before it.
    void drop_option(std::size_t i) {
        const std::size_t value = value_after(i);
        std::string option;
        for (std::size_t k = i; k <= value && k < pieces_.size(); ++k) option += std::exchange(pieces_[k].text, {});
        if (i > 0 && pieces_[i - 1].kind == PieceKind::Blank) pieces_[i - 1].text.clear();
        note(fmt::format("option {} left out", option));
    }

    void adapt_table_options() {
        static constexpr auto kDropped = std::to_array<std::string_view>(
            {"ROW_FORMAT", "KEY_BLOCK_SIZE", "PAGE_CHECKSUM", "PAGE_COMPRESSED", "PAGE_COMPRESSION_LEVEL",
             "TRANSACTIONAL", "ENCRYPTION", "ENCRYPTED", "ENCRYPTION_KEY_ID", "COMPRESSION", "STATS_PERSISTENT",
             "STATS_AUTO_RECALC", "STATS_SAMPLE_PAGES", "TABLESPACE", "AUTOEXTEND_SIZE", "SECONDARY_ENGINE",
             "CONNECTION", "UNION", "INSERT_METHOD"});
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            // MariaDB quotes the names of options that belong to an engine.
            if (pieces_[i].kind != PieceKind::Word && pieces_[i].kind != PieceKind::Name) continue;
            const bool has_equals = i + 1 < pieces_.size() && pieces_[i + 1].text == "=";
            if (has_equals && option_name(i) == "ENGINE") {
                adapt_engine(value_after(i));
            } else if (has_equals && std::ranges::find(kDropped, option_name(i)) != kDropped.end()) {
                drop_option(i);
            } else if (pieces_[i].kind == PieceKind::Word && is_word(i, "WITH") && is_word(i + 2, "SYSTEM") &&
                       is_word(i + 4, "VERSIONING")) {
                for (std::size_t k = i; k <= i + 4; ++k) pieces_[k].text.clear();
                note("WITH SYSTEM VERSIONING left out");
            }
        }
    }

    void adapt_engine(std::size_t value) {
        static constexpr auto kKnown =
            std::to_array<std::string_view>({"INNODB", "MYISAM", "MEMORY", "CSV", "ARCHIVE"});
        if (value >= pieces_.size() || std::ranges::find(kKnown, upper(pieces_[value].text)) != kKnown.end()) return;
        replace(value, "InnoDB", "engine");
    }

    /// Types that the other kind of server lacks, or names otherwise, right after a column's name.
    void adapt_types() {
        using Types = std::vector<std::pair<std::string_view, std::string_view>>;
        static const Types of_mariadb = {{"UUID", "char(36) CHARACTER SET ascii"},
                                         {"INET4", "varchar(15) CHARACTER SET ascii"},
                                         {"INET6", "varchar(45) CHARACTER SET ascii"}};
        static const Types of_mysql = {{"GEOMCOLLECTION", "geometrycollection"}};
        const Types& types = target_.flavor == model::Flavor::MySql ? of_mariadb : of_mysql;
        for (std::size_t i = 2; i < pieces_.size(); ++i) {
            if (pieces_[i].kind != PieceKind::Word || pieces_[i - 1].kind != PieceKind::Blank ||
                pieces_[i - 2].kind != PieceKind::Name)
                continue;
            for (const auto& [from, to] : types) {
                if (is_word(i, from)) replace(i, std::string(to), "type");
            }
        }
    }

    std::vector<Piece> pieces_;
    model::ServerVersion target_;
    std::vector<std::string> changes_;
};

/// What stands between two commas of a CREATE TABLE's outer parentheses.
struct Definition {
    std::vector<Piece> pieces;
    [[nodiscard]] bool has_word(std::string_view word) const {
        return std::ranges::any_of(
            pieces, [&](const Piece& piece) { return piece.kind == PieceKind::Word && upper(piece.text) == word; });
    }
    [[nodiscard]] std::string first(PieceKind kind) const {
        const auto found = std::ranges::find(pieces, kind, &Piece::kind);
        return found == pieces.end() ? std::string() : found->text;
    }
    /// The n-th quoted name, from 0.
    [[nodiscard]] std::string name(std::size_t n) const {
        for (const Piece& piece : pieces) {
            if (piece.kind == PieceKind::Name && n-- == 0) return piece.text;
        }
        return {};
    }
    [[nodiscard]] bool is_plain_index() const {
        const auto lead = std::ranges::find_if(pieces, [](const Piece& p) { return p.kind != PieceKind::Blank; });
        return lead != pieces.end() && lead->kind == PieceKind::Word && upper(lead->text) == "KEY";
    }
    [[nodiscard]] std::string text() const {
        std::string text;
        for (const Piece& piece : pieces) text += piece.text;
        const std::size_t begin = text.find_first_not_of(" \n");
        return begin == std::string::npos ? std::string()
                                          : text.substr(begin, text.find_last_not_of(" \n") + 1 - begin);
    }
};

/// The parts of a CREATE TABLE: up to and with the opening parenthesis, the definitions, the rest.
struct TableText {
    std::string head;
    std::vector<Definition> definitions;
    std::string tail;
};

TableText dissect(std::string_view create_table) {
    TableText table;
    int depth = 0;
    bool is_over = false;
    for (Piece& piece : split(create_table)) {
        const bool is_sign = piece.kind == PieceKind::Sign;
        if (is_sign && piece.text == ")" && --depth == 0) is_over = true;
        if (is_over) {
            table.tail += piece.text;
        } else if (depth == 0) {
            table.head += piece.text;
        } else if (is_sign && piece.text == "," && depth == 1) {
            table.definitions.emplace_back();
        } else {
            table.definitions.back().pieces.push_back(piece);
        }
        if (!is_over && is_sign && piece.text == "(" && ++depth == 1) table.definitions.emplace_back();
    }
    return table;
}

std::string mariadb_collation(const std::string& name, const model::ServerVersion& target) {
    if (!name.starts_with("utf8mb4_") || name.find("0900") == std::string::npos) return name;
    if (name == "utf8mb4_0900_bin") return "utf8mb4_nopad_bin";
    if (!target.is_at_least(10, 10)) return "utf8mb4_unicode_520_nopad_ci";
    const std::string_view tail = std::string_view(name).substr(name.find("0900") + 4);
    return fmt::format("utf8mb4_uca1400_nopad{}", tail);
}

std::string mysql_collation(const std::string& name, const model::ServerVersion& target) {
    const bool has_0900 = target.is_at_least(8, 0);
    if (name.find("uca1400") != std::string::npos) {
        const std::string charset = name.substr(0, name.find('_'));
        const bool is_utf8mb4 = charset == "utf8mb4" || charset == "uca1400";
        if (!is_utf8mb4 || !has_0900) return fmt::format("{}_unicode_520_ci", is_utf8mb4 ? "utf8mb4" : charset);
        return fmt::format("utf8mb4_0900_{}", name.ends_with("as_cs")   ? "as_cs"
                                              : name.ends_with("as_ci") ? "as_ci"
                                                                        : "ai_ci");
    }
    const std::size_t nopad = name.find("_nopad");
    if (nopad == std::string::npos) return name;
    if (name == "utf8mb4_nopad_bin" && has_0900) return "utf8mb4_0900_bin";
    return name.substr(0, nopad) + name.substr(nopad + 6);
}

}  // namespace

std::string adapt_collation(std::string_view collation, const model::ServerVersion& target) {
    const std::string name = lower(collation);
    return target.flavor == model::Flavor::MariaDb ? mariadb_collation(name, target) : mysql_collation(name, target);
}

AdaptedStatement adapt_statement(std::string_view statement, const model::ServerVersion& target) {
    return Adapter(statement, target).run();
}

std::string translate_hidden(std::string_view create_table, const model::ServerVersion& target) {
    std::string text;
    for (Piece& piece : split(create_table)) {
        const bool is_known = target.flavor == model::Flavor::MariaDb && piece.kind == PieceKind::Comment;
        if (is_known && piece.text == "/*!80023 INVISIBLE */" && target.is_at_least(10, 3)) piece.text = "INVISIBLE";
        if (is_known && piece.text == "/*!80000 INVISIBLE */" && target.is_at_least(10, 6)) piece.text = "IGNORED";
        text += piece.text;
    }
    return text;
}

std::string state_collations(std::string_view create_table, const CollationDefaults& defaults) {
    std::string text;
    const std::vector<Piece> pieces = split(create_table);
    const auto word = [&](std::size_t i) {
        return i < pieces.size() && pieces[i].kind == PieceKind::Word ? upper(pieces[i].text) : std::string();
    };
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        text += pieces[i].text;
        // SHOW CREATE TABLE writes "CHARACTER SET x" in a column and "CHARSET=x" among the options.
        const bool is_of_column = i >= 4 && word(i - 4) == "CHARACTER" && word(i - 2) == "SET";
        const bool is_of_table = i >= 2 && word(i - 2) == "CHARSET" && pieces[i - 1].text == "=";
        if ((!is_of_column && !is_of_table) || word(i + 2) == "COLLATE") continue;
        const auto found = defaults.find(lower(pieces[i].text));
        if (found != defaults.end()) text += fmt::format(" COLLATE{}{}", is_of_table ? "=" : " ", found->second);
    }
    return text;
}

WithoutIndexes take_out_indexes(std::string_view create_table) {
    TableText table = dissect(create_table);
    WithoutIndexes result{.create_table = std::string(create_table), .indexes = {}};
    std::string counter;  // the AUTO_INCREMENT column
    for (const Definition& definition : table.definitions) {
        if (definition.has_word("FOREIGN")) return result;
        if (definition.has_word("AUTO_INCREMENT")) counter = definition.first(PieceKind::Name);
    }
    if (table.tail.find("ENGINE=InnoDB") == std::string::npos) return result;
    std::vector<std::string> kept;
    for (const Definition& definition : table.definitions) {
        const bool counts = !counter.empty() && definition.name(1) == counter;
        if (definition.is_plain_index() && !counts) {
            result.indexes.push_back(definition.text());
        } else {
            kept.push_back(definition.text());
        }
    }
    if (!result.indexes.empty())
        result.create_table = fmt::format("{}\n  {}\n{}", table.head, fmt::join(kept, ",\n  "), table.tail);
    return result;
}

std::string index_name(std::string_view definition) {
    for (const Piece& piece : split(definition)) {
        if (piece.kind != PieceKind::Name) continue;
        std::string name;
        for (std::size_t i = 1; i + 1 < piece.text.size(); ++i) {
            if (piece.text[i] == '`') ++i;  // doubled
            name += piece.text[i];
        }
        return name;
    }
    return {};
}

std::string retarget_create_table(std::string_view create_table, const model::TableName& target) {
    constexpr std::string_view kHead = "CREATE TABLE `";
    ensure(create_table.starts_with(kHead), ErrorCode::CopyPlan,
           fmt::format("the upstream describes the table for {} in an unknown way: {}", target.quoted(),
                       create_table.substr(0, 60)));
    const std::size_t end = end_of_quoted(create_table, kHead.size() - 1);
    return fmt::format("CREATE TABLE IF NOT EXISTS {}{}", target.quoted(), create_table.substr(end));
}

std::string comparable_structure(std::string_view create_table) {
    std::string result;
    const std::vector<Piece> pieces = split(create_table);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const bool is_counter = pieces[i].kind == PieceKind::Word && pieces[i].text == "AUTO_INCREMENT" &&
                                i + 2 < pieces.size() && pieces[i + 1].text == "=";
        if (!is_counter) {
            result += pieces[i].text;
            continue;
        }
        i += 3;  // the equals sign, the number and the blank after it
    }
    return result;
}

}  // namespace dm::copy
