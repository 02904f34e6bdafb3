#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/retry.h"
#include "core/config/subtask_config.h"
#include "core/rules/table_filter.h"
#include "core/rules/table_router.h"
#include "core/sql/sql_session.h"
#include "unit/copy/start_point.h"

namespace dm::copy {

using config::OnDuplicate;

/// Settings of one copy; the configuration's names in quotes.
struct CopyOptions {
    std::string task;
    std::string source_id;
    std::string meta_schema = "dm_meta";                 ///< `meta-schema`
    LocationUse location_use = LocationUse::ByPosition;  ///< `enable-gtid`
    int readers = 4;                                     ///< `mydumpers.threads`
    int writers = 16;                                    ///< `loaders.pool-size`
    std::string where;                                   ///< `mydumpers.where`
    OnDuplicate on_duplicate = OnDuplicate::Replace;     ///< `loaders.on-duplicate-logical`
    bool is_sharding = false;  ///< `shard-mode` is set: other sources may write to the same tables
    bool is_full = false;      ///< task-mode `full`: without access to the binlog one locked snapshot is copied
    /// Nothing was replicated yet: completed tables, too, still need the binlog from where their copy started.
    bool is_sync_fresh = true;
    /// Every character set comes with its upstream's collation, and one that the target does not know is an error.
    bool keeps_collations = false;
    std::size_t chunk_bytes = 8UL << 20U;      ///< aimed at; `mydumpers.chunk-filesize` if that is less
    std::uint64_t chunk_rows = 1'000'000;      ///< at most; `mydumpers.rows` if that is less
    std::size_t statement_bytes = 1UL << 20U;  ///< one INSERT
    /// Tables of so many bytes get their secondary indexes after their rows, where that is allowed: by sorting, which
    /// is never much slower than row by row and several times faster once the indexes outgrow the target's memory.
    std::uint64_t late_index_bytes = 8UL << 20U;
    /// Bytes of all statements being built, waiting and being executed. Memory of a copy is at most this, or one
    /// statement if that is larger, plus, per reader, the largest row of the upstream.
    std::size_t statement_budget = 32UL << 20U;
    RetryPolicy retry{
        .max_attempts = 12, .initial_wait = std::chrono::milliseconds(200), .max_wait = std::chrono::seconds(10)};
};

/// The options of a subtask; what it does not say has the defaults above.
[[nodiscard]] CopyOptions copy_options(const config::SubTaskConfig& subtask);

/// What the copy works with. The connectors open sessions set up by unit/target/downstream.h; the clock outlives the
/// unit.
struct CopyEnvironment {
    sql::SqlConnector upstream;
    sql::SqlConnector downstream;
    std::shared_ptr<const rules::TableFilter> filter;
    std::shared_ptr<const rules::TableRouter> router;
    Clock* clock = nullptr;
};

}  // namespace dm::copy
