#include "core/schema/column_builder.h"

#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "core/sql/lexer.h"
#include "core/sql/literal.h"
#include "core/sql/sql_mode.h"

namespace dm::schema {

namespace {

using Type = ColumnType;

struct TypeName {
    std::string_view word;
    Type type;
};

/// Synonyms whose meaning needs nothing but the name.
constexpr std::array kTypeNames = {
    TypeName{"tinyint", Type::TinyInt},
    TypeName{"int1", Type::TinyInt},
    TypeName{"bool", Type::TinyInt},
    TypeName{"boolean", Type::TinyInt},
    TypeName{"smallint", Type::SmallInt},
    TypeName{"int2", Type::SmallInt},
    TypeName{"mediumint", Type::MediumInt},
    TypeName{"int3", Type::MediumInt},
    TypeName{"middleint", Type::MediumInt},
    TypeName{"int", Type::Int},
    TypeName{"int4", Type::Int},
    TypeName{"integer", Type::Int},
    TypeName{"bigint", Type::BigInt},
    TypeName{"int8", Type::BigInt},
    TypeName{"serial", Type::BigInt},
    TypeName{"decimal", Type::Decimal},
    TypeName{"dec", Type::Decimal},
    TypeName{"numeric", Type::Decimal},
    TypeName{"fixed", Type::Decimal},
    TypeName{"number", Type::Decimal},
    TypeName{"float", Type::Float},
    TypeName{"float4", Type::Float},
    TypeName{"float8", Type::Double},
    TypeName{"double", Type::Double},
    TypeName{"double precision", Type::Double},
    TypeName{"real", Type::Double},
    TypeName{"bit", Type::Bit},
    TypeName{"date", Type::Date},
    TypeName{"time", Type::Time},
    TypeName{"datetime", Type::DateTime},
    TypeName{"timestamp", Type::Timestamp},
    TypeName{"year", Type::Year},
    TypeName{"char", Type::Char},
    TypeName{"character", Type::Char},
    TypeName{"nchar", Type::Char},
    TypeName{"national char", Type::Char},
    TypeName{"national character", Type::Char},
    TypeName{"varchar", Type::VarChar},
    TypeName{"varcharacter", Type::VarChar},
    TypeName{"varchar2", Type::VarChar},
    TypeName{"char varying", Type::VarChar},
    TypeName{"character varying", Type::VarChar},
    TypeName{"nvarchar", Type::VarChar},
    TypeName{"nchar varchar", Type::VarChar},
    TypeName{"nchar varcharacter", Type::VarChar},
    TypeName{"nchar varying", Type::VarChar},
    TypeName{"national varchar", Type::VarChar},
    TypeName{"national varcharacter", Type::VarChar},
    TypeName{"national char varying", Type::VarChar},
    TypeName{"national character varying", Type::VarChar},
    TypeName{"tinytext", Type::TinyText},
    TypeName{"text", Type::Text},
    TypeName{"mediumtext", Type::MediumText},
    TypeName{"long", Type::MediumText},
    TypeName{"long varchar", Type::MediumText},
    TypeName{"long varcharacter", Type::MediumText},
    TypeName{"long char varying", Type::MediumText},
    TypeName{"long character varying", Type::MediumText},
    TypeName{"longtext", Type::LongText},
    TypeName{"clob", Type::LongText},
    TypeName{"xmltype", Type::LongText},
    TypeName{"binary", Type::Binary},
    TypeName{"varbinary", Type::VarBinary},
    TypeName{"raw", Type::VarBinary},
    TypeName{"tinyblob", Type::TinyBlob},
    TypeName{"blob", Type::Blob},
    TypeName{"mediumblob", Type::MediumBlob},
    TypeName{"long varbinary", Type::MediumBlob},
    TypeName{"longblob", Type::LongBlob},
    TypeName{"enum", Type::Enum},
    TypeName{"set", Type::Set},
    TypeName{"json", Type::Json},
    TypeName{"geometry", Type::Geometry},
    TypeName{"point", Type::Geometry},
    TypeName{"linestring", Type::Geometry},
    TypeName{"polygon", Type::Geometry},
    TypeName{"multipoint", Type::Geometry},
    TypeName{"multilinestring", Type::Geometry},
    TypeName{"multipolygon", Type::Geometry},
    TypeName{"geometrycollection", Type::Geometry},
    TypeName{"geomcollection", Type::Geometry},
    TypeName{"vector", Type::Vector},
    TypeName{"uuid", Type::Uuid},
    TypeName{"inet4", Type::Inet4},
    TypeName{"inet6", Type::Inet6},
};

/// Names as information_schema shows them, in the order of ColumnType.
constexpr std::array<std::string_view, 34> kCanonicalNames = {
    "tinyint",    "smallint", "mediumint", "int",       "bigint",   "decimal", "float",      "double",   "bit",
    "date",       "time",     "datetime",  "timestamp", "year",     "char",    "varchar",    "tinytext", "text",
    "mediumtext", "longtext", "binary",    "varbinary", "tinyblob", "blob",    "mediumblob", "longblob", "enum",
    "set",        "json",     "geometry",  "vector",    "uuid",     "inet4",   "inet6"};

constexpr std::uint64_t kMaxVarCharBytes = 65535;

Type resolve_type(const sql::ColumnSpec& spec, const ColumnContext& context) {
    const sql::TypeSpec& type = spec.type;
    std::string_view name = type.name;
    const bool is_oracle = context.options.is_mariadb && (context.sql_mode & sql::kModeOracle) != 0;
    if (name.starts_with("mariadb_schema.")) {
        name.remove_prefix(std::string_view("mariadb_schema.").size());
    } else if (is_oracle && name == "date") {
        return Type::DateTime;
    } else if (is_oracle && name == "blob") {
        return Type::LongBlob;
    }
    if (name == "real" && (context.sql_mode & sql::kModeRealAsFloat) != 0) return Type::Float;
    if (name == "number" && !type.length) return Type::Double;
    if (name == "float" && type.length && !type.decimals && *type.length > 24) return Type::Double;
    if (name == "json" && context.options.is_mariadb) return Type::LongText;
    for (const auto& known : kTypeNames) {
        if (known.word == name) return known.type;
    }
    throw Error(ErrorCode::SchemaDdlFailed,
                fmt::format("column `{}` has the unknown type \"{}\"", spec.name, type.name));
}

/// The smallest TEXT or BLOB that holds `bytes`.
Type text_for(std::uint64_t bytes) noexcept {
    if (bytes < 1UL << 8U) return Type::TinyText;
    if (bytes < 1UL << 16U) return Type::Text;
    return bytes < 1UL << 24U ? Type::MediumText : Type::LongText;
}

Type to_binary(Type type) noexcept {
    switch (type) {
        case Type::Char:
            return Type::Binary;
        case Type::VarChar:
            return Type::VarBinary;
        case Type::TinyText:
            return Type::TinyBlob;
        case Type::Text:
            return Type::Blob;
        case Type::MediumText:
            return Type::MediumBlob;
        case Type::LongText:
            return Type::LongBlob;
        default:
            return type;
    }
}

/// Bytes a TEXT or BLOB can hold; 0 for other types.
std::uint64_t capacity_of(Type type) noexcept {
    switch (type) {
        case Type::TinyText:
        case Type::TinyBlob:
            return (1UL << 8U) - 1;
        case Type::Text:
        case Type::Blob:
            return (1UL << 16U) - 1;
        case Type::MediumText:
        case Type::MediumBlob:
            return (1UL << 24U) - 1;
        case Type::LongText:
        case Type::LongBlob:
            return (1UL << 32U) - 1;
        default:
            return 0;
    }
}

void set_charset(Column& column, const sql::TypeSpec& type, const ColumnContext& context) {
    const bool is_mariadb_json = type.name == "json" && column.type == Type::LongText;
    if (!has_charset(column.type)) return;
    const bool is_national = type.name.starts_with("n") && type.name != "number";
    std::string charset = is_national ? "utf8mb3" : type.charset;
    std::string collation = type.collation;
    if (is_mariadb_json) {
        charset = "utf8mb4";
        collation = "utf8mb4_bin";
    }
    CharsetPair pair = resolve_charset(context, charset, collation, context.table);
    if (type.has_binary_attribute && pair.charset != "binary") pair.collation = pair.charset + "_bin";
    column.charset = pair.charset;
    column.collation = pair.collation;
    if (pair.charset != "binary" || column.type == Type::Enum || column.type == Type::Set) return;
    column.type = to_binary(column.type);
    column.charset.clear();
    column.collation.clear();
}

/// TEXT(n) and VARCHAR beyond the row limit take the type that their size needs.
void fit_text(Column& column, const sql::TypeSpec& type, std::uint64_t sql_mode) {
    const std::uint64_t bytes = type.length.value_or(0) * max_char_bytes(column.charset);
    const bool is_binary = is_binary_type(column.type);
    const bool is_sized_text = (column.type == Type::Text || column.type == Type::Blob) && type.length.value_or(0) > 0;
    const bool is_too_long =
        (column.type == Type::VarChar || column.type == Type::VarBinary) && bytes > kMaxVarCharBytes;
    if (is_too_long && sql::is_strict(sql_mode)) {
        throw Error(ErrorCode::SchemaDdlFailed, fmt::format("column `{}` is longer than VARCHAR may be", column.name));
    }
    if (is_sized_text || is_too_long) column.type = is_binary ? to_binary(text_for(bytes)) : text_for(bytes);
    column.length = static_cast<std::uint32_t>(capacity_of(column.type));
}

void set_length(Column& column, const sql::TypeSpec& type, std::uint64_t sql_mode) {
    const auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>(type.length.value_or(0), UINT32_MAX));
    switch (column.type) {
        case Type::Decimal:
            column.length = length == 0 ? 10 : length;
            column.decimals = static_cast<std::uint32_t>(type.decimals.value_or(0));
            break;
        case Type::Float:
        case Type::Double:
            // FLOAT(p) only chooses between FLOAT and DOUBLE.
            column.length = type.decimals ? length : 0;
            column.decimals = static_cast<std::uint32_t>(type.decimals.value_or(0));
            break;
        case Type::Bit:
        case Type::Char:
        case Type::Binary:
            column.length = type.length ? length : 1;
            break;
        case Type::Time:
        case Type::DateTime:
        case Type::Timestamp:
            column.length = length;
            break;
        case Type::Vector:
            column.length = type.length ? length : 2048;
            break;
        case Type::VarChar:
        case Type::VarBinary:
            column.length = length;
            if (type.length.value_or(0) * max_char_bytes(column.charset) > kMaxVarCharBytes)
                fit_text(column, type, sql_mode);
            break;
        default:
            fit_text(column, type, sql_mode);
    }
}

bool is_integer(Type type) noexcept { return type <= Type::BigInt; }

std::string element_list(const std::vector<std::string>& elements) {
    std::string list;
    for (const auto& element : elements) {
        if (!list.empty()) list += ',';
        list += '\'';
        for (const char c : element) {
            if (c == '\'') list += '\'';
            if (c == '\\') list += '\\';
            list += c;
        }
        list += '\'';
    }
    return list;
}

void set_type_text(Column& column, const sql::TypeSpec& type) {
    std::string text(kCanonicalNames[static_cast<std::size_t>(column.type)]);
    if (column.type == Type::Geometry) text = type.name == "geomcollection" ? "geometrycollection" : type.name;
    const bool is_bool = type.name == "bool" || type.name == "boolean";
    if (is_integer(column.type) && (type.length || is_bool)) {
        text += fmt::format("({})", type.length.value_or(1));
    } else if (column.type == Type::Decimal ||
               ((column.type == Type::Float || column.type == Type::Double) && type.decimals)) {
        text += fmt::format("({},{})", column.length, column.decimals);
    } else if (column.type == Type::Enum || column.type == Type::Set) {
        text += "(" + element_list(column.elements) + ")";
    } else if ((column.length > 0 && capacity_of(column.type) == 0) || column.type == Type::Char ||
               column.type == Type::VarChar || column.type == Type::Binary || column.type == Type::VarBinary) {
        text += fmt::format("({})", column.length);
    }
    if (column.is_unsigned) text += " unsigned";
    if (type.is_zerofill) text += " zerofill";
    column.type_text = std::move(text);
}

/// What TIMESTAMP means where explicit_defaults_for_timestamp is off; the first column's automatic default is the
/// caller's.
void set_nullability(Column& column, const sql::ColumnSpec& spec, const ColumnContext& context) {
    const bool is_implicit_timestamp =
        column.type == Type::Timestamp && !context.explicit_timestamp_defaults && !spec.is_generated;
    column.is_nullable = spec.is_nullable.value_or(!is_implicit_timestamp);
    column.is_row_period = spec.is_row_period;
    if (column.is_auto_increment || spec.is_row_period) column.is_nullable = false;
}

}  // namespace

