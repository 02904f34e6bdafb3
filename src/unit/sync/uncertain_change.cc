#include "unit/sync/uncertain_change.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/sql/token_stream.h"

namespace dm::sync {
namespace {

/// Called with parentheses. The time of the statement, and what follows from it, is the same on both sides.
constexpr auto kCalls = std::to_array<std::string_view>(
    {"UUID",         "UUID_SHORT",  "UUID_V4",      "UUID_V7",     "SYS_GUID",      "RAND",     "RANDOM_BYTES",
     "NEXTVAL",      "LASTVAL",     "SETVAL",       "USER",        "CURRENT_USER",  "DATABASE", "SCHEMA",
     "SESSION_USER", "SYSTEM_USER", "CURRENT_ROLE", "VERSION",     "CONNECTION_ID", "SYSDATE",  "LAST_INSERT_ID",
     "ROW_COUNT",    "FOUND_ROWS",  "LOAD_FILE",    "ICU_VERSION", "PS_THREAD_ID",  "GET_LOCK", "CURRENT_SCHEMA"});
/// The same as words alone.
constexpr auto kWords = std::to_array<std::string_view>({"CURRENT_USER", "CURRENT_ROLE"});

/// Rows lie in the order of a key on every server: InnoDB's clustered index, the primary key or the first unique one
/// without NULL.
bool has_certain_order(const schema::TableDefinition& table) {
    return sql::equal_ignoring_case(table.engine.empty() ? "InnoDB" : table.engine, "InnoDB") &&
           table.row_key() != nullptr;
}

bool is_unique(const sql::KeySpec& key) {
    return key.kind == sql::KeyKind::Primary || key.kind == sql::KeyKind::Unique;
}

/// What may make rows alike that a key then tells apart no more.
bool may_unite_rows(const sql::AlterTable& alter) {
    return std::ranges::any_of(alter.actions, [](const sql::AlterAction& action) {
        const auto* add = std::get_if<sql::AddKey>(&action);
        return (add != nullptr && is_unique(add->key)) || std::holds_alternative<sql::ChangeColumn>(action) ||
               std::holds_alternative<sql::ConvertCharset>(action);
    });
}

bool counts(const sql::ColumnSpec& column) {
    return column.is_auto_increment || column.is_serial_default || column.type.name == "serial";
}

}  // namespace

std::string uncertain_call(std::string_view default_text, const sql::LexOptions& options) {
    sql::TokenStream tokens(default_text, options);
    for (; !tokens.is_at_end(); tokens.take()) {
        if (tokens.peek().kind == sql::TokenKind::Variable) return "a variable";
        if (tokens.accept({"NEXT", "VALUE", "FOR"})) return "NEXT VALUE FOR";
        if (tokens.accept({"PREVIOUS", "VALUE", "FOR"})) return "PREVIOUS VALUE FOR";
        std::string word = sql::to_upper(tokens.text(tokens.peek()));
        const bool is_call = tokens.is_symbol('(', 1);
        if (is_call && std::ranges::find(kCalls, word) != kCalls.end()) return word + "()";
        if (std::ranges::find(kWords, word) != kWords.end()) return word;
    }
    return {};
}

std::optional<std::string> uncertain_change(const sql::AlterTable& alter, const schema::TableDefinition* before,
                                            const sql::LexOptions& options) {
    const bool is_ordered = before != nullptr && has_certain_order(*before);
    for (const sql::AlterAction& action : alter.actions) {
        const auto* add = std::get_if<sql::AddColumn>(&action);
        if (add == nullptr) continue;
        if (!is_ordered && counts(add->column)) {
            return fmt::format(
                "numbers the rows in the new column `{}` in their order, which without a key is each "
                "server's own",
                add->column.name);
        }
        const std::string call = uncertain_call(add->column.default_text.value_or(""), options);
        if (!call.empty())
            return fmt::format("fills the new column `{}` with what {} says, which is each server's own",
                               add->column.name, call);
    }
    if (alter.leaves_rows_out && !is_ordered && may_unite_rows(alter))
        return "leaves rows out by their order, which without a key is each server's own";
    return std::nullopt;
}

}  // namespace dm::sync
