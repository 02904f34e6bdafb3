#include "unit/sync/single_changes.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/sql/lexer.h"

namespace dm::sync {
namespace {

using rules::SingleChange;
using schema::Column;
using schema::ColumnType;

/// Types of one family hold more the later they stand; types of two families hold different things.
constexpr auto kFamilies =
    std::to_array<std::pair<ColumnType, ColumnType>>({{ColumnType::TinyInt, ColumnType::BigInt},
                                                      {ColumnType::Float, ColumnType::Double},
                                                      {ColumnType::Char, ColumnType::LongText},
                                                      {ColumnType::Binary, ColumnType::LongBlob}});

/// Types with a fractional part, whose loss is one of precision.
bool has_fraction(ColumnType type) {
    return type == ColumnType::Decimal || type == ColumnType::Float || type == ColumnType::Double;
}

bool is_temporal(ColumnType type) {
    return type == ColumnType::Time || type == ColumnType::DateTime || type == ColumnType::Timestamp;
}

bool is_integer(ColumnType type) { return type >= ColumnType::TinyInt && type <= ColumnType::BigInt; }

/// Whether `after` is the larger type of a family of which `before` is a smaller one.
bool is_wider(ColumnType before, ColumnType after) {
    return std::ranges::any_of(kFamilies, [&](const auto& family) {
        return family.first <= before && before <= after && after <= family.second;
    });
}

bool loses_range(const Column& before, const Column& after) {
    if (before.type != after.type) {
        const bool is_fraction_cut = has_fraction(before.type) && (has_fraction(after.type) || is_integer(after.type));
        if (!is_wider(before.type, after.type) && !is_fraction_cut) return true;
        const bool has_length = before.type <= ColumnType::VarBinary && before.length > 0 && after.length > 0;
        const bool is_text = !is_integer(before.type) && !has_fraction(before.type);
        if (is_text && has_length && after.length < before.length) return true;
    } else if (before.type == ColumnType::Decimal) {
        if (after.length - after.decimals < before.length - before.decimals) return true;
    } else if (!is_temporal(before.type) && !is_integer(before.type) && after.length < before.length) {
        return true;
    }
    if (before.is_unsigned != after.is_unsigned) return true;
    return std::ranges::any_of(before.elements, [&](const std::string& element) {
        return std::ranges::find(after.elements, element) == after.elements.end();
    });
}

bool loses_precision(const Column& before, const Column& after) {
    if (before.type != after.type)
        return has_fraction(before.type) && !(before.type == ColumnType::Float && after.type == ColumnType::Double);
    return (is_temporal(before.type) && after.length < before.length) || after.decimals < before.decimals;
}

/// Collects what a statement changes, each once.
class Changes {
  public:
    void add(SingleChange change, bool is_so = true) {
        if (is_so && std::ranges::find(found_, change) == found_.end()) found_.push_back(change);
    }

    void compare(const Column& before, const Column& after) {
        add(SingleChange::ValueRangeDecrease, loses_range(before, after));
        add(SingleChange::PrecisionDecrease, loses_precision(before, after));
        add(SingleChange::ModifyDefaultValue, before.default_text != after.default_text);
        add(SingleChange::ModifyCharset, before.charset != after.charset);
        add(SingleChange::ModifyCollation, before.collation != after.collation);
        add(SingleChange::RemoveAutoIncrement, before.is_auto_increment && !after.is_auto_increment);
    }

    /// Of a column whose former definition is not known.
    void suspect() {
        for (const SingleChange change :
             {SingleChange::ValueRangeDecrease, SingleChange::PrecisionDecrease, SingleChange::ModifyDefaultValue,
              SingleChange::ModifyCharset, SingleChange::ModifyCollation, SingleChange::RemoveAutoIncrement})
            add(change);
    }

    [[nodiscard]] std::vector<SingleChange> take() { return std::move(found_); }

  private:
    std::vector<SingleChange> found_;
};

/// What is done to partitions, by the verb.
std::optional<SingleChange> partition_change(std::string_view verb) {
    constexpr auto kVerbs = std::to_array<std::pair<std::string_view, SingleChange>>(
        {{"ADD", SingleChange::AddTablePartition},
         {"DROP", SingleChange::DropTablePartition},
         {"TRUNCATE", SingleChange::TruncateTablePartition},
         {"REORGANIZE", SingleChange::ReorganizeTablePartition},
         {"REBUILD", SingleChange::RebuildTablePartition},
         {"COALESCE", SingleChange::CoalesceTablePartition}});
    const auto found = std::ranges::find(kVerbs, verb, &std::pair<std::string_view, SingleChange>::first);
    return found == kVerbs.end() ? std::nullopt : std::optional(found->second);
}

class Classifier {
  public:
    Classifier(const schema::TableDefinition* before, const schema::TableDefinition* after)
        : before_(before), after_(after) {}

