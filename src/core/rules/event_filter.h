#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/names.h"

namespace dm::rules {

/// One binlog event filter, as configured. An empty `table_pattern` speaks of the whole schema.
struct EventFilterRule {
    std::string schema_pattern;
    std::string table_pattern;
    std::vector<std::string> events;
    std::vector<std::string> sql_patterns;
    std::string action;  ///< "Do", "Ignore" or "Error"
    bool operator==(const EventFilterRule&) const = default;
};

/// Kinds of events that filters tell apart in a stream. `Other` statements have no kind: only SQL patterns see them.
enum class EventKind : std::uint8_t {
    Insert,
    Update,
    Delete,
    CreateDatabase,
    DropDatabase,
    AlterDatabase,
    CreateTable,
    DropTable,
    TruncateTable,
    RenameTable,
    AlterTable,
    CreateIndex,
    DropIndex,
    CreateView,
    DropView,
    Other,
};

/// What single actions of ALTER TABLE, and dropped indexes, change: a statement has any number of them beside its kind.
enum class SingleChange : std::uint8_t {
    AddTablePartition,
    DropTablePartition,
    TruncateTablePartition,
    ValueRangeDecrease,
    PrecisionDecrease,
    ModifyColumn,
    RenameColumn,
    RenameIndex,
    DropColumn,
    DropPrimaryKey,
    DropUniqueKey,
    ModifyDefaultValue,
    ModifyConstraint,
    ModifyColumnsOrder,
    ModifyCharset,
    ModifyCollation,
    RemoveAutoIncrement,
    ModifyStorageEngine,
    ReorganizeTablePartition,
    RebuildTablePartition,
    CoalesceTablePartition,
    ExchangeTablePartition,
    AddForeignKey,
    DropForeignKey,
    ModifySchemaCharset,
    ModifyTableCharset,
    ModifyTableComment,
    AlterTablePartitioning,
    RemoveTablePartitioning,
    AddColumn,
    SetDefaultValue,
    AddPrimaryKey,
    AlterIndexVisibility,
    MultiSchemaChange,
};

/// What becomes of an event. `Error` means that the task has to stop with SyncFilteredError.
enum class Verdict : std::uint8_t { Replicate, Skip, Error };

/// Decides which events of a table a task replicates. Immutable after construction, so free to share between threads.
class EventFilter {
  public:
    /// Throws Error{ConfigFilterInvalid} naming the rule and its defect: bad wildcard, event, action or expression.
    EventFilter(const std::vector<EventFilterRule>& rules, bool is_case_sensitive);
    ~EventFilter();
    EventFilter(EventFilter&&) noexcept;
    EventFilter& operator=(EventFilter&&) noexcept;

    /// `statement` is the original text of a DDL, empty for row events. Statements that could not be read are asked
    /// with an empty name and `Other`: rules for every schema (`*`) apply. Schema rules first, then table rules, each
    /// in listed order; the first that decides wins. An event of a rule is met by the kind or by any of `changes`.
    [[nodiscard]] Verdict judge(const model::TableName& name, EventKind kind, std::string_view statement,
                                std::span<const SingleChange> changes = {}) const;

    [[nodiscard]] bool is_empty() const noexcept;
    /// Whether a rule asks for single changes, by name or as incompatible ones.
    [[nodiscard]] bool names_changes() const noexcept;

  private:
    struct Compiled;
    std::unique_ptr<const Compiled> compiled_;
};

/// Nothing if `name` (any case) is a known event name; else a sentence with the nearest known one.
[[nodiscard]] std::optional<std::string> event_name_defect(std::string_view name);

}  // namespace dm::rules
