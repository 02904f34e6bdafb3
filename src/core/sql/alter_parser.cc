#include "core/sql/alter_parser.h"

#include "core/sql/definition_parser.h"

namespace dm::sql {

namespace {

/// Reads one action after another.
class ActionReader {
  public:
    ActionReader(TokenStream& tokens, const std::string& default_schema, AlterTable& alter)
        : tokens_(tokens), default_schema_(default_schema), alter_(alter) {}

    void run() {
        while (!tokens_.is_at_end()) {
            read_action();
            // Partitioning stands behind the last action without a comma.
            if (tokens_.is_word("PARTITION") || tokens_.is_word("REMOVE")) continue;
            if (!tokens_.accept_symbol(',')) break;
        }
        if (!tokens_.is_at_end()) tokens_.fail("a comma or the end of ALTER TABLE");
    }

  private:
    template <typename Action>
    void add(Action action) {
        alter_.actions.push_back(std::move(action));
    }

    bool accept_if_exists() { return tokens_.accept({"IF", "EXISTS"}); }

    void read_action() {
        if (tokens_.accept("ADD")) return read_add();
        if (tokens_.accept("DROP")) return read_drop();
        if (tokens_.accept("MODIFY")) return read_change(false);
        if (tokens_.accept("CHANGE")) return read_change(true);
        if (tokens_.accept("ALTER")) return read_alter();
        if (tokens_.accept("RENAME")) return read_rename();
        if (tokens_.is_word("CONVERT")) return read_convert();
        if (tokens_.is_word("EXCHANGE")) return read_exchange();
        if (tokens_.accept({"ORDER", "BY"})) return skip_order();
        if (skip_neutral()) return;
        SetOptions set;
        if (!parse_table_options(tokens_, set.options)) tokens_.fail("an action of ALTER TABLE");
        add(std::move(set));
    }

    void read_add() {
        if (tokens_.accept({"SYSTEM", "VERSIONING"})) {
            SetOptions set;
            set.options.adds_system_versioning = true;
            return add(std::move(set));
        }
        if (tokens_.is_word("PARTITION") && !is_type_ahead(1)) return read_storage_action("ADD");
        if (is_constraint_next(tokens_)) return read_added_constraint();
        tokens_.accept("COLUMN");
        const bool if_not_exists = tokens_.accept({"IF", "NOT", "EXISTS"});
        if (!tokens_.accept_symbol('(')) {
            std::string name = tokens_.take_name("a column");
            return read_added_column(std::move(name), if_not_exists);
        }
        do {
            if (is_constraint_next(tokens_)) {
                read_added_constraint();
            } else {
                std::string name = tokens_.take_name("a column");
                read_added_column(std::move(name), if_not_exists);
            }
        } while (tokens_.accept_symbol(','));
        tokens_.expect_symbol(')');
    }

    void read_added_constraint() {
        ConstraintSpec constraint = parse_constraint(tokens_);
        for (auto& key : constraint.keys) add(AddKey{std::move(key)});
        for (auto& key : constraint.foreign_keys) add_foreign_key(std::move(key));
        for (auto& period : constraint.periods) add(AddPeriod{std::move(period)});
    }

    /// ADD partition INT: a column that is called like the keyword.
    [[nodiscard]] bool is_type_ahead(std::size_t ahead) const {
        return tokens_.is_any_word({"INT", "BIGINT", "VARCHAR", "CHAR", "TEXT", "DATE", "DATETIME", "TINYINT"}, ahead);
    }

    void read_added_column(std::string name, bool if_not_exists) {
        AddColumn action{.column = parse_column(tokens_, std::move(name)),
                         .place = parse_place(tokens_),
                         .if_not_exists = if_not_exists};
        const ColumnSpec column = action.column;
        add(std::move(action));
        add_inline(column);
    }

    void add_inline(const ColumnSpec& column) {
        if (column.key != InlineKey::None || column.is_serial_default || column.type.name == "serial") {
            add(AddKey{inline_key(column)});
        }
        if (column.references) add_foreign_key(*column.references);
    }

    void add_foreign_key(ForeignKeySpec key) {
        if (key.parent.schema.empty()) key.parent.schema = alter_.name.schema;
        add(AddForeignKey{std::move(key)});
    }

