#include "core/sql/ddl_parser.h"

#include <fmt/format.h>

#include "base/error.h"
#include "core/sql/alter_parser.h"
#include "core/sql/definition_parser.h"
#include "core/sql/outline.h"

namespace dm::sql {

namespace {

/// What stands between the verb and the object.
struct Head {
    bool or_replace = false;
    bool is_temporary = false;
    KeyKind key_kind = KeyKind::Plain;
    bool if_exists = false;  ///< IF EXISTS or IF NOT EXISTS
    bool has_ignore = false;
};

Head parse_head(TokenStream& tokens, std::initializer_list<std::string_view> objects) {
    Head head;
    tokens.take();
    while (!tokens.is_any_word(objects)) {
        if (tokens.accept({"OR", "REPLACE"})) {
            head.or_replace = true;
        } else if (tokens.accept("TEMPORARY")) {
            head.is_temporary = true;
        } else if (tokens.accept("UNIQUE")) {
            head.key_kind = KeyKind::Unique;
        } else if (tokens.accept("FULLTEXT")) {
            head.key_kind = KeyKind::Fulltext;
        } else if (tokens.accept("SPATIAL")) {
            head.key_kind = KeyKind::Spatial;
        } else if (tokens.accept("VECTOR")) {
            head.key_kind = KeyKind::Vector;
        } else if (tokens.accept("IGNORE")) {
            head.has_ignore = true;
        } else if (!tokens.accept("ONLINE") && !tokens.accept("OFFLINE")) {
            tokens.fail(*objects.begin());
        }
    }
    tokens.take();
    head.if_exists = tokens.accept({"IF", "EXISTS"}) || tokens.accept({"IF", "NOT", "EXISTS"});
    return head;
}

void skip_wait(TokenStream& tokens) {
    if (tokens.accept("WAIT")) tokens.take();
    tokens.accept("NOWAIT");
}

/// The readers of one statement each; `schema` is the default one.
class StatementReader {
  public:
    StatementReader(TokenStream& tokens, const std::string& schema) : tokens_(tokens), schema_(schema) {}

    DdlStatement read(StatementKind kind) {
        switch (kind) {
            case StatementKind::CreateDatabase:
                return read_create_database();
            case StatementKind::AlterDatabase:
                return read_alter_database();
            case StatementKind::DropDatabase:
                return read_drop_database();
            case StatementKind::AlterTable:
                return read_alter_table();
            case StatementKind::DropTable:
                return read_drop_table();
            case StatementKind::RenameTable:
                return read_rename_table();
            case StatementKind::TruncateTable:
                return read_truncate();
            case StatementKind::CreateIndex:
                return read_create_index();
            case StatementKind::DropIndex:
                return read_drop_index();
            default:
                return read_create_table();
        }
    }

  private:
    model::TableName take_table() {
        model::TableName name = parse_table_name(tokens_, schema_);
        ensure(!name.schema.empty(), ErrorCode::ParseSql,
               fmt::format("table `{}` has no schema, and no default schema is known", name.table));
        return name;
    }

    void expect_end() {
        if (!tokens_.is_at_end()) tokens_.fail("the end of the statement");
    }

    CreateDatabase read_create_database() {
        const Head head = parse_head(tokens_, {"DATABASE", "SCHEMA"});
        CreateDatabase create{.name = tokens_.take_name("a database name"),
                              .if_not_exists = head.if_exists,
                              .or_replace = head.or_replace,
                              .options = {}};
        parse_table_options(tokens_, create.options);
        expect_end();
        return create;
    }

    AlterDatabase read_alter_database() {
        parse_head(tokens_, {"DATABASE", "SCHEMA"});
        AlterDatabase alter{.name = schema_, .options = {}};
        if (parse_table_options(tokens_, alter.options)) return alter;
        alter.name = tokens_.take_name("a database name");
        parse_table_options(tokens_, alter.options);
        expect_end();
        return alter;
    }

    DropDatabase read_drop_database() {
        const Head head = parse_head(tokens_, {"DATABASE", "SCHEMA"});
        return {.name = tokens_.take_name("a database name"), .if_exists = head.if_exists};
    }

