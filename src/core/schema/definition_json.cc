#include "core/schema/definition_json.h"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace dm::schema {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "dm-table-1";
constexpr std::string_view kPrefix = R"({"format":"dm-table-)";

constexpr std::array<std::string_view, 34> kTypes = {
    "tinyint",    "smallint", "mediumint", "int",       "bigint",   "decimal", "float",      "double",   "bit",
    "date",       "time",     "datetime",  "timestamp", "year",     "char",    "varchar",    "tinytext", "text",
    "mediumtext", "longtext", "binary",    "varbinary", "tinyblob", "blob",    "mediumblob", "longblob", "enum",
    "set",        "json",     "geometry",  "vector",    "uuid",     "inet4",   "inet6"};
constexpr std::array<std::string_view, 3> kGenerated = {"no", "virtual", "stored"};
constexpr std::array<std::string_view, 5> kIndexKinds = {"primary", "unique", "plain", "fulltext", "spatial"};

template <typename Enum, std::size_t Size>
Enum value_of(std::string_view word, const std::array<std::string_view, Size>& words) {
    for (std::size_t i = 0; i < Size; ++i) {
        if (words[i] == word) return static_cast<Enum>(i);
    }
    throw Error(ErrorCode::SchemaSerialize,
                fmt::format("a stored table definition holds the unknown word \"{}\"", word));
}

/// Writes `value` under `key` unless it is the default.
template <typename Value>
void put(Json& json, const char* key, const Value& value, const Value& fallback = Value{}) {
    if (value != fallback) json[key] = value;
}

template <typename Value>
void get(const Json& json, const char* key, Value& value) {
    if (const auto found = json.find(key); found != json.end()) found->get_to(value);
}

Json column_to_json(const Column& column) {
    Json json;
    json["name"] = column.name;
    json["type"] = kTypes[static_cast<std::size_t>(column.type)];
    put(json, "declared", column.type_text);
    put(json, "unsigned", column.is_unsigned);
    put(json, "length", column.length);
    put(json, "decimals", column.decimals);
    put(json, "charset", column.charset);
    put(json, "collation", column.collation);
    put(json, "nullable", column.is_nullable, true);
    if (column.default_text) json["default"] = *column.default_text;
    put(json, "auto_increment", column.is_auto_increment);
    if (column.generated != Generated::No) json["generated"] = kGenerated[static_cast<std::size_t>(column.generated)];
    put(json, "invisible", column.is_invisible);
    put(json, "hidden", column.is_hidden);
    put(json, "row_period", column.is_row_period);
    put(json, "elements", column.elements);
    put(json, "on_update_now", column.is_on_update_now);
    return json;
}

Column column_from_json(const Json& json) {
    Column column;
    json.at("name").get_to(column.name);
    column.type = value_of<ColumnType>(json.at("type").get<std::string>(), kTypes);
    get(json, "declared", column.type_text);
    get(json, "unsigned", column.is_unsigned);
    get(json, "length", column.length);
    get(json, "decimals", column.decimals);
    get(json, "charset", column.charset);
    get(json, "collation", column.collation);
    get(json, "nullable", column.is_nullable);
    if (json.contains("default")) column.default_text = json.at("default").get<std::string>();
    get(json, "auto_increment", column.is_auto_increment);
    column.generated = value_of<Generated>(json.value("generated", "no"), kGenerated);
    get(json, "invisible", column.is_invisible);
    get(json, "hidden", column.is_hidden);
    get(json, "row_period", column.is_row_period);
    get(json, "elements", column.elements);
    get(json, "on_update_now", column.is_on_update_now);
    return column;
}

Json index_to_json(const Index& index) {
    Json json;
    json["name"] = index.name;
    json["kind"] = kIndexKinds[static_cast<std::size_t>(index.kind)];
    put(json, "invisible", index.is_invisible);
    put(json, "hash", index.is_hash);
    json["parts"] = Json::array();
    for (const auto& part : index.parts) {
        Json each = Json::object();
        put(each, "column", part.column);
        put(each, "expression", part.expression);
        put(each, "prefix", part.prefix_length);
        put(each, "descending", part.is_descending);
        json["parts"].push_back(std::move(each));
    }
    return json;
}

