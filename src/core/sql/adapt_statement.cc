#include "core/sql/adapt_statement.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "core/sql/check_constraints.h"
#include "core/sql/collations.h"
#include "core/sql/ddl_parser.h"
#include "core/sql/lexer.h"
#include "core/sql/server_words.h"
#include "core/sql/statement_pieces.h"
#include "core/sql/tidb_words.h"

namespace dm::sql {
namespace {

/// A column that the statement defines: its type and what follows, in bytes of the text.
struct ColumnText {
    Span span;
    bool has_text = false;  ///< a type that has a collation, and none is said
    bool is_key = false;    ///< of a unique key, or of a foreign one, which must be like that
    std::size_t first_piece = 0;
    std::size_t end_piece = 0;
};

bool has_collated_type(const TypeSpec& type) {
    return type.name.find("char") != std::string::npos || type.name.find("text") != std::string::npos ||
           type.name == "enum" || type.name == "set";
}

bool is_key_part(const KeySpec& key, std::string_view column) {
    const bool is_unique = key.kind == KeyKind::Primary || key.kind == KeyKind::Unique;
    return is_unique && std::ranges::any_of(key.parts, [&](const KeyPartSpec& part) {
               return equal_ignoring_case(part.column, column);
           });
}

bool is_key_part(const ForeignKeySpec& key, std::string_view column) {
    return std::ranges::any_of(key.columns, [&](const std::string& name) { return equal_ignoring_case(name, column); });
}

ColumnText column_text(const ColumnSpec& column, const auto& keys, const auto& foreign_keys) {
    const auto is_in = [&](const auto& key) { return is_key_part(key, column.name); };
    return {.span = column.span,
            .has_text = has_collated_type(column.type) && column.type.collation.empty() &&
                        !column.type.has_binary_attribute && column.type.charset.empty(),
            .is_key = column.key == InlineKey::Primary || column.key == InlineKey::Unique ||
                      std::ranges::any_of(keys, is_in) || std::ranges::any_of(foreign_keys, is_in)};
}

std::vector<ColumnText> columns_of(const AlterTable& alter) {
    std::vector<KeySpec> keys;
    std::vector<ForeignKeySpec> foreign_keys;
    for (const AlterAction& action : alter.actions) {
        if (const auto* key = std::get_if<AddKey>(&action)) keys.push_back(key->key);
        if (const auto* key = std::get_if<AddForeignKey>(&action)) foreign_keys.push_back(key->key);
    }
    std::vector<ColumnText> columns;
    for (const AlterAction& action : alter.actions) {
        if (const auto* add = std::get_if<AddColumn>(&action))
            columns.push_back(column_text(add->column, keys, foreign_keys));
        if (const auto* change = std::get_if<ChangeColumn>(&action))
            columns.push_back(column_text(change->column, keys, foreign_keys));
    }
    return columns;
}

/// The columns that a statement defines; none where it cannot be read.
std::vector<ColumnText> find_columns(std::string_view statement) {
    std::vector<ColumnText> columns;
    try {
        const DdlStatement ddl = parse_ddl(statement, {.default_schema = "any", .sql_mode = 0, .is_mariadb = true});
        if (const auto* create = std::get_if<CreateTable>(&ddl)) {
            for (const ColumnSpec& column : create->columns)
                columns.push_back(column_text(column, create->keys, create->foreign_keys));
        } else if (const auto* alter = std::get_if<AlterTable>(&ddl)) {
            columns = columns_of(*alter);
        }
    } catch (const Error& error) {
        if (error.code() != ErrorCode::ParseSql) throw;
    }
    return columns;
}

/// One statement under adaptation.
class Adapter {
  public:
    Adapter(std::string_view statement, const model::ServerVersion& target)
        : pieces_(statement), columns_(find_columns(statement)), target_(target) {
        std::size_t end = 0;
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            const std::size_t begin = std::exchange(end, end + pieces_[i].text.size());
            for (ColumnText& column : columns_) {
                if (column.span.begin == begin) column.first_piece = i;
                if (begin < column.span.end) column.end_piece = i + 1;
            }
        }
        std::erase_if(columns_, [](const ColumnText& column) { return column.first_piece == 0; });
    }

    AdaptedStatement run() {
        adapt_types();
        drop_periods();
        adapt_words();
        if (target_.is_tidb) adapt_to_tidb(pieces_, [this](std::string change) { note(std::move(change)); });
        drop_comments();
        adapt_collations();
        adapt_charsets();
        adapt_defaults();
        adapt_table_options();
        AdaptedStatement adapted;
        adapted.text = pieces_.text();
        adapted.changes = std::move(changes_);
        return adapted;
    }

