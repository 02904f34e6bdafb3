#include "core/schema/tracker.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "core/schema/table_builder.h"
#include "core/sql/ddl_parser.h"
#include "core/sql/lexer.h"
#include "core/sql/statement_charset.h"

namespace dm::schema {

namespace {

using TablePtr = std::shared_ptr<const TableDefinition>;
using Tables = std::map<model::TableName, TablePtr>;

sql::ParseContext parse_context(const TrackerOptions& options, const StatementContext& context) {
    return {.default_schema = context.default_schema,
            .sql_mode = context.sql_mode,
            .is_mariadb = options.is_mariadb,
            .server_version = options.server_version};
}

}  // namespace

struct Tracker::State {
    TrackerOptions options;
    Tables tables;                               ///< by the name as it is compared
    std::map<std::string, CharsetPair> schemas;  ///< likewise

    [[nodiscard]] std::string key_of(std::string_view name) const {
        return options.is_case_sensitive ? std::string(name) : sql::to_lower(name);
    }
    [[nodiscard]] model::TableName key_of(const model::TableName& name) const {
        return {key_of(name.schema), key_of(name.table)};
    }
    [[nodiscard]] TablePtr find(const model::TableName& name) const {
        const auto found = tables.find(key_of(name));
        return found == tables.end() ? nullptr : found->second;
    }
    TablePtr put(TableDefinition definition) {
        auto shared = std::make_shared<const TableDefinition>(std::move(definition));
        tables[key_of(shared->name)] = shared;
        return shared;
    }
    [[nodiscard]] CharsetPair server_default() const {
        return {canonical_charset(options.server_charset), canonical_collation(options.server_collation)};
    }
    [[nodiscard]] CharsetPair schema_default(std::string_view schema) const {
        const auto found = schemas.find(key_of(schema));
        return found == schemas.end() ? server_default() : found->second;
    }
};

namespace {

/// One statement applied to the state it is given.
class Application {
  public:
    template <typename State>
    Application(State& state, const StatementContext& context)
        : options_(state.options),
          tables_(state.tables),
          schemas_(state.schemas),
          context_(context),
          key_of_schema_([&state](std::string_view name) { return state.key_of(name); }),
          schema_default_of_([&state](std::string_view name) { return state.schema_default(name); }) {}

    void operator()(const sql::CreateDatabase& create) {
        if (create.or_replace) drop_schema(create.name);
        const std::string key = key_of_schema_(create.name);
        if (create.if_not_exists && schemas_.contains(key)) return;
        schemas_[key] = database_charset(create.options);
    }

    void operator()(const sql::AlterDatabase& alter) {
        const CharsetPair current = schema_default_of_(alter.name);
        const auto& options = alter.options;
        if (!options.charset && !options.collation) return;
        schemas_[key_of_schema_(alter.name)] =
            resolve_charset(column_context(), options.charset.value_or(""), options.collation.value_or(""), current);
    }

    void operator()(const sql::DropDatabase& drop) { drop_schema(drop.name); }

    void operator()(const sql::CreateTable& create) {
        if (create.is_temporary) return;
        if (find(create.name) && !create.or_replace) {
            if (create.if_not_exists) return;
            throw Error(ErrorCode::SchemaDdlFailed, fmt::format("table {} exists already", create.name.quoted()));
        }
        if (create.like) return create_like(create);
        if (create.has_query) {
            throw Error(ErrorCode::SchemaDdlFailed,
                        fmt::format("the columns of {} come from a query: its structure must be fetched",
                                    create.name.quoted()));
        }
        put(create_table(create, column_context(), schema_default_of_(create.name.schema)));
    }

    void operator()(const sql::AlterTable& alter) {
        if (alter.if_exists && !find(alter.name)) return;
        const TablePtr old = require(alter.name);
        TableDefinition altered = alter_table(*old, alter, column_context(), schema_default_of_(alter.name.schema));
        const bool is_renamed = key_of(altered.name) != key_of(alter.name);
        if (is_renamed && find(altered.name)) fail_exists(altered.name);
        for (const auto& action : alter.actions) {
            if (const auto* exchange = std::get_if<sql::ExchangeTable>(&action)) apply_exchange(altered, *exchange);
        }
        const model::TableName new_name = altered.name;
        tables_.erase(key_of(alter.name));
        put(std::move(altered));
        if (is_renamed) follow_rename(alter.name, new_name);
    }