    void note(const sql::AlterTable& alter) {
        for (const auto& action : alter.actions) std::visit([this](const auto& one) { note_action(one); }, action);
        changes_.add(SingleChange::ModifyColumnsOrder, has_moved_);
    }
    void note(const sql::DropIndex& drop) { note_action(drop.key); }
    void note(const sql::AlterDatabase&) { changes_.add(SingleChange::ModifySchemaCharset); }
    template <typename Other>
    void note(const Other&) {}

    [[nodiscard]] std::vector<SingleChange> take() { return changes_.take(); }

  private:
    void note_action(const sql::AddColumn&) { changes_.add(SingleChange::AddColumn); }
    void note_action(const sql::ChangeColumn& change) {
        changes_.add(SingleChange::ModifyColumn);
        changes_.add(SingleChange::RenameColumn, !sql::equal_ignoring_case(change.old_name, change.column.name));
        has_moved_ = has_moved_ || change.place.is_first || !change.place.after.empty();
        const auto before = before_ == nullptr ? std::nullopt : before_->find_column(change.old_name);
        const auto after = after_ == nullptr ? std::nullopt : after_->find_column(change.column.name);
        if (before && after)
            changes_.compare(before_->columns[*before], after_->columns[*after]);
        else
            changes_.suspect();
    }
    void note_action(const sql::DropColumn&) { changes_.add(SingleChange::DropColumn); }
    void note_action(const sql::RenameColumn&) { changes_.add(SingleChange::RenameColumn); }
    void note_action(const sql::AlterColumn& alter) {
        if (!alter.sets_default && !alter.drops_default) return;
        changes_.add(SingleChange::SetDefaultValue);
        changes_.add(SingleChange::ModifyDefaultValue);
    }
    void note_action(const sql::AddKey& add) {
        changes_.add(SingleChange::AddPrimaryKey, add.key.kind == sql::KeyKind::Primary);
    }
    void note_action(const sql::AddForeignKey&) { changes_.add(SingleChange::AddForeignKey); }
    void note_action(const sql::DropKey& drop) {
        const bool is_primary = sql::equal_ignoring_case(drop.name, "PRIMARY");
        changes_.add(SingleChange::DropPrimaryKey, is_primary);
        const schema::Index* index = before_ == nullptr ? nullptr : before_->find_index(drop.name);
        changes_.add(SingleChange::DropUniqueKey, !is_primary && (index == nullptr || index->is_unique()));
    }
    void note_action(const sql::DropForeignKey&) { changes_.add(SingleChange::DropForeignKey); }
    void note_action(const sql::DropConstraint& drop) {
        const bool is_foreign = before_ != nullptr && std::ranges::any_of(before_->foreign_keys, [&](const auto& key) {
                                    return sql::equal_ignoring_case(key.name, drop.name);
                                });
        const schema::Index* index = before_ == nullptr ? nullptr : before_->find_index(drop.name);
        changes_.add(SingleChange::ModifyConstraint);
        changes_.add(SingleChange::DropForeignKey, is_foreign);
        changes_.add(SingleChange::DropUniqueKey, index != nullptr && index->is_unique());
    }
    void note_action(const sql::RenameKey&) { changes_.add(SingleChange::RenameIndex); }
    void note_action(const sql::AlterKey&) { changes_.add(SingleChange::AlterIndexVisibility); }
    void note_action(const sql::ConvertCharset&) {
        changes_.add(SingleChange::ModifyTableCharset);
        changes_.add(SingleChange::ModifyCharset);
        changes_.add(SingleChange::ModifyCollation);
    }
    void note_action(const sql::SetOptions& set) {
        const sql::TableOptions& options = set.options;
        changes_.add(SingleChange::ModifyTableCharset, options.charset || options.collation);
        changes_.add(SingleChange::ModifyCharset, options.charset.has_value());
        changes_.add(SingleChange::ModifyCollation, options.collation.has_value());
        changes_.add(SingleChange::ModifyStorageEngine, options.engine.has_value());
        changes_.add(SingleChange::ModifyTableComment, options.comment.has_value());
        if (!options.is_partitioned) return;
        changes_.add(*options.is_partitioned ? SingleChange::AlterTablePartitioning
                                             : SingleChange::RemoveTablePartitioning);
    }
    void note_action(const sql::ExchangeTable&) { changes_.add(SingleChange::ExchangeTablePartition); }
    void note_action(const sql::StorageAction& action) {
        if (const auto change = partition_change(action.verb)) changes_.add(*change);
    }
    void note_action(const sql::AddPeriod&) {}
    void note_action(const sql::RenameTo&) {}
    void note_action(const sql::DropSystemVersioning&) {}

    const schema::TableDefinition* before_;
    const schema::TableDefinition* after_;
    Changes changes_;
    bool has_moved_ = false;
};

}  // namespace

std::vector<SingleChange> single_changes(const sql::DdlStatement& statement, const schema::TableDefinition* before,
                                         const schema::TableDefinition* after) {
    Classifier classifier(before, after);
    std::visit([&](const auto& one) { classifier.note(one); }, statement);
    return classifier.take();
}

}  // namespace dm::sync