  private:
    [[nodiscard]] bool is_for_mariadb() const { return target_.flavor == model::Flavor::MariaDb; }

    void note(std::string change) {
        if (std::ranges::find(changes_, change) == changes_.end()) changes_.push_back(std::move(change));
    }

    void replace(std::size_t i, std::string text, std::string_view what) {
        if (pieces_[i].text == text) return;
        note(fmt::format("{} {} -> {}", what, pieces_[i].text, text));
        pieces_[i].text = std::move(text);
    }

    void adapt_words() {
        std::vector<ColumnPieces> columns;
        for (const ColumnText& column : columns_)
            columns.push_back({.type = column.first_piece, .end = column.end_piece});
        const auto adapt = is_for_mariadb() ? adapt_to_mariadb : adapt_to_mysql;
        adapt(pieces_, columns, target_, [this](std::string change) { note(std::move(change)); });
    }

    /// Conditional comments of one family mean nothing, or something else, to the other.
    void drop_comments() {
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            Piece& piece = pieces_[i];
            const bool is_conditional =
                piece.kind == PieceKind::Comment && (piece.text.starts_with("/*!") || piece.text.starts_with("/*M!"));
            if (!is_conditional || piece.text.find("PARTITION") != std::string::npos) continue;
            note(fmt::format("{} left out", piece.text));
            piece.text.clear();
        }
    }

