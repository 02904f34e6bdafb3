#include "core/dml/table_plan.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "core/dml/key_fineness.h"
#include "core/model/names.h"

namespace dm::dml {
namespace {

using schema::ColumnType;

bool is_integer(ColumnType type) { return type <= ColumnType::BigInt || type == ColumnType::Year; }
bool is_text(ColumnType type) {
    return (type >= ColumnType::Char && type <= ColumnType::LongText) || type == ColumnType::Enum ||
           type == ColumnType::Set;
}
bool is_binary(ColumnType type) { return type >= ColumnType::Binary && type <= ColumnType::LongBlob; }

/// Text that the target keeps to the byte: CHAR takes trailing spaces away.
bool is_kept_text(ColumnType from, ColumnType into) {
    const auto is_string = [](ColumnType type) { return type >= ColumnType::Char && type <= ColumnType::LongText; };
    return is_string(from) && is_string(into) && (into != ColumnType::Char || from == ColumnType::Char);
}

bool may_be_cut(const schema::Column& from, const schema::Column& into) {
    const auto has_length = [](ColumnType type) {
        return type == ColumnType::Char || type == ColumnType::VarChar || type == ColumnType::Binary ||
               type == ColumnType::VarBinary;
    };
    if (!has_length(into.type))
        return into.type < from.type && into.type != ColumnType::Enum && into.type != ColumnType::Set;
    return !has_length(from.type) || into.length < from.length;
}

bool is_temporal(ColumnType type) { return type >= ColumnType::Date && type <= ColumnType::Timestamp; }

bool fits_case(ColumnType from, ColumnType into) {
    const auto is_string = [](ColumnType type) { return type >= ColumnType::Char && type <= ColumnType::LongText; };
    const auto is_whole = [](ColumnType type) { return type <= ColumnType::BigInt; };
    return (is_whole(from) && is_whole(into)) || (is_string(from) && is_string(into)) ||
           (is_binary(from) && is_binary(into)) || (is_temporal(from) && from == into) ||
           (from == ColumnType::Decimal && into == ColumnType::Decimal);
}

KeyForm text_form(const schema::Column& target) {
    const std::string& collation = target.collation;
    if (collation == "binary") return KeyForm::Exact;
    // Hungarian equates the short forms of doubled digraphs with the long ones ("ccs" with "cscs"): no skeleton shows
    // that.
    if (collation.find("hungarian") != std::string::npos || collation.find("_hu_") != std::string::npos)
        return KeyForm::Opaque;
    return collation.ends_with("_bin") ? KeyForm::Padded : KeyForm::Folded;
}

/// Values reach the target column through a conversion unless both columns are of one family; then nothing is known.
KeyForm form_of(const schema::Column& source, const schema::Column& target) {
    if (is_integer(source.type) && is_integer(target.type)) return KeyForm::Number;
    if (is_text(source.type) && is_text(target.type))
        return may_be_cut(source, target) ? KeyForm::Opaque : text_form(target);
    if (is_binary(source.type) && is_binary(target.type))
        return may_be_cut(source, target) ? KeyForm::Opaque : KeyForm::Exact;
    const bool is_same =
        source.type == target.type && source.length == target.length && source.decimals == target.decimals;
    if (!is_same) return KeyForm::Opaque;
    const bool is_number =
        source.type == ColumnType::Float || source.type == ColumnType::Double || source.type == ColumnType::Bit;
    return is_number ? KeyForm::Number : KeyForm::Exact;
}

bool needs_value(const schema::Column& column) {
    return !column.is_nullable && !column.default_text && !column.is_auto_increment &&
           column.generated == schema::Generated::No;
}

std::uint64_t seed_of(const model::TableName& table, std::string_view key) {
    const std::size_t name = std::hash<model::TableName>{}(table);
    return name * 0x9E3779B97F4A7C15ULL + std::hash<std::string_view>{}(key);
}

/// One downstream unique index as far as the source's columns go. Nothing if rows cannot clash on it.
std::optional<UniqueKey> compile_key(const schema::Index& index, const schema::TableDefinition& source,
                                     const schema::TableDefinition& target, Images images) {
    UniqueKey key{.name = index.name,
                  .parts = {},
                  .seed = seed_of(target.name, index.name),
                  .is_not_null = true,
                  .identifies = true};
    for (const auto& part : index.parts) {
        const auto in_target = target.find_column(part.column);
        const auto in_source = source.find_column(part.column);
        const bool is_known = !part.column.empty() && in_target && in_source;
        if (!is_known) {
            if (in_target && target.columns[*in_target].is_auto_increment) return std::nullopt;
            key.identifies = false;
            continue;
        }
        const auto& column = target.columns[*in_target];
        if (column.is_nullable) key.is_not_null = false;
        if (column.generated != schema::Generated::No &&
            (source.columns[*in_source].generated == schema::Generated::No || images == Images::WithoutGenerated)) {
            // The target computes this value itself: what the source has there says nothing about it, or is not told.
            key.identifies = false;
            continue;
        }
        key.parts.push_back(
            {.column = *in_source, .form = form_of(source.columns[*in_source], column), .prefix = part.prefix_length});
    }
    if (!key.identifies) key.is_not_null = false;
    return key;
}

}  // namespace

TablePlan TablePlan::compile(const schema::TableDefinition& source, const schema::TableDefinition& target,
                             const std::vector<std::string>& charsets, Images images, VectorForm vectors) {
    TablePlan plan;
    plan.source_ = source.name;
    plan.target_ = target.name;
    plan.quoted_target_ = target.name.quoted();
    plan.row_width_ = source.columns.size();
    plan.has_transactions_ = target.has_transactions();
    plan.add_columns(source, target, charsets, vectors);
    plan.add_keys(source, target, images);
    plan.coarser_key_ = find_coarser_key(compared_keys(source), compared_keys(target)).value_or(std::string());
    return plan;
}

void TablePlan::add_columns(const schema::TableDefinition& source, const schema::TableDefinition& target,
                            const std::vector<std::string>& charsets, VectorForm vectors) {
    for (std::size_t i = 0; i < source.columns.size(); ++i) {
        is_generated_.push_back(source.columns[i].is_hidden || source.columns[i].generated != schema::Generated::No);
        if (source.columns[i].is_hidden) continue;
        const auto in_target = target.find_column(source.columns[i].name);
        WrittenColumn column;
        column.column = i;
        column.name = model::quote_identifier(source.columns[i].name);
        if (i < charsets.size() && !charsets[i].empty()) column.introducer = fmt::format("_{} ", charsets[i]);
        column.is_enum = source.columns[i].type == ColumnType::Enum;
        column.has_empty_member = std::ranges::find(source.columns[i].elements, "") != source.columns[i].elements.end();
        column.is_json = in_target && target.columns[*in_target].type == ColumnType::Json;
        if (in_target) {
            const ColumnType from = source.columns[i].type;
            const ColumnType into = target.columns[*in_target].type;
            column.is_folded = is_kept_text(from, into);
            column.is_always_set = into == ColumnType::Timestamp || into == ColumnType::DateTime;
            column.fits_case = fits_case(from, into);
            column.is_vector_text = vectors == VectorForm::Text && from == ColumnType::Vector && from == into;
        }
        if (in_target && target.columns[*in_target].generated != schema::Generated::No) {
            generated_.push_back(std::move(column));
            continue;
        }
        column_list_ += column_list_.empty() ? "(" : ",";
        column_list_ += column.name;
        columns_.push_back(std::move(column));
    }
    column_list_ += column_list_.empty() ? "()" : ")";
    can_upsert_ = std::ranges::none_of(target.columns, [&](const schema::Column& column) {
        return needs_value(column) && !source.find_column(column.name);
    });
    covers_target_ = std::ranges::all_of(target.columns, [&](const schema::Column& column) {
        return column.generated != schema::Generated::No || source.find_column(column.name);
    });
}

void TablePlan::add_keys(const schema::TableDefinition& source, const schema::TableDefinition& target, Images images) {
    std::vector<const schema::Index*> indexes;
    for (const auto& index : target.indexes) {
        if (index.is_unique()) indexes.push_back(&index);
    }
    std::ranges::stable_partition(indexes,
                                  [](const schema::Index* index) { return index->kind == schema::IndexKind::Primary; });
    for (const schema::Index* index : indexes) {
        auto key = compile_key(*index, source, target, images);
        if (!key) continue;
        keys_.push_back(std::move(*key));
        if (!row_key_ && keys_.back().is_not_null && keys_.back().identifies) row_key_ = keys_.size() - 1;
    }
    if (row_key_ && keys_[*row_key_].parts.size() == 1) {
        const auto& part = keys_[*row_key_].parts.front();
        const auto found = std::ranges::lower_bound(columns_, part.column, {}, &WrittenColumn::column);
        const bool is_written = found != columns_.end() && found->column == part.column;
        if (is_written && found->fits_case && source.columns[part.column].type <= ColumnType::BigInt)
            case_key_ = static_cast<std::size_t>(found - columns_.begin());
    }
    whole_row_ = {.name = "", .parts = {}, .seed = seed_of(target.name, ""), .is_not_null = false, .identifies = false};
    for (const auto& written : columns_) {
        const auto in_target = target.find_column(source.columns[written.column].name);
        const KeyForm form =
            in_target ? form_of(source.columns[written.column], target.columns[*in_target]) : KeyForm::Exact;
        whole_row_.parts.push_back({.column = written.column, .form = form, .prefix = 0});
    }
}

const UniqueKey* TablePlan::where_key(model::Row row) const noexcept {
    if (row_key_) return &keys_[*row_key_];
    for (const auto& key : keys_) {
        const bool has_null =
            std::ranges::any_of(key.parts, [&](const KeyPart& part) { return row[part.column].is_null(); });
        if (key.identifies && !has_null) return &key;
    }
    return nullptr;
}

const WrittenColumn* TablePlan::case_key() const noexcept { return case_key_ ? &columns_[*case_key_] : nullptr; }

const WrittenColumn& TablePlan::named(std::size_t column) const noexcept {
    const auto found = std::ranges::lower_bound(columns_, column, {}, &WrittenColumn::column);
    if (found != columns_.end() && found->column == column) return *found;
    return *std::ranges::lower_bound(generated_, column, {}, &WrittenColumn::column);
}

bool TablePlan::is_generated(std::size_t column) const noexcept {
    return column < is_generated_.size() && is_generated_[column];
}

bool TablePlan::may_be_missing(std::size_t column) const noexcept {
    const auto is_it = [column](const auto& part) { return part.column == column; };
    return is_generated(column) && std::ranges::none_of(columns_, is_it) &&
           std::ranges::none_of(keys_, [&](const UniqueKey& key) { return std::ranges::any_of(key.parts, is_it); });
}

bool TablePlan::changes_unique_key(model::Row before, model::Row after) const noexcept {
    const auto differs = [&](const KeyPart& part) { return !(before[part.column] == after[part.column]); };
    if (!row_key_ && std::ranges::any_of(whole_row_.parts, differs)) return true;
    return std::ranges::any_of(
        keys_, [&](const UniqueKey& key) { return !key.identifies || std::ranges::any_of(key.parts, differs); });
}

}  // namespace dm::dml
