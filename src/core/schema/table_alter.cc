#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "core/schema/table_builder.h"
#include "core/sql/lexer.h"

namespace dm::schema {

namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

/// Applies all actions of one ALTER TABLE at once, the way servers do: columns named by an action are looked for in the
/// old table, the new order is built afterwards, then keys follow. So names may be swapped, and a column dropped and
/// added.
class Alteration {
  public:
    Alteration(const TableDefinition& old, const sql::AlterTable& alter, ColumnContext context,
               const CharsetPair& schema_default)
        : old_(old), alter_(alter), context_(std::move(context)), schema_default_(schema_default), table_(old) {
        changes_.resize(old.columns.size());
    }

    TableDefinition run() {
        apply_options();
        collect();
        drop_keys();
        place_columns();
        rebuild_keys();
        rename_keys();
        add_keys();
        normalize(table_, context_.options.is_mariadb);
        if (new_name_) follow_rename(table_, *new_name_);
        return std::move(table_);
    }

  private:
    struct Change {
        bool is_dropped = false;
        std::optional<Column> column;  ///< what the column becomes
        sql::ColumnPlace place;
        bool is_moved = false;
    };
    struct Placed {
        Column column;
        sql::ColumnPlace place;
    };

    [[noreturn]] void fail(std::string_view what) const {
        throw Error(ErrorCode::SchemaDdlFailed, fmt::format("table {}: {}", old_.name.quoted(), what));
    }

    /// Charset and engine first: new columns take over the new default.
    void apply_options() {
        for (const auto& action : alter_.actions) {
            if (const auto* set = std::get_if<sql::SetOptions>(&action)) apply_options(set->options);
            if (const auto* convert = std::get_if<sql::ConvertCharset>(&action)) {
                converted_ = resolve_charset(context_, convert->charset, convert->collation, schema_default_);
                set_default(*converted_);
            }
        }
        context_.table = {table_.charset, table_.collation};
    }

    void apply_options(const sql::TableOptions& options) {
        if (options.charset || options.collation) {
            const CharsetPair current{table_.charset, table_.collation};
            const CharsetPair& surrounding = options.charset == "default" ? schema_default_ : current;
            set_default(
                resolve_charset(context_, options.charset.value_or(""), options.collation.value_or(""), surrounding));
        }
        if (options.engine) table_.engine = *options.engine;
        if (options.comment) table_.comment = *options.comment;
        if (options.is_partitioned) table_.is_partitioned = *options.is_partitioned;
    }

    void set_default(const CharsetPair& pair) {
        table_.charset = pair.charset;
        table_.collation = pair.collation;
    }

    void collect() {
        std::vector<sql::ColumnSpec> specs;
        for (const auto& action : alter_.actions) {
            if (const auto* add = std::get_if<sql::AddColumn>(&action)) specs.push_back(add->column);
            if (const auto* change = std::get_if<sql::ChangeColumn>(&action)) specs.push_back(change->column);
        }
        automatic_timestamp_ = automatic_timestamp(specs, context_);
        for (const auto& action : alter_.actions) std::visit([this](const auto& each) { note(each); }, action);
    }

    /// The old column an action names; nothing if IF EXISTS forgives its absence.
    std::optional<std::size_t> require_column(const std::string& name, bool if_exists) const {
        const auto column = old_.find_column(name);
        if (!column && !if_exists) fail(fmt::format("it has no column `{}`", name));
        return column;
    }

    [[nodiscard]] Column built(const sql::ColumnSpec& spec) const {
        Column column = build_column(spec, context_);
        if (automatic_timestamp_ == spec.name) set_automatic_timestamp(column);
        return column;
    }

