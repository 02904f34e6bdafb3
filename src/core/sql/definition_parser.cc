#include "core/sql/definition_parser.h"

namespace dm::sql {

namespace {

/// Words behind which a DEFAULT clause has ended.
bool is_attribute_next(const TokenStream& tokens) {
    if (tokens.is_word("NOT")) return tokens.is_any_word({"NULL", "ENFORCED"}, 1);
    if (tokens.is_word("ON")) return tokens.is_any_word({"UPDATE", "DELETE"}, 1);
    if (tokens.is_any_word({"WITH", "WITHOUT"})) return tokens.is_word("SYSTEM", 1);
    return tokens.is_any_word({"NULL",
                               "AUTO_INCREMENT",
                               "UNIQUE",
                               "PRIMARY",
                               "KEY",
                               "COMMENT",
                               "COLLATE",
                               "CHECK",
                               "REFERENCES",
                               "GENERATED",
                               "AS",
                               "VIRTUAL",
                               "PERSISTENT",
                               "STORED",
                               "VISIBLE",
                               "INVISIBLE",
                               "COLUMN_FORMAT",
                               "STORAGE",
                               "FIRST",
                               "AFTER",
                               "CONSTRAINT",
                               "ENGINE_ATTRIBUTE",
                               "SECONDARY_ENGINE_ATTRIBUTE",
                               "SERIAL",
                               "SRID",
                               "DEFAULT",
                               "COMPRESSED"});
}

bool is_definition_end(const TokenStream& tokens) {
    return tokens.is_at_end() || tokens.is_symbol(',') || tokens.is_symbol(')');
}

std::string parse_default(TokenStream& tokens) {
    if (is_definition_end(tokens)) tokens.fail("a default value");
    const std::size_t begin = tokens.peek().span.begin;
    do {
        tokens.take_item();
    } while (!is_definition_end(tokens) && !is_attribute_next(tokens));
    return std::string(tokens.text(Span{begin, tokens.previous_end()}));
}

/// Behind REFERENCES; also the actions that follow.
void parse_references(TokenStream& tokens, ForeignKeySpec& key) {
    key.parent = parse_table_name(tokens, "");
    if (tokens.accept_symbol('(')) {
        do {
            key.parent_columns.push_back(tokens.take_name("a column"));
        } while (tokens.accept_symbol(','));
        tokens.expect_symbol(')');
    }
    for (;;) {
        if (tokens.accept("MATCH")) {
            tokens.take();
        } else if (tokens.is_word("ON") && tokens.is_any_word({"DELETE", "UPDATE"}, 1)) {
            tokens.take();
            tokens.take();
            if (tokens.is_any_word({"CASCADE", "SET"})) key.changes_children = true;
            const bool has_two_words = tokens.is_any_word({"SET", "NO"});
            tokens.take();
            if (has_two_words) tokens.take();
        } else {
            return;
        }
    }
}

bool parse_key_attribute(TokenStream& tokens, ColumnSpec& column) {
    if (tokens.accept("PRIMARY")) {
        tokens.accept("KEY");
        column.key = InlineKey::Primary;
    } else if (tokens.accept("UNIQUE")) {
        tokens.accept("KEY");
        if (column.key != InlineKey::Primary) column.key = InlineKey::Unique;
    } else if (tokens.accept("KEY")) {
        // KEY alone is the primary key too.
        column.key = InlineKey::Primary;
    } else if (tokens.accept({"SERIAL", "DEFAULT", "VALUE"})) {
        column.is_serial_default = true;
    } else if (tokens.accept("REFERENCES")) {
        ForeignKeySpec key;
        key.columns.push_back(column.name);
        parse_references(tokens, key);
        column.references = std::move(key);
    } else {
        return false;
    }
    return true;
}

bool parse_generation(TokenStream& tokens, ColumnSpec& column) {
    if (tokens.accept({"GENERATED", "ALWAYS", "AS", "ROW"}) || tokens.accept({"AS", "ROW"})) {
        tokens.take();
        column.is_generated = column.is_row_period = column.is_stored = true;
        return true;
    }
    if (tokens.accept({"GENERATED", "ALWAYS", "AS"}) || tokens.accept("AS")) {
        tokens.take_group();
        column.is_generated = true;
    } else if (tokens.accept("VIRTUAL")) {
        column.is_stored = false;
    } else if (tokens.accept("STORED") || tokens.accept("PERSISTENT")) {
        column.is_stored = true;
    } else {
        return false;
    }
    return true;
}

bool parse_value_attribute(TokenStream& tokens, ColumnSpec& column) {
    if (tokens.accept({"NOT", "NULL"})) {
        column.is_nullable = false;
    } else if (tokens.accept("NULL")) {
        column.is_nullable = true;
    } else if (tokens.accept("DEFAULT")) {
        column.default_text = parse_default(tokens);
    } else if (tokens.accept({"ON", "UPDATE"})) {
        tokens.take();
        if (tokens.is_symbol('(')) tokens.take_group();
        column.is_on_update_now = true;
    } else if (tokens.accept("AUTO_INCREMENT")) {
        column.is_auto_increment = true;
    } else if (tokens.accept("COLLATE")) {
        column.type.collation = parse_name_or_string(tokens, "a collation");
    } else if (tokens.accept("INVISIBLE")) {
        column.is_invisible = true;
    } else if (tokens.accept("VISIBLE")) {
        column.is_invisible = false;
    } else {
        return false;
    }
    return true;
}

/// Attributes that change no structure. Unknown ones are accepted in the form `name = value` that engines define.
bool parse_other_attribute(TokenStream& tokens) {
    if (tokens.accept("COMMENT") || tokens.accept("COLUMN_FORMAT") || tokens.accept("STORAGE") ||
        tokens.accept("SRID")) {
        tokens.take();
    } else if (tokens.accept("CONSTRAINT")) {
        if (!tokens.is_word("CHECK")) tokens.take_name("a constraint name");
    } else if (tokens.accept("CHECK")) {
        tokens.take_group();
        if (!tokens.accept({"NOT", "ENFORCED"})) tokens.accept("ENFORCED");
    } else if (tokens.accept({"WITH", "SYSTEM", "VERSIONING"}) || tokens.accept({"WITHOUT", "SYSTEM", "VERSIONING"})) {
        return true;
    } else if (tokens.accept("AUTO_RANDOM") || tokens.accept("CLUSTERED") || tokens.accept("NONCLUSTERED")) {
        if (tokens.is_symbol('(')) tokens.take_group();
    } else if (tokens.accept("ENGINE_ATTRIBUTE") || tokens.accept("SECONDARY_ENGINE_ATTRIBUTE")) {
        tokens.accept_symbol('=');
        tokens.take();
    } else if (tokens.is_name() && tokens.is_symbol('=', 1)) {
        tokens.take();
        tokens.take();
        tokens.take();
    } else {
        return false;
    }
    return true;
}

std::string optional_key_name(TokenStream& tokens) {
    const bool is_name = tokens.is_name() && !(tokens.is_any_word({"USING", "TYPE"}) && !tokens.is_symbol('(', 1));
    return is_name ? tokens.take_name("a key name") : std::string();
}

ConstraintSpec parse_foreign_key(TokenStream& tokens, std::string constraint) {
    ForeignKeySpec key;
    key.constraint = std::move(constraint);
    key.if_not_exists = tokens.accept({"IF", "NOT", "EXISTS"});
    if (tokens.is_name()) key.index = tokens.take_name("a key name");
    KeySpec columns;
    parse_key_parts(tokens, columns);
    for (auto& part : columns.parts) key.columns.push_back(std::move(part.column));
    tokens.expect("REFERENCES");
    parse_references(tokens, key);
    return {.keys = {}, .foreign_keys = {std::move(key)}, .periods = {}};
}

/// A key behind its first words: name, type, parts, options.
ConstraintSpec parse_key(TokenStream& tokens, KeyKind kind, std::string constraint) {
    if (kind != KeyKind::Primary && !tokens.accept("KEY")) tokens.accept("INDEX");
    KeySpec key;
    key.kind = kind;
    key.if_not_exists = tokens.accept({"IF", "NOT", "EXISTS"});
    key.name = optional_key_name(tokens);
    if (key.name.empty()) key.name = std::move(constraint);
    if (kind == KeyKind::Primary) key.name = "PRIMARY";
    parse_key_options(tokens, key);
    parse_key_parts(tokens, key);
    parse_key_options(tokens, key);
    return {.keys = {std::move(key)}, .foreign_keys = {}, .periods = {}};
}

}  // namespace

ColumnSpec parse_column(TokenStream& tokens, std::string name) {
    ColumnSpec column;
    column.name = std::move(name);
    column.span.begin = tokens.peek().span.begin;
    column.type = parse_type(tokens);
    while (!is_definition_end(tokens) && !tokens.is_any_word({"FIRST", "AFTER"})) {
        if (tokens.is_word("PARTITION") || tokens.is_word("REMOVE")) break;
        if (!parse_value_attribute(tokens, column) && !parse_key_attribute(tokens, column) &&
            !parse_generation(tokens, column) && !parse_other_attribute(tokens)) {
            tokens.fail("an attribute of column `" + column.name + "`");
        }
    }
    column.span.end = tokens.previous_end();
    return column;
}

ColumnPlace parse_place(TokenStream& tokens) {
    ColumnPlace place;
    if (tokens.accept("FIRST")) {
        place.is_first = true;
    } else if (tokens.accept("AFTER")) {
        place.after = tokens.take_name("a column");
    }
    return place;
}

KeySpec inline_key(const ColumnSpec& column) {
    KeySpec key;
    key.kind = column.key == InlineKey::Primary ? KeyKind::Primary : KeyKind::Unique;
    if (key.kind == KeyKind::Primary) key.name = "PRIMARY";
    key.parts.push_back({.column = column.name, .expression = {}});
    return key;
}

bool is_constraint_next(const TokenStream& tokens) {
    if (tokens.is_any_word(
            {"PRIMARY", "UNIQUE", "KEY", "INDEX", "FULLTEXT", "SPATIAL", "FOREIGN", "CHECK", "CONSTRAINT"})) {
        return true;
    }
    if (tokens.is_word("VECTOR")) return tokens.is_any_word({"KEY", "INDEX"}, 1);
    return tokens.is_word("PERIOD") && tokens.is_word("FOR", 1);
}

ConstraintSpec parse_constraint(TokenStream& tokens) {
    std::string name;
    if (tokens.accept("CONSTRAINT")) {
        tokens.accept({"IF", "NOT", "EXISTS"});
        if (!tokens.is_any_word({"PRIMARY", "UNIQUE", "FOREIGN", "CHECK"}))
            name = tokens.take_name("a constraint name");
    }
    if (tokens.accept({"PRIMARY", "KEY"})) return parse_key(tokens, KeyKind::Primary, std::move(name));
    if (tokens.accept({"FOREIGN", "KEY"})) return parse_foreign_key(tokens, std::move(name));
    if (tokens.accept("UNIQUE")) return parse_key(tokens, KeyKind::Unique, std::move(name));
    if (tokens.accept("FULLTEXT")) return parse_key(tokens, KeyKind::Fulltext, {});
    if (tokens.accept("SPATIAL")) return parse_key(tokens, KeyKind::Spatial, {});
    if (tokens.accept("VECTOR")) return parse_key(tokens, KeyKind::Vector, {});
    if (tokens.accept("CHECK")) {
        tokens.take_group();
        if (!tokens.accept({"NOT", "ENFORCED"})) tokens.accept("ENFORCED");
        return {};
    }
    if (tokens.accept({"PERIOD", "FOR"})) {
        tokens.accept({"IF", "NOT", "EXISTS"});
        PeriodSpec period{.name = tokens.take_name("a period name"), .begin = {}, .end = {}};
        tokens.expect_symbol('(');
        period.begin = tokens.take_name("a column");
        tokens.expect_symbol(',');
        period.end = tokens.take_name("a column");
        tokens.expect_symbol(')');
        // The period of system versioning has generated columns, which are NOT NULL anyhow.
        if (equal_ignoring_case(period.name, "SYSTEM_TIME")) return {};
        return {.keys = {}, .foreign_keys = {}, .periods = {std::move(period)}};
    }
    if (!tokens.is_any_word({"KEY", "INDEX"})) tokens.fail("a key or constraint");
    return parse_key(tokens, KeyKind::Plain, {});
}

void parse_key_parts(TokenStream& tokens, KeySpec& key) {
    tokens.expect_symbol('(');
    do {
        KeyPartSpec part;
        if (tokens.is_symbol('(')) {
            const Span group = tokens.take_group();
            part.expression = tokens.text(Span{group.begin + 1, group.end - 1});
        } else {
            part.column = tokens.take_name("a column");
            if (tokens.accept_symbol('(')) {
                part.length = static_cast<std::uint32_t>(parse_number(tokens));
                tokens.expect_symbol(')');
            }
        }
        if (tokens.accept({"WITHOUT", "OVERLAPS"})) {
            key.period = std::move(part.column);
        } else {
            part.is_descending = tokens.accept("DESC");
            tokens.accept("ASC");
            key.parts.push_back(std::move(part));
        }
    } while (tokens.accept_symbol(','));
    tokens.expect_symbol(')');
}

void parse_key_options(TokenStream& tokens, KeySpec& key) {
    for (;;) {
        if (tokens.accept("USING") || tokens.accept("TYPE")) {
            key.is_hash = tokens.is_word("HASH");
            tokens.take();
        } else if (tokens.accept("COMMENT") || tokens.accept({"WITH", "PARSER"})) {
            tokens.take();
        } else if (tokens.accept("INVISIBLE") || tokens.accept("IGNORED")) {
            key.is_invisible = true;
        } else if (tokens.accept("VISIBLE") || tokens.accept({"NOT", "IGNORED"})) {
            key.is_invisible = false;
        } else if (tokens.accept("CLUSTERED") || tokens.accept("NONCLUSTERED") || tokens.accept("GLOBAL") ||
                   tokens.accept("LOCAL")) {
            continue;
        } else if (tokens.is_name() && (tokens.is_symbol('=', 1) || tokens.is_word("KEY_BLOCK_SIZE") ||
                                        tokens.is_any_word({"ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE"}))) {
            tokens.take();
            tokens.accept_symbol('=');
            tokens.take();
        } else {
            return;
        }
    }
}

}  // namespace dm::sql