bool is_text_type(ColumnType type) noexcept { return type >= Type::Char && type <= Type::LongText; }
bool is_binary_type(ColumnType type) noexcept { return type >= Type::Binary && type <= Type::LongBlob; }
bool has_charset(ColumnType type) noexcept { return is_text_type(type) || type == Type::Enum || type == Type::Set; }

CharsetPair resolve_charset(const ColumnContext& context, std::string_view charset, std::string_view collation,
                            const CharsetPair& surrounding) {
    CharsetPair pair{canonical_charset(charset), canonical_collation(collation)};
    const bool is_charset_default = pair.charset == "default";
    const bool is_collation_default = pair.collation == "default";
    if (is_collation_default) pair.collation.clear();
    if (is_charset_default) pair.charset = pair.collation.empty() ? std::string() : surrounding.charset;
    if (pair.charset.empty() && pair.collation.empty()) {
        if (!context.options.is_mariadb || (!is_charset_default && !is_collation_default)) return surrounding;
        // MariaDB keeps the surrounding charset only: CHARACTER SET DEFAULT with the collation it was compiled with,
        // COLLATE DEFAULT with the configured one.
        pair.charset = surrounding.charset;
        if (is_charset_default) pair.collation = builtin_collation(pair.charset);
    }
    if (pair.charset.empty()) {
        pair.charset = charset_of_collation(pair.collation);
        if (pair.charset.empty()) pair.charset = surrounding.charset;
    }
    if (pair.collation.starts_with("uca1400_")) pair.collation = pair.charset + "_" + pair.collation;
    if (!pair.collation.empty()) return pair;
    const auto configured = context.options.default_collations.find(pair.charset);
    if (context.collations != nullptr && context.collations->contains(pair.charset)) {
        pair.collation = context.collations->find(pair.charset)->second;
    } else if (configured != context.options.default_collations.end()) {
        pair.collation = configured->second;
    } else {
        pair.collation = builtin_collation(pair.charset);
    }
    return pair;
}