    CreateTable read_create_table() {
        const Head head = parse_head(tokens_, {"TABLE", "TABLES"});
        CreateTable create;
        create.name = take_table();
        create.is_temporary = head.is_temporary;
        create.if_not_exists = head.if_exists;
        create.or_replace = head.or_replace;
        const std::size_t body = tokens_.position();
        if (tokens_.accept("LIKE") || (tokens_.accept_symbol('(') && tokens_.accept("LIKE"))) {
            create.like = take_table();
            return create;
        }
        tokens_.rewind(body);
        if (tokens_.is_symbol('(') && !tokens_.is_any_word({"SELECT", "WITH", "VALUES"}, 1)) read_definitions(create);
        parse_table_options(tokens_, create.options);
        create.has_query = !tokens_.is_at_end();
        if (create.has_query && !tokens_.is_symbol('(') &&
            !tokens_.is_any_word({"SELECT", "AS", "IGNORE", "REPLACE", "WITH", "VALUES"})) {
            tokens_.fail("a table option");
        }
        return create;
    }

    void read_definitions(CreateTable& create) {
        tokens_.expect_symbol('(');
        do {
            if (is_constraint_next(tokens_)) {
                ConstraintSpec constraint = parse_constraint(tokens_);
                for (auto& key : constraint.keys) create.keys.push_back(std::move(key));
                for (auto& key : constraint.foreign_keys) create.foreign_keys.push_back(std::move(key));
                for (auto& period : constraint.periods) create.periods.push_back(std::move(period));
            } else {
                std::string name = tokens_.take_name("a column");
                read_column(create, std::move(name));
            }
        } while (tokens_.accept_symbol(','));
        tokens_.expect_symbol(')');
        for (auto& key : create.foreign_keys) {
            if (key.parent.schema.empty()) key.parent.schema = create.name.schema;
        }
    }

    void read_column(CreateTable& create, std::string name) {
        create.columns.push_back(parse_column(tokens_, std::move(name)));
        const ColumnSpec& column = create.columns.back();
        if (column.key != InlineKey::None || column.is_serial_default || column.type.name == "serial") {
            create.keys.push_back(inline_key(column));
        }
        if (column.references) create.foreign_keys.push_back(*column.references);
    }

    AlterTable read_alter_table() {
        const Head head = parse_head(tokens_, {"TABLE", "TABLES"});
        AlterTable alter{
            .name = take_table(), .if_exists = head.if_exists, .leaves_rows_out = head.has_ignore, .actions = {}};
        skip_wait(tokens_);
        parse_alter_actions(tokens_, schema_, alter);
        return alter;
    }

    DropTable read_drop_table() {
        const Head head = parse_head(tokens_, {"TABLE", "TABLES"});
        DropTable drop{.names = {}, .is_temporary = head.is_temporary, .if_exists = head.if_exists};
        do {
            drop.names.push_back(take_table());
        } while (tokens_.accept_symbol(','));
        if (!tokens_.accept("RESTRICT")) tokens_.accept("CASCADE");
        skip_wait(tokens_);
        expect_end();
        return drop;
    }

    RenameTable read_rename_table() {
        const Head head = parse_head(tokens_, {"TABLE", "TABLES"});
        RenameTable rename{.pairs = {}, .if_exists = head.if_exists};
        do {
            model::TableName from = take_table();
            skip_wait(tokens_);
            tokens_.expect("TO");
            rename.pairs.emplace_back(std::move(from), take_table());
        } while (tokens_.accept_symbol(','));
        expect_end();
        return rename;
    }

    TruncateTable read_truncate() {
        tokens_.take();
        tokens_.accept("TABLE");
        return {.name = take_table()};
    }

    CreateIndex read_create_index() {
        const Head head = parse_head(tokens_, {"INDEX"});
        CreateIndex create;
        create.or_replace = head.or_replace;
        create.key.kind = head.key_kind;
        create.key.if_not_exists = head.if_exists;
        create.key.name = tokens_.take_name("an index name");
        parse_key_options(tokens_, create.key);
        tokens_.expect("ON");
        create.table = take_table();
        skip_wait(tokens_);
        parse_key_parts(tokens_, create.key);
        parse_key_options(tokens_, create.key);
        return create;
    }

    DropIndex read_drop_index() {
        const Head head = parse_head(tokens_, {"INDEX"});
        DropIndex drop;
        drop.key.if_exists = head.if_exists;
        drop.key.name = tokens_.take_name("an index name");
        tokens_.expect("ON");
        drop.table = take_table();
        return drop;
    }

    TokenStream& tokens_;
    const std::string& schema_;
};

}  // namespace

DdlStatement parse_ddl(std::string_view statement, const ParseContext& context) {
    const LexOptions options = lex_options(context);
    const StatementKind kind = kind_of(statement, options);
    ensure(
        has_outline(kind), ErrorCode::ParseSql,
        fmt::format("{} is not a DDL of tables, indexes or databases: {}", kind_name(kind), statement.substr(0, 256)));
    TokenStream tokens(statement, options);
    return StatementReader(tokens, context.default_schema).read(kind);
}

}  // namespace dm::sql
