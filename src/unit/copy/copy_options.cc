#include "unit/copy/copy_options.h"

#include <algorithm>

namespace dm::copy {

CopyOptions copy_options(const config::SubTaskConfig& subtask) {
    CopyOptions options;
    options.task = subtask.name.str();
    options.source_id = subtask.source_id.str();
    options.meta_schema = subtask.meta_schema;
    options.location_use = subtask.sync.enable_gtid ? LocationUse::ByGtid : LocationUse::ByPosition;
    options.readers = std::max(1, subtask.dump.threads);
    options.writers = std::max(1, subtask.load.pool_size);
    options.where = subtask.dump.where;
    options.on_duplicate = subtask.load.on_duplicate_logical;
    options.is_sharding = subtask.shard_mode != config::ShardMode::None;
    options.is_full = subtask.mode == config::TaskMode::Full;
    options.keeps_collations = subtask.collation_compatible == config::CollationMode::Strict;
    // What bounds a file of the original's dump bounds a chunk; a chunk has reasons of its own to be small.
    options.chunk_bytes =
        std::min<std::size_t>(options.chunk_bytes, std::max<std::uint64_t>(1, subtask.dump.chunk_bytes()));
    if (subtask.dump.rows != 0) options.chunk_rows = std::min(options.chunk_rows, subtask.dump.rows);
    if (subtask.dump.statement_size != 0) options.statement_bytes = subtask.dump.statement_size;
    return options;
}

}  // namespace dm::copy