    /// PERIOD FOR name (a, b) of an application constrains the columns, no more. That of SYSTEM_TIME stays: without it
    /// the table would be another.
    void drop_periods() {
        if (is_for_mariadb()) return;
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            const std::size_t name = pieces_.after(pieces_.after(i));
            if (!pieces_.is_word(i, "PERIOD") || !pieces_.is_word(pieces_.after(i), "FOR") ||
                pieces_.is_word(name, "SYSTEM_TIME") || !pieces_.is_sign(pieces_.after(name), '('))
                continue;
            const auto previous = pieces_.before(i);
            const std::size_t begin = previous && pieces_.is_word(*previous, "ADD") ? *previous : i;
            note(fmt::format("period {} left out", pieces_[name].text));
            pieces_.take_out_listed(begin, pieces_.closing(pieces_.after(name)));
        }
    }

    void adapt_collations() {
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            if (!pieces_.is_word(i, "COLLATE")) continue;
            const std::size_t value = pieces_.value_after(i);
            if (value >= pieces_.size()) return;
            const auto column = std::ranges::find_if(
                columns_, [&](const ColumnText& c) { return i >= c.first_piece && i < c.end_piece; });
            const std::string name = unquoted(pieces_[value]);
            const bool is_key = column != columns_.end() && column->is_key;
            std::string adapted = is_key ? adapt_key_collation(name, target_) : adapt_collation(name, target_);
            if (equal_ignoring_case(adapted, name)) continue;
            if (column == columns_.end()) state_key_collations(name, adapted);
            replace(value, std::move(adapted), "collation");
        }
    }

    /// Columns of keys do not inherit what the table's default becomes if that tells apart less than it did.
    void state_key_collations(const std::string& name, const std::string& inherited) {
        const std::string wanted = adapt_key_collation(name, target_);
        if (wanted == inherited) return;
        for (const ColumnText& column : columns_) {
            if (!column.is_key || !column.has_text) continue;
            const std::size_t length = pieces_.after(column.first_piece);
            const bool has_length = pieces_.is_sign(length, '(');
            Piece& last = pieces_[has_length ? pieces_.closing(length) : column.first_piece];
            last.text += fmt::format(" COLLATE {}", wanted);
            note(fmt::format("collation {} -> {} in a key", name, wanted));
        }
    }

    void adapt_charsets() {
        if (!is_for_mariadb() || target_.is_at_least(10, 6)) return;
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            if (pieces_.is_word(i, "UTF8MB3")) replace(i, "utf8", "charset");
        }
    }

    /// Only MariaDB takes any function as a default without parentheses.
    void adapt_defaults() {
        if (is_for_mariadb()) return;
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            const std::size_t function = pieces_.after(i);
            if (!pieces_.is_word(i, "DEFAULT") || function >= pieces_.size()) continue;
            static constexpr auto kKnown =
                std::to_array<std::string_view>({"NOW", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP"});
            const bool is_call =
                pieces_[function].kind == PieceKind::Word && pieces_.is_sign(pieces_.after(function), '(');
            if (!is_call || std::ranges::find(kKnown, to_upper(pieces_[function].text)) != kKnown.end()) continue;
            const std::size_t end = pieces_.closing(pieces_.after(function));
            if (end >= pieces_.size()) return;
            note(fmt::format("default {}() in parentheses", pieces_[function].text));
            pieces_[function].text.insert(0, "(");
            pieces_[end].text += ")";
        }
    }

    /// Removes "NAME=value".
    void drop_option(std::size_t i) {
        note(fmt::format("option {} left out", pieces_.take_out_listed(i, pieces_.value_after(i))));
    }

    /// Whether an option of a table is set here. Without an equals sign most of their names may be a column's.
    [[nodiscard]] bool is_option(std::size_t i, std::string_view name) const {
        if (pieces_.is_sign(pieces_.after(i), '=')) return true;
        const std::size_t value = pieces_.after(i);
        if (name != "ROW_FORMAT" || value >= pieces_.size()) return false;
        static constexpr auto kFormats = std::to_array<std::string_view>(
            {"DEFAULT", "DYNAMIC", "FIXED", "COMPRESSED", "REDUNDANT", "COMPACT", "PAGE"});
        return std::ranges::find(kFormats, to_upper(pieces_[value].text)) != kFormats.end();
    }

    void adapt_table_options() {
        static constexpr auto kDropped = std::to_array<std::string_view>({"ROW_FORMAT",
                                                                          "KEY_BLOCK_SIZE",
                                                                          "PAGE_CHECKSUM",
                                                                          "PAGE_COMPRESSED",
                                                                          "PAGE_COMPRESSION_LEVEL",
                                                                          "TRANSACTIONAL",
                                                                          "ENCRYPTION",
                                                                          "ENCRYPTED",
                                                                          "ENCRYPTION_KEY_ID",
                                                                          "COMPRESSION",
                                                                          "STATS_PERSISTENT",
                                                                          "STATS_AUTO_RECALC",
                                                                          "STATS_SAMPLE_PAGES",
                                                                          "TABLESPACE",
                                                                          "AUTOEXTEND_SIZE",
                                                                          "SECONDARY_ENGINE",
                                                                          "ENGINE_ATTRIBUTE",
                                                                          "SECONDARY_ENGINE_ATTRIBUTE",
                                                                          "CONNECTION",
                                                                          "UNION",
                                                                          "INSERT_METHOD"});
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            // MariaDB quotes the names of options that belong to an engine.
            if (pieces_[i].kind != PieceKind::Word && pieces_[i].kind != PieceKind::Name) continue;
            const std::string name = to_upper(unquoted(pieces_[i]));
            if (name == "ENGINE" && is_option(i, name)) {
                adapt_engine(pieces_.value_after(i));
            } else if (std::ranges::find(kDropped, name) != kDropped.end() && is_option(i, name)) {
                drop_option(i);
            } else if (pieces_.is_word(i, "WITH") && pieces_.is_word(i + 2, "SYSTEM") &&
                       pieces_.is_word(i + 4, "VERSIONING")) {
                pieces_.take_out(i, i + 5);
                note("WITH SYSTEM VERSIONING left out");
            }
        }
    }

    void adapt_engine(std::size_t value) {
        static constexpr auto kKnown =
            std::to_array<std::string_view>({"INNODB", "MYISAM", "MEMORY", "CSV", "ARCHIVE"});
        if (value >= pieces_.size()) return;
        if (std::ranges::find(kKnown, to_upper(unquoted(pieces_[value]))) != kKnown.end()) return;
        replace(value, "InnoDB", "engine");
    }

    /// What the target has in place of a type; the same if it should know it.
    [[nodiscard]] std::string_view type_for_target(std::string_view type) const {
        const auto lacks = [&](int major, int minor) {
            return !is_for_mariadb() || !target_.is_at_least(major, minor);
        };
        if (type == "UUID" && lacks(10, 7)) return "char(36) CHARACTER SET ascii";
        if (type == "INET4" && lacks(10, 10)) return "varchar(15) CHARACTER SET ascii";
        if (type == "INET6" && lacks(10, 5)) return "varchar(45) CHARACTER SET ascii";
        if (type == "GEOMCOLLECTION" && is_for_mariadb()) return "geometrycollection";
        if (target_.is_tidb) return tidb_type(type);
        return type;
    }

    void adapt_types() {
        for (const ColumnText& column : columns_) {
            const std::string type = to_upper(pieces_[column.first_piece].text);
            const std::string_view known = type_for_target(type);
            if (known != type) replace(column.first_piece, std::string(known), "type");
        }
    }

    Pieces pieces_;
    std::vector<ColumnText> columns_;
    model::ServerVersion target_;
    std::vector<std::string> changes_;
};