    void note(const sql::AddColumn& action) {
        const auto existing = old_.find_column(action.column.name);
        const bool is_free = !existing || changes_[*existing].is_dropped ||
                             (changes_[*existing].column &&
                              !sql::equal_ignoring_case(changes_[*existing].column->name, action.column.name));
        const bool is_added = std::any_of(placed_.begin(), placed_.end(), [&](const Placed& other) {
            return sql::equal_ignoring_case(other.column.name, action.column.name);
        });
        if (action.if_not_exists && (!is_free || is_added)) return;
        placed_.push_back({built(action.column), action.place});
    }
    void note(const sql::ChangeColumn& action) {
        const auto column = require_column(action.old_name, action.if_exists);
        if (!column) return;
        Change& change = changes_[*column];
        change.column = built(action.column);
        change.is_moved = action.place.is_first || !action.place.after.empty();
        if (change.is_moved) placed_.push_back({*change.column, action.place});
    }
    void note(const sql::DropColumn& action) {
        if (const auto column = require_column(action.name, action.if_exists)) changes_[*column].is_dropped = true;
    }
    void note(const sql::RenameColumn& action) {
        const auto column = require_column(action.from, action.if_exists);
        if (!column) return;
        Column renamed = changes_[*column].column.value_or(old_.columns[*column]);
        renamed.name = action.to;
        changes_[*column].column = std::move(renamed);
    }
    void note(const sql::AlterColumn& action) {
        const auto column = require_column(action.name, action.if_exists);
        if (!column) return;
        Column altered = changes_[*column].column.value_or(old_.columns[*column]);
        if (action.sets_default) altered.default_text = action.default_text;
        if (action.drops_default) altered.default_text.reset();
        if (action.is_invisible) altered.is_invisible = *action.is_invisible;
        changes_[*column].column = std::move(altered);
    }
    void note(const sql::SetOptions& action) {
        adds_versioning_ = adds_versioning_ || action.options.adds_system_versioning;
    }
    void note(const sql::DropSystemVersioning&) {
        for (std::size_t i = 0; i < old_.columns.size(); ++i) {
            if (old_.columns[i].is_hidden && old_.columns[i].type == ColumnType::Timestamp)
                changes_[i].is_dropped = true;
        }
    }
    void note(const sql::RenameTo& action) { new_name_ = action.name; }
    template <typename KeyAction>
    void note(const KeyAction&) {}  // keys follow when the columns stand

    void place_columns() {
        table_.columns.clear();
        for (std::size_t i = 0; i < old_.columns.size(); ++i) {
            if (changes_[i].is_dropped || changes_[i].is_moved) continue;
            table_.columns.push_back(changes_[i].column.value_or(old_.columns[i]));
        }
        for (auto& placed : placed_) place(std::move(placed));
        if (converted_) {
            for (auto& column : table_.columns) convert_column(column, *converted_, context_.sql_mode);
        }
        if (adds_versioning_) add_system_columns(table_);
        if (table_.columns.empty()) fail("no column would be left");
        check_names();
    }

    void place(Placed placed) {
        auto& columns = table_.columns;
        auto at = columns.end();
        if (placed.place.is_first) at = columns.begin();
        if (!placed.place.after.empty()) {
            const auto after = table_.find_column(placed.place.after);
            if (!after)
                fail(fmt::format("it has no column `{}` to put `{}` after", placed.place.after, placed.column.name));
            at = columns.begin() + static_cast<std::ptrdiff_t>(*after) + 1;
        }
        columns.insert(at, std::move(placed.column));
    }

    void check_names() const {
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
            if (table_.find_column(table_.columns[i].name) != i) {
                fail(fmt::format("a column `{}` exists already", table_.columns[i].name));
            }
        }
    }

    /// Old keys without dropped columns and with the new names; a key that loses all columns goes.
    void rebuild_keys() {
        const std::vector<Index> indexes = std::exchange(table_.indexes, {});
        for (const Index& index : indexes) {
            Index kept = index;
            kept.parts.clear();
            for (const auto& part : index.parts) follow_part(part, kept);
            if (!kept.parts.empty()) table_.indexes.push_back(std::move(kept));
        }
        for (auto& key : table_.foreign_keys) {
            for (auto& name : key.columns) {
                const auto column = old_.find_column(name);
                if (column && changes_[*column].column) name = changes_[*column].column->name;
            }
        }
    }

    void follow_part(const IndexPart& part, Index& kept) const {
        const auto column = part.column.empty() ? std::nullopt : old_.find_column(part.column);
        IndexPart followed = part;
        if (column) {
            const Change& change = changes_[*column];
            if (change.is_dropped) return follow_replaced_part(part, old_.columns[*column], kept);
            if (change.column) {
                followed.column = change.column->name;
                // A prefix that no longer makes sense for the new type or length gives way to the whole column.
                const bool takes_prefix = is_text_type(change.column->type) || is_binary_type(change.column->type);
                if (!takes_prefix || change.column->length < followed.prefix_length) followed.prefix_length = 0;
            }
        }
        kept.parts.push_back(std::move(followed));
    }

    /// A column that is dropped and added again under the same name stays in its keys; as text, with a prefix of the
    /// old size.
    void follow_replaced_part(const IndexPart& part, const Column& old, Index& kept) const {
        const auto replaced = table_.find_column(part.column);
        if (!replaced) return;
        const Column& column = table_.columns[*replaced];
        IndexPart followed = part;
        followed.column = column.name;
        const bool takes_prefix = is_text_type(column.type) || is_binary_type(column.type);
        if (takes_prefix && part.prefix_length == 0) followed.prefix_length = key_bytes(old);
        kept.parts.push_back(std::move(followed));
    }

