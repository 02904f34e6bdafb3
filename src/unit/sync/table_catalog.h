#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "core/binlog/row_layout.h"
#include "core/binlog/table_map.h"
#include "core/checkpoint/table_points.h"
#include "core/dml/table_plan.h"
#include "core/rules/event_filter.h"
#include "core/rules/table_filter.h"
#include "core/rules/table_router.h"
#include "core/schema/tracker.h"
#include "core/sql/ddl.h"
#include "unit/sync/recorder.h"
#include "unit/sync/session_links.h"
#include "unit/target/copy_checkpoint.h"

namespace dm::sync {

/// The rules of a subtask, compiled. Immutable.
struct Rules {
    rules::TableFilter filter;
    rules::TableRouter router;
    rules::EventFilter events;
};

/// From and until where a table's events count, given by its copy.
struct CopySpan {
    model::Location low;     ///< events at or before it are in the copy
    model::Location high;    ///< events at or before it may be in the copy
    bool is_behind = false;  ///< the stream has passed `high` for good
};

/// Whether the end of an event is at or before a location given by the copy: by GTIDs if both have them, else by
/// position.
[[nodiscard]] bool is_at_or_before(const model::Location& end, const model::Location& bound, bool by_gtid);

[[nodiscard]] bool has_upper_case(const model::TableName& name);

/// Everything known about one source table while its structure stays: how to decode its rows and where to put them.
struct SourceTable {
    model::TableName name;
    bool is_accepted = false;
    bool is_gone = false;                        ///< before its copy: rows do not count
    bool is_sequence = false;                    ///< MariaDB logs a sequence's state as rows: not replicated
    bool has_transactions = true;                ///< its engine undoes changes
    std::array<rules::Verdict, 3> verdicts{};    ///< by RowsKind: write, update, delete
    std::shared_ptr<const dml::TablePlan> plan;  ///< null if no row is replicated
    std::optional<binlog::RowLayout> layout;
};

/// Keeps the structures on both sides at the current point of the stream, and from them the plans. One thread.
/// Sessions are opened when something is missing. Errors of sessions pass through.
class TableCatalog {
  public:
    TableCatalog(const Rules& rules, schema::Tracker tracker, schema::Tracker target, Recorder& recorder,
                 SessionLink& upstream, SessionLink& downstream);

    /// Structures that the checkpoint and the copy know. Where both do, the later one counts. `copy_end` is where the
    /// copy knew all tables there were; nothing if there was none.
    void load(const checkpoint::CheckpointContent& content, const std::vector<target::TableCopyPoint>& copies,
              const std::optional<model::Location>& copy_end, bool by_gtid);

    /// The table of a table map. Throws Error{SchemaTableMissing, SyncColumnCount, SyncTargetTableMissing}. `timestamp`
    /// and `location` are the event's.
    const SourceTable& table_of(const std::shared_ptr<const binlog::TableMap>& map, std::uint32_t timestamp,
                                const model::Location& location, bool by_gtid);

    [[nodiscard]] schema::Tracker& tracker() noexcept { return tracker_; }
    /// How the target reads statements.
    [[nodiscard]] const schema::TrackerOptions& target_options() const noexcept { return target_.options(); }

    /// Another replicated table whose target differs from `target` only in case; with an empty table, one of such a
    /// schema. Nothing if there is none.
    [[nodiscard]] std::optional<model::TableName> twin_of(const model::TableName& target) const;
    /// Notes the default charsets of the replicated schemas that the checkpoint does not know, to be recorded for
    /// `location`: what the stream changes of them later is met in its place. They are what the copy found at
    /// `location`; without that, what the upstream says now.
    void learn_all_schemas(const model::Location& location, target::SchemaCharsets at_location = {});
    /// Asks the upstream for the default charsets of the schemas that statements ending at `location` work in, as far
    /// as neither the stream nor the checkpoint tells them.
    void learn_schemas(const std::vector<sql::RewrittenDdl>& statements, const model::Location& location);
    /// Notes for the checkpoint what statements that have been tracked made of schemas.
    void note_schemas(const std::vector<sql::RewrittenDdl>& statements, const model::Location& location);
    /// The copy's span of a table; null if it was not copied.
    [[nodiscard]] CopySpan* copy_span(const model::TableName& source);
    /// Whether an event that ends at `end` happened while the copy was under way: what it speaks of may have been gone
    /// when the copy came to it.
    [[nodiscard]] bool is_amid_copy(const model::Location& end, bool by_gtid) const;
    /// Whether a table that is named by an event ending at `end` was gone before the copy could reach it: it is neither
    /// copied nor was its CREATE met, and the upstream had no such table when the copy ended.
    [[nodiscard]] bool is_gone(const model::TableName& source, const model::Location& end, bool by_gtid) const;
    /// The accepted tables of a schema that the target has at `end`; nothing if no table of it was copied later.
    [[nodiscard]] std::optional<std::vector<model::TableName>> left_in_schema(const std::string& schema,
                                                                              const model::Location& end,
                                                                              bool by_gtid) const;

    /// The upstream's images lack generated columns: plans are made anew without them. No change that was hashed by the
    /// former ones may be under way.
    void expect_no_generated();
    [[nodiscard]] bool expects_generated() const noexcept { return images_ == dml::Images::Whole; }
    /// Structures have changed, in the target those of these tables: plans are made anew when they are needed.
    void structure_changed(const std::vector<model::TableName>& targets);

  private:
    void note_schema(const std::string& schema, const model::Location& location);
    SourceTable build(const binlog::TableMap& map, std::uint32_t timestamp, const model::Location& location,
                      bool by_gtid);
    void refuse_twin(const model::TableName& source, const model::Location& location) const;
    /// Null for a sequence.
    std::shared_ptr<const schema::TableDefinition> source_definition(const binlog::TableMap& map,
                                                                     std::uint32_t timestamp,
                                                                     const model::Location& location);
    std::shared_ptr<const schema::TableDefinition> take_from_target(const binlog::TableMap& map,
                                                                    const schema::TableDefinition* today);
    std::shared_ptr<const schema::TableDefinition> target_definition(const model::TableName& source,
                                                                     const model::TableName& target);

    const Rules& rules_;
    schema::Tracker tracker_;
    schema::Tracker target_;
    Recorder& recorder_;
    SessionLink& upstream_;
    SessionLink& downstream_;
    std::map<model::TableName, CopySpan> copies_;
    std::optional<model::Location> copy_end_;
    dml::Images images_ = dml::Images::Whole;
    struct Known {
        std::shared_ptr<const binlog::TableMap> map;  // keeps the address from being used again
        SourceTable table;
    };
    std::unordered_map<const binlog::TableMap*, Known> known_;
};

}  // namespace dm::sync