    void operator()(const sql::DropTable& drop) {
        if (drop.is_temporary) return;
        for (const auto& name : drop.names) tables_.erase(key_of(name));
    }

    /// All pairs or none; the caller hands in a state it can throw away.
    void operator()(const sql::RenameTable& rename) {
        for (const auto& [from, to] : rename.pairs) {
            if (const TablePtr old = find(from)) {
                if (key_of(from) != key_of(to) && find(to)) fail_exists(to);
                TableDefinition moved = *old;
                schema::follow_rename(moved, to);
                tables_.erase(key_of(from));
                put(std::move(moved));
            }
            follow_rename(from, to);
        }
    }

    void operator()(const sql::TruncateTable&) {}

    void operator()(const sql::CreateIndex& create) {
        TableDefinition table = *require(create.table);
        if (create.or_replace) drop_key(table, {.name = create.key.name, .if_exists = true});
        add_key(table, create.key);
        normalize(table, options_.is_mariadb);
        put(std::move(table));
    }

    void operator()(const sql::DropIndex& drop) {
        TableDefinition table = *require(drop.table);
        drop_key(table, drop.key);
        normalize(table, options_.is_mariadb);
        put(std::move(table));
    }

    [[nodiscard]] ColumnContext column_context() const {
        return {.options = options_,
                .sql_mode = context_.sql_mode,
                .collations = &context_.collations,
                .table = {},
                .explicit_timestamp_defaults =
                    context_.explicit_timestamp_defaults.value_or(options_.explicit_timestamp_defaults)};
    }

  private:
    [[nodiscard]] model::TableName key_of(const model::TableName& name) const {
        return {key_of_schema_(name.schema), key_of_schema_(name.table)};
    }
    [[nodiscard]] TablePtr find(const model::TableName& name) const {
        const auto found = tables_.find(key_of(name));
        return found == tables_.end() ? nullptr : found->second;
    }
    [[nodiscard]] TablePtr require(const model::TableName& name) const {
        TablePtr table = find(name);
        ensure(table != nullptr, ErrorCode::SchemaTableMissing,
               fmt::format("the structure of {} is not known", name.quoted()));
        return table;
    }
    void put(TableDefinition definition) {
        auto key = key_of(definition.name);
        tables_[std::move(key)] = std::make_shared<const TableDefinition>(std::move(definition));
    }
    [[noreturn]] static void fail_exists(const model::TableName& name) {
        throw Error(ErrorCode::SchemaDdlFailed, fmt::format("a table {} exists already", name.quoted()));
    }

    [[nodiscard]] CharsetPair database_charset(const sql::TableOptions& options) const {
        CharsetPair server{canonical_charset(options_.server_charset), canonical_collation(options_.server_collation)};
        if (!context_.server_collation.empty()) {
            server.collation = canonical_collation(context_.server_collation);
            server.charset = charset_of_collation(server.collation);
        }
        return resolve_charset(column_context(), options.charset.value_or(""), options.collation.value_or(""), server);
    }

    void drop_schema(const std::string& schema) {
        const std::string key = key_of_schema_(schema);
        schemas_.erase(key);
        std::erase_if(tables_, [&](const auto& entry) { return entry.first.schema == key; });
    }

    void create_like(const sql::CreateTable& create) {
        TableDefinition table = *require(*create.like);
        table.name = create.name;
        table.foreign_keys.clear();
        put(std::move(table));
    }

    /// CONVERT PARTITION makes a table of the altered one's structure, CONVERT TABLE makes one vanish; EXCHANGE changes
    /// rows only.
    void apply_exchange(const TableDefinition& altered, const sql::ExchangeTable& exchange) {
        if (exchange.drops) tables_.erase(key_of(exchange.table));
        if (!exchange.creates) return;
        if (find(exchange.table)) fail_exists(exchange.table);
        TableDefinition table = altered;
        table.name = exchange.table;
        table.is_partitioned = false;
        put(std::move(table));
    }

