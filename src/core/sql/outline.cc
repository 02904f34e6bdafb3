#include "core/sql/outline.h"

#include <fmt/format.h>

#include "base/error.h"

namespace dm::sql {

namespace {

using Kind = StatementKind;
using Role = TableMention::Role;

/// Walks one statement and notes what stands where.
class Outliner {
  public:
    Outliner(TokenStream& tokens, Kind kind, const ParseContext& context) : tokens_(tokens), context_(context) {
        outline_.info.kind = kind;
    }

    Outline run() {
        switch (outline_.info.kind) {
            case Kind::CreateDatabase:
            case Kind::AlterDatabase:
            case Kind::DropDatabase:
                read_database();
                break;
            case Kind::CreateTable:
                read_create_table();
                break;
            case Kind::AlterTable:
                read_alter_table();
                break;
            case Kind::DropTable:
                read_drop_table();
                break;
            case Kind::RenameTable:
                read_rename_table();
                break;
            case Kind::TruncateTable:
                read_truncate();
                break;
            default:
                read_index();
                break;
        }
        return std::move(outline_);
    }

  private:
    /// Takes the words up to and including one of `objects`.
    void read_head(std::initializer_list<std::string_view> objects) {
        tokens_.take();
        while (!tokens_.is_any_word(objects)) {
            if (tokens_.is_at_end()) tokens_.fail(*objects.begin());
            const Token token = tokens_.peek();
            if (tokens_.accept({"OR", "REPLACE"})) {
                outline_.or_replace = {token.span.begin, tokens_.previous_end()};
                continue;
            }
            if (tokens_.is_word("TEMPORARY")) outline_.info.is_temporary = true;
            if (tokens_.is_any_word({"ONLINE", "OFFLINE"})) outline_.ways.push_back(token.span);
            tokens_.take();
        }
        outline_.after_object = tokens_.take().span.end;
        read_if_exists();
    }

    void read_if_exists() {
        if (tokens_.accept({"IF", "EXISTS"}) || tokens_.accept({"IF", "NOT", "EXISTS"})) {
            outline_.info.has_if_exists = true;
            outline_.after_object = tokens_.previous_end();
        }
    }

    Span read_table(Role role) { return read_table_in(role, context_.default_schema); }

    Span read_table_in(Role role, const std::string& default_schema) {
        TableMention mention;
        mention.role = role;
        mention.span.begin = tokens_.peek().span.begin;
        if (tokens_.accept_symbol('.')) {
            mention.name = {default_schema, tokens_.take_name("a table name")};
        } else {
            std::string first = tokens_.take_name("a table name");
            if (tokens_.accept_symbol('.')) {
                mention.name = {std::move(first), tokens_.take_name("a table name")};
            } else {
                mention.name = {default_schema, std::move(first)};
            }
        }
        mention.span.end = tokens_.previous_end();
        if (mention.name.schema.empty()) {
            throw Error(ErrorCode::ParseSql,
                        fmt::format("table `{}` has no schema, and no default schema is known", mention.name.table));
        }
        outline_.info.tables.push_back(mention);
        return mention.span;
    }

    [[nodiscard]] const std::string& target_schema() const { return outline_.info.tables.front().name.schema; }

    void read_database() {
        read_head({"DATABASE", "SCHEMA"});
        TableMention mention;
        mention.is_schema_only = true;
        const bool is_option_next = tokens_.is_any_word(
            {"DEFAULT", "CHARACTER", "CHARSET", "COLLATE", "ENCRYPTION", "READ", "COMMENT", "UPGRADE", "PLACEMENT"});
        if (outline_.info.kind == Kind::AlterDatabase && (is_option_next || !tokens_.is_name())) {
            mention.name.schema = context_.default_schema;
            mention.span = {outline_.after_object, outline_.after_object};
            outline_.lacks_schema_name = true;
            ensure(!mention.name.schema.empty(), ErrorCode::ParseSql,
                   "ALTER DATABASE names no database, and no default schema is known");
        } else {
            mention.span.begin = tokens_.peek().span.begin;
            mention.name.schema = tokens_.take_name("a database name");
            mention.span.end = tokens_.previous_end();
        }
        outline_.info.tables.push_back(std::move(mention));
    }

