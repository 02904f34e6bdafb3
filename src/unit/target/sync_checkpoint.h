#pragma once

#include <string>
#include <string_view>

#include "core/checkpoint/table_points.h"
#include "core/model/flavor.h"
#include "core/model/names.h"
#include "core/sql/sql_session.h"

namespace dm::target {

/// The table `<meta-schema>`.`<task>_syncer_checkpoint` (docs/formats/sync-checkpoint.md): from where replication of
/// one source continues. Immutable after construction; every call uses the caller's session. Errors of the session pass
/// through; rows that cannot be read throw Error{CheckpointOlder} or Error{SchemaSerialize}.
class SyncCheckpoint {
  public:
    SyncCheckpoint(std::string_view meta_schema, std::string_view task, std::string_view source_id,
                   model::Flavor flavor);

    /// Creates the schema and the table if they are missing.
    void prepare(sql::SqlSession& session) const;

    /// Everything recorded for this source; without a global location if nothing is. The table must exist.
    [[nodiscard]] checkpoint::CheckpointContent load(sql::SqlSession& session) const;

    /// Writes the image in a transaction of its own, the global row last: either all of it is recorded or nothing.
    void save(sql::SqlSession& session, const checkpoint::CheckpointImage& image) const;

    /// Forgets everything of this source, if the table exists; for `--remove-meta`.
    void drop_all(sql::SqlSession& session) const;

    [[nodiscard]] const model::TableName& table() const noexcept { return table_; }

  private:
    model::TableName table_;
    std::string source_id_;
    model::Flavor flavor_;
};

}  // namespace dm::target