    void follow_rename(const model::TableName& from, const model::TableName& to) {
        const model::TableName old_key = key_of(from);
        for (auto& [key, table] : tables_) {
            const auto points_there = [&](const ForeignKey& foreign) { return key_of(foreign.parent) == old_key; };
            if (std::none_of(table->foreign_keys.begin(), table->foreign_keys.end(), points_there)) continue;
            TableDefinition changed = *table;
            for (auto& foreign : changed.foreign_keys) {
                if (points_there(foreign)) foreign.parent = to;
            }
            table = std::make_shared<const TableDefinition>(std::move(changed));
        }
    }

    const TrackerOptions& options_;
    Tables& tables_;
    std::map<std::string, CharsetPair>& schemas_;
    const StatementContext& context_;
    std::function<std::string(std::string_view)> key_of_schema_;
    std::function<CharsetPair(std::string_view)> schema_default_of_;
};

}  // namespace

Tracker::Tracker(TrackerOptions options) : state_(std::make_unique<State>()) { state_->options = std::move(options); }
Tracker::~Tracker() = default;
Tracker::Tracker(Tracker&&) noexcept = default;
Tracker& Tracker::operator=(Tracker&&) noexcept = default;

void Tracker::apply(std::string_view statement, const StatementContext& context) {
    const std::string text = sql::statement_to_utf8(statement, context.charset);
    const sql::DdlStatement ddl = sql::parse_ddl(text, parse_context(state_->options, context));
    // Only statements on several tables can fail half-way: these work on a copy.
    const auto* alter = std::get_if<sql::AlterTable>(&ddl);
    const bool has_several =
        std::holds_alternative<sql::RenameTable>(ddl) ||
        (alter != nullptr && std::any_of(alter->actions.begin(), alter->actions.end(), [](const auto& action) {
             return std::holds_alternative<sql::ExchangeTable>(action);
         }));
    if (!has_several) {
        Application application(*state_, context);
        std::visit(application, ddl);
        return;
    }
    State copy = *state_;
    Application application(copy, context);
    std::visit(application, ddl);
    *state_ = std::move(copy);
}

void Tracker::put_schema(std::string_view schema, std::string_view charset, std::string_view collation) {
    const TrackerOptions& options = state_->options;
    const ColumnContext context{.options = options, .sql_mode = 0, .collations = nullptr, .table = {}};
    state_->schemas[state_->key_of(schema)] = resolve_charset(context, charset, collation, state_->server_default());
}

std::optional<CharsetPair> Tracker::find_schema(std::string_view schema) const {
    const auto found = state_->schemas.find(state_->key_of(schema));
    return found == state_->schemas.end() ? std::nullopt : std::optional(found->second);
}

std::shared_ptr<const TableDefinition> Tracker::find(const model::TableName& name) const { return state_->find(name); }

void Tracker::put(TableDefinition definition) { state_->put(std::move(definition)); }

std::shared_ptr<const TableDefinition> Tracker::put_create_table(const model::TableName& name,
                                                                 std::string_view create_table,
                                                                 const StatementContext& context) {
    sql::ParseContext parsing{.default_schema = name.schema, .sql_mode = context.sql_mode};
    // The text may come from another kind of server than the upstream: its executable comments are all meant.
    if (sql::classify(create_table, parsing).kind != sql::StatementKind::CreateTable) {
        throw Error(ErrorCode::SchemaNotCreateTable,
                    fmt::format("the structure of {} is not a CREATE TABLE with columns: {}", name.quoted(),
                                create_table.substr(0, 256)));
    }
    auto create = std::get<sql::CreateTable>(sql::parse_ddl(create_table, parsing));
    create.name = name;
    const Application application(*state_, context);
    return state_->put(schema::create_table(create, application.column_context(), state_->schema_default(name.schema)));
}

void Tracker::remove(const model::TableName& name) { state_->tables.erase(state_->key_of(name)); }

std::vector<model::TableName> Tracker::tables() const {
    std::vector<model::TableName> names;
    names.reserve(state_->tables.size());
    for (const auto& [key, table] : state_->tables) names.push_back(table->name);
    return names;
}

const TrackerOptions& Tracker::options() const noexcept { return state_->options; }

}  // namespace dm::schema
