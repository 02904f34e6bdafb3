#include "unit/copy/create_table.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "core/sql/lexer.h"
#include "core/sql/statement_pieces.h"
#include "core/sql/storage_engine.h"

namespace dm::copy {
namespace {

using sql::Piece;
using sql::PieceKind;
using sql::Pieces;
using sql::split_pieces;
using sql::unquoted;

/// What stands between two commas of a CREATE TABLE's outer parentheses.
struct Definition {
    std::vector<Piece> pieces;
    [[nodiscard]] bool has_word(std::string_view word) const {
        return std::ranges::any_of(pieces, [&](const Piece& piece) {
            return piece.kind == PieceKind::Word && sql::equal_ignoring_case(piece.text, word);
        });
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
    /// A column's type, in capitals.
    [[nodiscard]] std::string word_after_name() const {
        const auto name = std::ranges::find(pieces, PieceKind::Name, &Piece::kind);
        const auto word = std::find_if(name, pieces.end(), [](const Piece& p) { return p.kind == PieceKind::Word; });
        return word == pieces.end() ? std::string() : sql::to_upper(word->text);
    }
    /// Names something, other than by its first name, which is its own.
    [[nodiscard]] bool refers_to(std::string_view quoted) const {
        const auto own = std::ranges::find(pieces, PieceKind::Name, &Piece::kind);
        return own != pieces.end() && std::any_of(own + 1, pieces.end(), [&](const Piece& piece) {
                   return piece.kind == PieceKind::Name && sql::equal_ignoring_case(piece.text, quoted);
               });
    }
    [[nodiscard]] bool is_plain_index() const {
        const auto lead = std::ranges::find_if(pieces, [](const Piece& p) { return p.kind != PieceKind::Blank; });
        return lead != pieces.end() && lead->kind == PieceKind::Word && sql::equal_ignoring_case(lead->text, "KEY");
    }
    [[nodiscard]] bool is_foreign_key() const { return has_word("FOREIGN"); }
    [[nodiscard]] std::string text() const {
        const std::string text = sql::join_pieces(pieces);
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
    for (Piece& piece : split_pieces(create_table)) {
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

std::string assembled(const TableText& table, const std::vector<std::string>& definitions) {
    return fmt::format("{}\n  {}\n{}", table.head, fmt::join(definitions, ",\n  "), table.tail);
}

}  // namespace

WithoutIndexes take_out_indexes(std::string_view create_table) {
    TableText table = dissect(create_table);
    WithoutIndexes result{.create_table = std::string(create_table), .indexes = {}};
    std::string counter;  // the AUTO_INCREMENT column
    for (const Definition& definition : table.definitions) {
        if (definition.is_foreign_key()) return result;
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
    if (!result.indexes.empty()) result.create_table = assembled(table, kept);
    return result;
}

WithoutForeignKeys take_out_foreign_keys(std::string_view create_table) {
    const TableText table = dissect(create_table);
    WithoutForeignKeys result{.create_table = std::string(create_table), .keys = {}};
    std::vector<std::string> kept;
    for (const Definition& definition : table.definitions)
        (definition.is_foreign_key() ? result.keys : kept).push_back(definition.text());
    if (!result.keys.empty()) result.create_table = assembled(table, kept);
    return result;
}

bool lacks_transactions(std::string_view create_table) {
    const std::string tail = dissect(create_table).tail;
    const std::vector<Piece> pieces = split_pieces(tail);
    const auto option = std::ranges::find(pieces, "ENGINE", &Piece::text);
    constexpr std::ptrdiff_t kValue = 2;  // after the equals sign
    return pieces.end() - option > kValue && !sql::has_transactions(option[kValue].text);
}

std::vector<std::string> zoned_columns(std::string_view create_table) {
    const TableText table = dissect(create_table);
    std::vector<std::string> timestamps;
    for (const Definition& definition : table.definitions) {
        if (definition.word_after_name() == "TIMESTAMP") timestamps.push_back(definition.name(0));
    }
    std::vector<std::string> columns;
    for (const Definition& definition : table.definitions) {
        if (!definition.has_word("STORED") && !definition.has_word("PERSISTENT")) continue;
        const bool is_zoned =
            definition.has_word("FROM_UNIXTIME") || definition.has_word("UNIX_TIMESTAMP") ||
            std::ranges::any_of(timestamps, [&](const auto& name) { return definition.refers_to(name); });
        if (is_zoned) columns.push_back(definition.name(0));
    }
    return columns;
}

std::string index_name(std::string_view definition) {
    const std::vector<Piece> pieces = split_pieces(definition);
    const auto name = std::ranges::find(pieces, PieceKind::Name, &Piece::kind);
    return name == pieces.end() ? std::string() : sql::unquoted(*name);
}

std::string retarget_create_table(std::string_view create_table, const model::TableName& target,
                                  const ParentRoute& route) {
    Pieces pieces(create_table);
    constexpr std::size_t kName = 4;
    ensure(create_table.starts_with("CREATE TABLE ") && pieces.size() > kName && pieces[kName].kind == PieceKind::Name,
           ErrorCode::CopyPlan,
           fmt::format("the upstream describes the table for {} in an unknown way: {}", target.quoted(),
                       create_table.substr(0, 60)));
    pieces[kName].text = "IF NOT EXISTS " + target.quoted();
    for (std::size_t i = kName + 1; i < pieces.size(); ++i) {
        const std::size_t first = pieces.after(i);
        if (!pieces.is_word(i, "REFERENCES") || first >= pieces.size() || pieces[first].kind != PieceKind::Name)
            continue;
        const std::size_t dot = pieces.after(first);
        const bool has_schema = pieces.is_sign(dot, '.') && pieces.after(dot) < pieces.size();
        const std::size_t last = has_schema ? pieces.after(dot) : first;
        const model::TableName parent{has_schema ? unquoted(pieces[first]) : std::string(), unquoted(pieces[last])};
        pieces.take_out(first, last);
        pieces[last].text = route(parent).quoted();
    }
    return pieces.text();
}

std::string comparable_structure(std::string_view create_table) {
    std::string result;
    const std::vector<Piece> pieces = split_pieces(create_table);
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