    void read_create_table() {
        read_head({"TABLE", "TABLES"});
        read_table(Role::Target);
        const std::size_t after_name = tokens_.position();
        if (tokens_.accept("LIKE") || (tokens_.accept_symbol('(') && tokens_.accept("LIKE"))) {
            outline_.info.kind = Kind::CreateTableLike;
            read_table(Role::LikeSource);
            return;
        }
        tokens_.rewind(after_name);
        read_create_body();
    }

    /// Looks for the tables a definition refers to and for a query behind it.
    void read_create_body() {
        if (is_query_next() || (tokens_.is_symbol('(') && is_query_next(1))) {
            outline_.info.kind = Kind::CreateTableSelect;
            return;
        }
        int depth = 0;
        while (!tokens_.is_at_end()) {
            if (depth == 0 && is_query_next()) {
                outline_.info.kind = Kind::CreateTableSelect;
                return;
            }
            const std::size_t begin = tokens_.peek().span.begin;
            if (depth == 0 && tokens_.accept({"START", "TRANSACTION"})) {
                outline_.start_transaction = {begin, tokens_.previous_end()};
                continue;
            }
            if (read_companions(depth)) continue;
            if (tokens_.is_symbol('(')) ++depth;
            if (tokens_.is_symbol(')')) --depth;
            tokens_.take();
        }
    }

    [[nodiscard]] bool is_query_next(std::size_t ahead = 0) const {
        if (tokens_.is_any_word({"SELECT", "VALUES"}, ahead)) {
            // PARTITION p VALUES LESS THAN / IN stands in parentheses and is no query.
            return tokens_.is_word("SELECT", ahead) || !tokens_.is_any_word({"LESS", "IN"}, ahead + 1);
        }
        if (tokens_.is_word("AS", ahead)) {
            return tokens_.is_any_word({"SELECT", "WITH", "VALUES", "TABLE"}, ahead + 1) ||
                   (tokens_.is_symbol('(', ahead + 1) && tokens_.is_any_word({"SELECT", "WITH", "VALUES"}, ahead + 2));
        }
        if (tokens_.is_symbol('(', ahead)) return tokens_.is_word("SELECT", ahead + 1);
        return tokens_.is_word("WITH", ahead) && tokens_.is_name(ahead + 1) && tokens_.is_word("AS", ahead + 2);
    }

    /// Parents of foreign keys, MERGE's UNION, the table of EXCHANGE PARTITION and of MariaDB's CONVERT.
    bool read_companions(int depth) {
        if (tokens_.is_word("REFERENCES") && tokens_.is_name(1)) {
            tokens_.take();
            // Without a schema the parent is looked for in the child's schema, not in the default one.
            read_table_in(Role::ForeignParent, target_schema());
            return true;
        }
        if (depth == 0 && tokens_.is_word("UNION") && (tokens_.is_symbol('=', 1) || tokens_.is_symbol('(', 1))) {
            tokens_.take();
            tokens_.accept_symbol('=');
            tokens_.expect_symbol('(');
            while (!tokens_.accept_symbol(')')) {
                read_table(Role::Companion);
                tokens_.accept_symbol(',');
            }
            return true;
        }
        return false;
    }

    void read_alter_table() {
        read_head({"TABLE", "TABLES"});
        read_table(Role::Target);
        if (tokens_.accept("WAIT")) tokens_.take();
        tokens_.accept("NOWAIT");
        while (!tokens_.is_at_end()) {
            read_alter_action();
            const Span comma = tokens_.peek().span;
            if (!tokens_.accept_symbol(',')) break;
            outline_.parts.back().comma = comma;
        }
    }

    void read_alter_action() {
        OutlinePart part;
        part.span.begin = tokens_.peek().span.begin;
        part.is_way = tokens_.is_any_word({"ALGORITHM", "LOCK"});
        part.is_hint = part.is_way || (tokens_.is_any_word({"WITH", "WITHOUT"}) && tokens_.is_word("VALIDATION", 1));
        if (!read_rename_action() && !read_partition_action()) read_add_column_list(part);
        int depth = 0;
        while (!tokens_.is_at_end() && !(depth == 0 && tokens_.is_symbol(','))) {
            if (read_companions(depth)) continue;
            if (tokens_.is_symbol('(')) ++depth;
            if (tokens_.is_symbol(')')) --depth;
            tokens_.take();
        }
        part.span.end = tokens_.previous_end();
        outline_.parts.push_back(std::move(part));
    }

