#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/checkpoint/table_points.h"
#include "core/model/flavor.h"
#include "core/model/names.h"
#include "core/sql/sql_session.h"

namespace dm::target {

/// A statement that was about to be executed on the target: with it a successor tells whether it was.
struct StatementUnderWay {
    std::string location;  ///< of the statement, as text
    std::size_t part = 0;  ///< which of the statements it was split into
    std::string before;    ///< structures of the tables it changes, before it
};

/// The tables `<meta-schema>`.`<task>_syncer_checkpoint` and `<task>_syncer_ddl` (docs/formats/sync-checkpoint.md):
/// from where replication of one source continues. Immutable after construction; every call uses the caller's session.
/// Errors of the session pass through; rows that cannot be read throw Error{CheckpointOlder} or Error{SchemaSerialize}.
class SyncCheckpoint {
  public:
    SyncCheckpoint(std::string_view meta_schema, std::string_view task, std::string_view source_id,
                   model::Flavor flavor);

    /// Creates the schema and the tables if they are missing.
    void prepare(sql::SqlSession& session) const;

    /// Everything recorded for this source; without a global location if nothing is. The table must exist.
    [[nodiscard]] checkpoint::CheckpointContent load(sql::SqlSession& session) const;

    /// False for a place beyond 4 GiB without GTIDs: there is no column for it. The next file's places are recorded
    /// again.
    [[nodiscard]] static bool can_record(const model::Location& location);

    /// Writes the image in a transaction of its own, the global row last: either all of it is recorded or nothing.
    void save(sql::SqlSession& session, const checkpoint::CheckpointImage& image) const;

    /// What was written last by `save_statement`; nothing if never.
    [[nodiscard]] std::optional<StatementUnderWay> load_statement(sql::SqlSession& session) const;
    void save_statement(sql::SqlSession& session, const StatementUnderWay& statement) const;

    [[nodiscard]] const model::TableName& table() const noexcept { return table_; }

  private:
    model::TableName table_;
    model::TableName statements_;
    std::string source_id_;
    model::Flavor flavor_;
};

}  // namespace dm::target