Column build_column(const sql::ColumnSpec& spec, const ColumnContext& context) {
    Column column;
    column.name = spec.name;
    column.type = resolve_type(spec, context);
    const bool is_serial = spec.type.name == "serial" || spec.is_serial_default;
    column.is_unsigned = spec.type.is_unsigned || spec.type.name == "serial";
    column.is_auto_increment = spec.is_auto_increment || is_serial;
    column.elements = spec.type.elements;
    set_charset(column, spec.type, context);
    set_length(column, spec.type, context.sql_mode);
    set_type_text(column, spec.type);
    set_nullability(column, spec, context);
    column.default_text = spec.default_text;
    column.is_on_update_now = spec.is_on_update_now;
    column.is_invisible = spec.is_invisible;
    if (spec.is_generated) column.generated = spec.is_stored ? Generated::Stored : Generated::Virtual;
    return column;
}

void convert_column(Column& column, const CharsetPair& target, std::uint64_t sql_mode) {
    if (!has_charset(column.type) || column.charset == "binary") return;
    const std::uint64_t characters = capacity_of(column.type) / max_char_bytes(column.charset);
    sql::TypeSpec type;
    type.name = "text";
    column.charset = target.charset;
    column.collation = target.collation;
    if (column.type == Type::Enum || column.type == Type::Set) return;
    const std::uint64_t bytes = characters * max_char_bytes(target.charset);
    if (capacity_of(column.type) > 0 && column.type != Type::LongText) column.type = text_for(bytes);
    if (column.type == Type::Char || column.type == Type::VarChar) type.length = column.length;
    if (target.charset == "binary") {
        column.type = to_binary(column.type);
        column.charset.clear();
        column.collation.clear();
    }
    set_length(column, type, sql_mode);
    set_type_text(column, type);
}

}  // namespace dm::schema