    bool read_rename_action() {
        if (!tokens_.is_word("RENAME") || tokens_.is_any_word({"COLUMN", "INDEX", "KEY"}, 1)) return false;
        tokens_.take();
        if (!tokens_.accept("TO") && !tokens_.accept("AS")) tokens_.accept_symbol('=');
        read_table(Role::RenameTo);
        return true;
    }

    bool read_partition_action() {
        if (tokens_.accept({"EXCHANGE", "PARTITION"})) {
            outline_.exchanged_partition = tokens_.take_name("a partition name");
            tokens_.expect("WITH");
            tokens_.expect("TABLE");
            read_table(Role::Companion);
            return true;
        }
        if (tokens_.accept({"CONVERT", "TABLE"})) {
            read_table(Role::Companion);
            return true;
        }
        if (tokens_.accept({"CONVERT", "PARTITION"})) {
            tokens_.take_name("a partition name");
            tokens_.expect("TO");
            tokens_.expect("TABLE");
            read_table(Role::Companion);
            return true;
        }
        return false;
    }

    void read_add_column_list(OutlinePart& part) {
        if (!tokens_.accept("ADD")) return;
        tokens_.accept("COLUMN");
        tokens_.accept({"IF", "NOT", "EXISTS"});
        if (!tokens_.is_symbol('(')) return;
        tokens_.take();
        while (!tokens_.is_at_end() && !tokens_.is_symbol(')')) {
            Span column{tokens_.peek().span.begin, 0};
            while (!tokens_.is_at_end() && !tokens_.is_symbol(',') && !tokens_.is_symbol(')')) {
                if (!read_companions(1)) tokens_.take_item();
            }
            column.end = tokens_.previous_end();
            part.columns.push_back(column);
            tokens_.accept_symbol(',');
        }
        tokens_.accept_symbol(')');
    }

    void read_drop_table() {
        read_head({"TABLE", "TABLES"});
        do {
            outline_.parts.push_back({.span = read_table(Role::Target), .columns = {}});
        } while (tokens_.accept_symbol(','));
    }

    void read_rename_table() {
        read_head({"TABLE", "TABLES"});
        do {
            const Span from = read_table(Role::RenameFrom);
            if (tokens_.accept("WAIT")) tokens_.take();
            tokens_.accept("NOWAIT");
            tokens_.expect("TO");
            outline_.parts.push_back({.span = {from.begin, read_table(Role::RenameTo).end}, .columns = {}});
        } while (tokens_.accept_symbol(','));
    }

    void read_truncate() {
        tokens_.expect("TRUNCATE");
        tokens_.accept("TABLE");
        read_table(Role::Target);
    }

    void read_index() {
        read_head({"INDEX"});
        while (!tokens_.is_at_end() && !tokens_.is_word("ON")) tokens_.take_item();
        tokens_.expect("ON");
        read_table(Role::Target);
        while (!tokens_.is_at_end()) {
            const std::size_t begin = tokens_.peek().span.begin;
            const bool is_way = tokens_.is_any_word({"ALGORITHM", "LOCK"});
            tokens_.take_item();
            if (!is_way) continue;
            tokens_.accept_symbol('=');
            tokens_.take();
            outline_.ways.push_back({begin, tokens_.previous_end()});
        }
    }

    TokenStream& tokens_;
    const ParseContext& context_;
    Outline outline_;
};

}  // namespace

Outline outline_of(TokenStream& tokens, StatementKind kind, const ParseContext& context) {
    Outline outline = Outliner(tokens, kind, context).run();
    if (!context.lowers_names) return outline;
    for (TableMention& mention : outline.info.tables)
        mention.name = {to_lower(mention.name.schema), to_lower(mention.name.table)};
    return outline;
}

}  // namespace dm::sql