Index index_from_json(const Json& json) {
    Index index;
    json.at("name").get_to(index.name);
    index.kind = value_of<IndexKind>(json.at("kind").get<std::string>(), kIndexKinds);
    get(json, "invisible", index.is_invisible);
    get(json, "hash", index.is_hash);
    for (const auto& each : json.at("parts")) {
        IndexPart part;
        get(each, "column", part.column);
        get(each, "expression", part.expression);
        get(each, "prefix", part.prefix_length);
        get(each, "descending", part.is_descending);
        index.parts.push_back(std::move(part));
    }
    return index;
}

Json foreign_key_to_json(const ForeignKey& key) {
    Json json{{"name", key.name},
              {"columns", key.columns},
              {"parent_schema", key.parent.schema},
              {"parent_table", key.parent.table},
              {"parent_columns", key.parent_columns}};
    put(json, "changes_children", key.changes_children);
    return json;
}

ForeignKey foreign_key_from_json(const Json& json) {
    ForeignKey key;
    json.at("name").get_to(key.name);
    json.at("columns").get_to(key.columns);
    json.at("parent_schema").get_to(key.parent.schema);
    json.at("parent_table").get_to(key.parent.table);
    json.at("parent_columns").get_to(key.parent_columns);
    get(json, "changes_children", key.changes_children);
    return key;
}

TableDefinition read_definition(const Json& json) {
    TableDefinition definition;
    if (json.at("format") != kFormat) {
        throw Error(ErrorCode::SchemaSerialize,
                    fmt::format("a stored table definition has the format {}, which this version cannot read",
                                json.at("format").dump()));
    }
    json.at("schema").get_to(definition.name.schema);
    json.at("table").get_to(definition.name.table);
    for (const auto& each : json.at("columns")) definition.columns.push_back(column_from_json(each));
    for (const auto& each : json.at("indexes")) definition.indexes.push_back(index_from_json(each));
    if (json.contains("foreign_keys")) {
        for (const auto& each : json.at("foreign_keys")) definition.foreign_keys.push_back(foreign_key_from_json(each));
    }
    get(json, "charset", definition.charset);
    get(json, "collation", definition.collation);
    get(json, "engine", definition.engine);
    get(json, "comment", definition.comment);
    get(json, "partitioned", definition.is_partitioned);
    return definition;
}

}  // namespace

std::string definition_to_json(const TableDefinition& definition) {
    Json json;
    json["format"] = kFormat;
    json["schema"] = definition.name.schema;
    json["table"] = definition.name.table;
    json["columns"] = Json::array();
    for (const auto& column : definition.columns) json["columns"].push_back(column_to_json(column));
    json["indexes"] = Json::array();
    for (const auto& index : definition.indexes) json["indexes"].push_back(index_to_json(index));
    for (const auto& key : definition.foreign_keys) json["foreign_keys"].push_back(foreign_key_to_json(key));
    put(json, "charset", definition.charset);
    put(json, "collation", definition.collation);
    put(json, "engine", definition.engine);
    put(json, "comment", definition.comment);
    put(json, "partitioned", definition.is_partitioned);
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

TableDefinition definition_from_json(std::string_view json) {
    try {
        return read_definition(Json::parse(json));
    } catch (const Json::exception& error) {
        throw Error(ErrorCode::SchemaSerialize, "a stored table definition cannot be read").with_cause(error.what());
    }
}

bool is_definition_json(std::string_view json) noexcept {
    // MySQL's JSON columns give members back in an order of their own, so the prefix alone does not decide.
    return json.starts_with(kPrefix) || json.find(R"("format": "dm-table-)") != std::string_view::npos;
}

}  // namespace dm::schema