    void read_change(bool has_new_name) {
        tokens_.accept("COLUMN");
        const bool if_exists = accept_if_exists();
        const std::string old_name = tokens_.take_name("a column");
        std::string name = has_new_name ? tokens_.take_name("the column's new name") : old_name;
        ChangeColumn action{.old_name = old_name,
                            .column = parse_column(tokens_, std::move(name)),
                            .place = parse_place(tokens_),
                            .if_exists = if_exists};
        const ColumnSpec column = action.column;
        add(std::move(action));
        add_inline(column);
    }

    void read_drop() {
        if (tokens_.accept({"PRIMARY", "KEY"})) return add(DropKey{.name = "PRIMARY"});
        if (tokens_.accept({"FOREIGN", "KEY"})) {
            const bool if_exists = accept_if_exists();
            return add(DropForeignKey{.name = tokens_.take_name("a foreign key"), .if_exists = if_exists});
        }
        if (tokens_.accept("KEY") || tokens_.accept("INDEX")) {
            const bool if_exists = accept_if_exists();
            return add(DropKey{.name = tokens_.take_name("a key"), .if_exists = if_exists});
        }
        if (tokens_.is_any_word({"CONSTRAINT", "CHECK"}) && !is_action_end(1)) {
            tokens_.take();
            const bool if_exists = accept_if_exists();
            return add(DropConstraint{.name = tokens_.take_name("a constraint"), .if_exists = if_exists});
        }
        if (tokens_.accept({"SYSTEM", "VERSIONING"})) return add(DropSystemVersioning{});
        if (tokens_.accept({"PERIOD", "FOR"})) return static_cast<void>(tokens_.take_name("a period"));
        if (tokens_.is_word("PARTITION") && !is_action_end(1)) return read_storage_action("DROP");
        tokens_.accept("COLUMN");
        const bool if_exists = accept_if_exists();
        DropColumn action{.name = tokens_.take_name("a column"), .if_exists = if_exists};
        if (!tokens_.accept("RESTRICT")) tokens_.accept("CASCADE");
        add(std::move(action));
    }

    [[nodiscard]] bool is_action_end(std::size_t ahead) const {
        return tokens_.peek(ahead).kind == TokenKind::End || tokens_.is_symbol(',', ahead);
    }

    void read_alter() {
        if (tokens_.is_any_word({"INDEX", "KEY"}) && !tokens_.is_any_word({"SET", "DROP"}, 1)) {
            tokens_.take();
            const bool if_exists = accept_if_exists();
            AlterKey action{.name = tokens_.take_name("a key"), .if_exists = if_exists};
            if (!tokens_.is_any_word({"INVISIBLE", "IGNORED", "VISIBLE", "NOT"})) tokens_.fail("VISIBLE or INVISIBLE");
            action.is_invisible = tokens_.is_any_word({"INVISIBLE", "IGNORED"});
            if (tokens_.take(); tokens_.is_word("IGNORED")) tokens_.take();
            return add(std::move(action));
        }
        if (tokens_.accept("CHECK") || tokens_.accept("CONSTRAINT")) {
            tokens_.take_name("a constraint");
            tokens_.accept("NOT");
            return tokens_.expect("ENFORCED");
        }
        tokens_.accept("COLUMN");
        const bool if_exists = accept_if_exists();
        AlterColumn action{.name = tokens_.take_name("a column"), .if_exists = if_exists};
        if (tokens_.accept({"DROP", "DEFAULT"})) {
            action.drops_default = true;
        } else {
            tokens_.expect("SET");
            if (tokens_.is_any_word({"INVISIBLE", "VISIBLE"})) {
                action.is_invisible = tokens_.is_word("INVISIBLE");
                tokens_.take();
            } else {
                tokens_.expect("DEFAULT");
                action.sets_default = true;
                const std::size_t begin = tokens_.peek().span.begin;
                while (!is_action_end(0)) tokens_.take_item();
                action.default_text = tokens_.text(Span{begin, tokens_.previous_end()});
            }
        }
        add(std::move(action));
    }

    void read_rename() {
        if (tokens_.accept("COLUMN")) {
            const bool if_exists = accept_if_exists();
            RenameColumn action{.from = tokens_.take_name("a column"), .if_exists = if_exists};
            tokens_.expect("TO");
            action.to = tokens_.take_name("the column's new name");
            return add(std::move(action));
        }
        if (tokens_.accept("INDEX") || tokens_.accept("KEY")) {
            const bool if_exists = accept_if_exists();
            RenameKey action{.from = tokens_.take_name("a key"), .if_exists = if_exists};
            tokens_.expect("TO");
            action.to = tokens_.take_name("the key's new name");
            return add(std::move(action));
        }
        if (!tokens_.accept("TO") && !tokens_.accept("AS")) tokens_.accept_symbol('=');
        add(RenameTo{parse_table_name(tokens_, default_schema_)});
    }

