#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/flavor.h"
#include "core/model/location.h"
#include "core/model/names.h"
#include "core/sql/sql_session.h"
#include "unit/target/downstream.h"

namespace dm::target {

/// What sync must know of a table that was copied: events at or before `low` are in the copy, events after it must be
/// applied, idempotently until `high`.
struct TableCopyPoint {
    model::TableName source;
    model::Location low;
    model::Location high;      ///< zero while the table is being copied
    std::string create_table;  ///< SHOW CREATE TABLE at `low`
    bool is_complete = false;
};

/// How far a table's copy is.
enum class CopyState : std::uint8_t {
    Void,  ///< the copy must start anew; only the flags about the target count
    Copying,
    Complete,
};

/// A table's row of the checkpoint.
struct TableCopyRecord {
    TableCopyPoint point;
    CopyState state = CopyState::Copying;
    model::TableName target;
    bool owns_target = false;  ///< the copy created the target table: it may be dropped for a new copy
    bool was_empty = false;    ///< the target held no rows before the first copy: its rows may be cleared for a new one
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    /// Indexes the target table was created without, as in CREATE TABLE; added before the copy is complete.
    std::vector<std::string> late_indexes;
};

/// A range of the chunk key: after `lower` up to and including `upper`; each a list of SQL literals, empty = open.
struct KeyRange {
    std::vector<std::string> lower;
    std::vector<std::string> upper;
    bool operator==(const KeyRange&) const = default;
};

/// A chunk's row of the checkpoint. Chunks are numbered from 1 in the order of the key without gaps.
struct ChunkRecord {
    std::int64_t number = 0;
    KeyRange range;
    bool is_done = false;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
};

/// The table `<meta-schema>`.`<task>_copy_checkpoint` (docs/formats/copy-checkpoint.md): progress of the full copy of
/// one source, kept in the target beside the rows, so that any worker can continue. Immutable after construction; every
/// call uses the caller's session and joins its transaction if one is open, so that progress and rows become durable
/// together. Errors of the session pass through; unreadable rows throw Error{CopyCheckpoint}.
class CopyCheckpoint {
  public:
    CopyCheckpoint(std::string_view meta_schema, std::string_view task, std::string_view source_id,
                   model::Flavor flavor);

    /// Creates the schema and the table if they are missing, and adds the columns an earlier version did not have.
    void prepare(sql::SqlSession& session) const;
    [[nodiscard]] bool exists(sql::SqlSession& session) const;

    /// The place in the binlog before the first look at the upstream's tables: sync starts there when it starts afresh.
    /// Tables without a point of their own count from here.
    [[nodiscard]] std::optional<model::Location> load_floor(sql::SqlSession& session) const;
    /// With the schemas' default character sets there, which CREATE TABLE without its own took from then on.
    void save_floor(sql::SqlSession& session, const model::Location& floor, const SchemaCharsets& charsets = {}) const;
    /// Empty if there is no floor, or a former version recorded it.
    [[nodiscard]] SchemaCharsets load_floor_charsets(sql::SqlSession& session) const;
    /// The place in the binlog where the copy ended: each table that was there has a point of its own. A table that is
    /// named before this place, has none and was not created since the floor was gone before the copy reached it.
    [[nodiscard]] std::optional<model::Location> load_end(sql::SqlSession& session) const;
    /// The floor must have been saved.
    void save_end(sql::SqlSession& session, const model::Location& end) const;

    /// Points of all tables whose copy is under way or complete; empty if the table does not exist.
    [[nodiscard]] std::vector<TableCopyPoint> load_table_points(sql::SqlSession& session) const;
    [[nodiscard]] std::map<model::TableName, TableCopyRecord> load_tables(sql::SqlSession& session) const;
    /// Writes or replaces the tables' rows.
    void save_tables(sql::SqlSession& session, std::span<const TableCopyRecord* const> records) const;
    void save_table(sql::SqlSession& session, const TableCopyRecord& record) const;

    [[nodiscard]] std::vector<ChunkRecord> load_chunks(sql::SqlSession& session, const model::TableName& source) const;
    void save_chunks(sql::SqlSession& session, const model::TableName& source,
                     const std::vector<ChunkRecord>& chunks) const;
    /// Forgets the chunks of a table that is complete or starts anew.
    void drop_chunks(sql::SqlSession& session, const model::TableName& source) const;
    /// Forgets the chunks of all tables, when all are complete.
    void drop_all_chunks(sql::SqlSession& session) const;

    /// Makes the table's copy void: the next run of copy clears and copies it again. Nothing happens if it is unknown.
    void drop_table(sql::SqlSession& session, const model::TableName& source) const;
    /// Forgets a table entirely, for example because it is gone upstream.
    void forget_table(sql::SqlSession& session, const model::TableName& source) const;

    [[nodiscard]] const model::TableName& table() const noexcept { return table_; }

  private:
    [[nodiscard]] std::string where(const model::TableName& source) const;

    model::TableName table_;
    std::string source_id_;
    model::Flavor flavor_;
};

}  // namespace dm::target