    static std::uint32_t key_bytes(const Column& column) noexcept {
        switch (column.type) {
            case ColumnType::TinyInt:
                return 1;
            case ColumnType::SmallInt:
                return 2;
            case ColumnType::MediumInt:
                return 3;
            case ColumnType::Int:
            case ColumnType::Float:
                return 4;
            case ColumnType::BigInt:
            case ColumnType::Double:
                return 8;
            default:
                return column.length;
        }
    }

    /// What goes is looked for in the old table, before its columns change.
    void drop_keys() {
        for (const auto& action : alter_.actions) {
            std::visit(
                Overloaded{[this](const sql::DropKey& drop) { drop_key(table_, drop); },
                           [this](const sql::DropForeignKey& drop) { drop_foreign_key(drop.name, drop.if_exists); },
                           [this](const sql::DropConstraint& drop) { drop_constraint(drop.name); }, [](const auto&) {}},
                action);
        }
    }

    void rename_keys() {
        for (const auto& action : alter_.actions) {
            std::visit(Overloaded{[this](const sql::RenameKey& rename) { rename_key(rename); },
                                  [this](const sql::AlterKey& alter) { alter_key(alter); }, [](const auto&) {}},
                       action);
        }
    }

    void add_keys() {
        std::vector<sql::PeriodSpec> periods;
        for (const auto& action : alter_.actions) {
            if (const auto* add = std::get_if<sql::AddPeriod>(&action)) {
                add_period(table_, add->period);
                periods.push_back(add->period);
            }
        }
        for (const auto& action : alter_.actions) {
            if (const auto* add = std::get_if<sql::AddKey>(&action))
                add_key(table_, with_period_columns(add->key, periods));
        }
        for (const auto& action : alter_.actions) {
            if (const auto* add = std::get_if<sql::AddForeignKey>(&action)) {
                add_foreign_key(table_, add->key, context_.options.is_mariadb);
            }
        }
    }

    bool drop_foreign_key(const std::string& name, bool if_exists) {
        const auto found =
            std::find_if(table_.foreign_keys.begin(), table_.foreign_keys.end(),
                         [&](const ForeignKey& key) { return sql::equal_ignoring_case(key.name, name); });
        if (found == table_.foreign_keys.end()) {
            if (!if_exists) fail(fmt::format("it has no foreign key `{}`", name));
            return false;
        }
        table_.foreign_keys.erase(found);
        return true;
    }

    /// CHECKs are not tracked: a name that is no key is one of them.
    void drop_constraint(const std::string& name) {
        const bool was_foreign = drop_foreign_key(name, true);
        if (!was_foreign) drop_key(table_, {.name = name, .if_exists = true});
    }

    Index* find_key(const std::string& name, bool if_exists) {
        for (auto& index : table_.indexes) {
            if (sql::equal_ignoring_case(index.name, name)) return &index;
        }
        if (!if_exists) fail(fmt::format("it has no key `{}`", name));
        return nullptr;
    }

    void rename_key(const sql::RenameKey& rename) {
        // Names are looked for in the old table, so that two keys can swap theirs.
        const Index* const existing = old_.find_index(rename.from);
        if (existing == nullptr) {
            if (!rename.if_exists) fail(fmt::format("it has no key `{}`", rename.from));
            return;
        }
        for (auto& index : table_.indexes) {
            const bool is_it = sql::equal_ignoring_case(index.name, rename.from) && renamed_.count(&index) == 0;
            if (!is_it) continue;
            index.name = rename.to;
            renamed_[&index] = true;
            return;
        }
    }

    void alter_key(const sql::AlterKey& alter) {
        if (Index* const index = find_key(alter.name, alter.if_exists)) index->is_invisible = alter.is_invisible;
    }

    const TableDefinition& old_;
    const sql::AlterTable& alter_;
    ColumnContext context_;
    const CharsetPair& schema_default_;
    TableDefinition table_;
    std::vector<Change> changes_;  ///< one per old column
    std::vector<Placed> placed_;   ///< added and moved columns in order of the actions
    std::optional<CharsetPair> converted_;
    std::map<const Index*, bool> renamed_;
    std::optional<std::string> automatic_timestamp_;
    std::optional<model::TableName> new_name_;
    bool adds_versioning_ = false;
};

}  // namespace

TableDefinition alter_table(const TableDefinition& old, const sql::AlterTable& alter, ColumnContext context,
                            const CharsetPair& schema_default) {
    return Alteration(old, alter, std::move(context), schema_default).run();
}

}  // namespace dm::schema