/// CAST(x AS CHAR(3) CHARACTER SET y): no collation may stand there. `i` is the character set's keyword.
bool is_cast(const Pieces& pieces, std::size_t i) {
    auto type = pieces.before(i);
    if (type && pieces.is_sign(*type, ')')) {
        while (type && !pieces.is_sign(*type, '(')) type = pieces.before(*type);
        if (type) type = pieces.before(*type);
    }
    return type && pieces.is_word_before(*type, "AS");
}

/// `_utf8mb4` before a text with a quote or a backslash in it.
bool is_introduced_quote(const Piece& word, const Piece& text) {
    const bool is_introducer = word.kind == PieceKind::Word && equal_ignoring_case(word.text, "_utf8mb4");
    if (!is_introducer || text.kind != PieceKind::Text || text.text.size() < 2) return false;
    const std::string_view inner = std::string_view(text.text).substr(1, text.text.size() - 2);
    return inner.find_first_of("'\"\\") != std::string_view::npos;
}

/// Whether the definition that names a character set at `value` says a collation, too: before or after it, or by the
/// word BINARY.
bool has_collation(const Pieces& pieces, std::size_t keyword, std::size_t value) {
    auto previous = pieces.before(keyword);
    if (previous && (pieces.is_word(*previous, "DEFAULT") || pieces.is_sign(*previous, ',')))
        previous = pieces.before(*previous);
    if (previous) previous = pieces.before(*previous);
    if (previous && pieces.is_sign(*previous, '=')) previous = pieces.before(*previous);
    if (previous && pieces.is_word(*previous, "COLLATE")) return true;
    for (std::size_t i = pieces.after(value); i < pieces.size() && !pieces.is_sign(i, ')'); i = pieces.after(i)) {
        if (pieces.is_word(i, "COLLATE") || pieces.is_word(i, "BINARY")) return true;
        if (pieces.is_sign(i, '(')) i = pieces.closing(i);
        if (!pieces.is_sign(i, ',')) continue;
        // Options of a table may be separated by commas.
        std::size_t next = pieces.after(i);
        if (pieces.is_word(next, "DEFAULT")) next = pieces.after(next);
        if (!pieces.is_word(next, "COLLATE")) return false;
    }
    return false;
}

}  // namespace

AdaptedStatement adapt_statement(std::string_view statement, const model::ServerVersion& target) {
    if (target.flavor != model::Flavor::MariaDb) return Adapter(statement, target).run();
    AdaptedStatement enforced = without_unenforced_checks(translate_words(statement, target));
    if (enforced.text.empty()) return {.text = kNothingToDo, .changes = std::move(enforced.changes)};
    AdaptedStatement adapted = Adapter(enforced.text, target).run();
    adapted.changes.insert(adapted.changes.begin(), enforced.changes.begin(), enforced.changes.end());
    return adapted;
}

bool has_overlap_key(std::string_view statement) {
    const Pieces pieces(statement);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (pieces.is_word(i, "WITHOUT") && pieces.is_word(pieces.after(i), "OVERLAPS")) return true;
    }
    return false;
}

std::string translate_words(std::string_view statement, const model::ServerVersion& target) {
    if (target.flavor != model::Flavor::MariaDb) return std::string(statement);
    std::vector<Piece> pieces = split_pieces(statement);
    Piece* last = nullptr;
    for (Piece& piece : pieces) {
        const bool is_comment = piece.kind == PieceKind::Comment;
        if (is_comment && piece.text == "/*!80023 INVISIBLE */" && target.is_at_least(10, 3)) piece.text = "INVISIBLE";
        // Passed over, it would make a constraint that is enforced; as words it is refused, and adapted.
        if (is_comment && piece.text == "/*!80016 NOT ENFORCED */") piece.text = "NOT ENFORCED";
        if (is_comment && piece.text == "/*!80000 INVISIBLE */" && target.is_at_least(10, 6)) piece.text = "IGNORED";
        if (last != nullptr && is_introduced_quote(*last, piece)) last->text.clear();
        last = &piece;
    }
    return join_pieces(pieces);
}

std::string state_collations(std::string_view statement, const CollationDefaults& defaults) {
    Pieces pieces(statement);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const auto value = pieces.charset_at(i);
        if (!value || is_cast(pieces, i) || has_collation(pieces, i, *value)) continue;
        const auto found = defaults.find(to_lower(unquoted(pieces[*value])));
        if (found == defaults.end()) continue;
        const auto sign = pieces.before(*value);
        const bool is_option = sign && pieces.is_sign(*sign, '=');
        pieces[*value].text += fmt::format(" COLLATE{}{}", is_option ? "=" : " ", found->second);
    }
    return pieces.text();
}

}  // namespace dm::sql