    void read_convert() {
        if (tokens_.accept({"CONVERT", "TABLE"})) {
            add(ExchangeTable{.table = parse_table_name(tokens_, default_schema_), .drops = true});
            return skip_to_end();
        }
        if (tokens_.accept({"CONVERT", "PARTITION"})) {
            tokens_.take_name("a partition");
            tokens_.expect("TO");
            tokens_.expect("TABLE");
            return add(ExchangeTable{.table = parse_table_name(tokens_, default_schema_), .creates = true});
        }
        tokens_.take();
        tokens_.expect("TO");
        if (!tokens_.accept({"CHARACTER", "SET"}) && !tokens_.accept({"CHAR", "SET"})) tokens_.expect("CHARSET");
        ConvertCharset action{.charset = to_lower(parse_name_or_string(tokens_, "a charset")), .collation = {}};
        if (tokens_.accept("COLLATE")) {
            tokens_.accept_symbol('=');
            action.collation = to_lower(parse_name_or_string(tokens_, "a collation"));
        }
        add(std::move(action));
    }

    void read_exchange() {
        tokens_.take();
        tokens_.expect("PARTITION");
        tokens_.take_name("a partition");
        tokens_.expect("WITH");
        tokens_.expect("TABLE");
        add(ExchangeTable{.table = parse_table_name(tokens_, default_schema_)});
        if (tokens_.is_any_word({"WITH", "WITHOUT"})) {
            tokens_.take();
            tokens_.expect("VALIDATION");
        }
    }

    void skip_order() {
        do {
            tokens_.take_name("a column");
            if (tokens_.accept_symbol('.')) tokens_.take_name("a column");
            if (!tokens_.accept("ASC")) tokens_.accept("DESC");
        } while (tokens_.is_symbol(',') && tokens_.is_name(1) && is_order_column_ahead() && tokens_.accept_symbol(','));
    }

    /// Whether what follows the comma is another column of ORDER BY and not the next action.
    [[nodiscard]] bool is_order_column_ahead() const {
        return is_action_end(2) || tokens_.is_any_word({"ASC", "DESC"}, 2) || tokens_.is_symbol('.', 2);
    }

    /// Lists of partitions contain commas; nothing but the end follows them.
    void skip_to_end() {
        while (!tokens_.is_at_end()) tokens_.take_item();
    }

    void read_storage_action(std::string verb) {
        add(StorageAction{.verb = std::move(verb)});
        skip_to_end();
    }

    /// Actions that say how, or concern partitions and files only.
    bool skip_neutral() {
        if (tokens_.is_any_word({"REORGANIZE", "COALESCE", "TRUNCATE", "ANALYZE", "CHECK", "OPTIMIZE", "REBUILD",
                                 "REPAIR", "DISCARD", "IMPORT"}) &&
            tokens_.is_any_word({"PARTITION", "TABLESPACE"}, 1)) {
            read_storage_action(to_upper(tokens_.text(tokens_.peek())));
            return true;
        }
        if (tokens_.accept({"ENABLE", "KEYS"}) || tokens_.accept({"DISABLE", "KEYS"}) || tokens_.accept("FORCE") ||
            tokens_.accept("NOWAIT") || tokens_.accept({"WITH", "VALIDATION"}) ||
            tokens_.accept({"WITHOUT", "VALIDATION"}) || tokens_.accept("SECONDARY_LOAD") ||
            tokens_.accept("SECONDARY_UNLOAD")) {
            return true;
        }
        if (tokens_.accept("ALGORITHM") || tokens_.accept("LOCK")) {
            tokens_.accept_symbol('=');
            tokens_.take();
            return true;
        }
        return false;
    }

    TokenStream& tokens_;
    const std::string& default_schema_;
    AlterTable& alter_;
};

}  // namespace

void parse_alter_actions(TokenStream& tokens, const std::string& default_schema, AlterTable& alter) {
    ActionReader(tokens, default_schema, alter).run();
}

}  // namespace dm::sql
