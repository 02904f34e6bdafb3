#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace dm::config {

/// `meta` of an instance: where an incremental task begins. Name or GTID set is not empty.
struct MetaConfig {
    std::string binlog_name;
    std::uint32_t binlog_pos = 0;
    std::string binlog_gtid;
    bool operator==(const MetaConfig&) const = default;
};

/// `mydumpers.<name>`: reading the existing data.
struct DumpConfig {
    std::string mydumper_path = "./bin/mydumper";  ///< unused
    int threads = 4;
    std::string chunk_filesize = "64";  ///< as written; see chunk_bytes()
    std::uint64_t statement_size = 0;   ///< bytes per INSERT; 0 = ours to choose
    std::uint64_t rows = 0;             ///< rows per chunk; 0 = ours to choose
    std::string where;
    bool skip_tz_utc = true;  ///< unused
    std::string extra_args;
    bool operator==(const DumpConfig&) const = default;

    /// `chunk-filesize` in bytes; a bare number counts MiB. Throws Error{ConfigChunkFilesize}.
    [[nodiscard]] std::uint64_t chunk_bytes() const;
};

enum class ImportMode : std::uint8_t { Logical, Physical, ImportInto };
enum class OnDuplicate : std::uint8_t { Replace, Error, Ignore };
enum class OnDuplicatePhysical : std::uint8_t { None, Manual };
enum class PostCheck : std::uint8_t { Required, Optional, Off };  ///< `checksum-physical`, `analyze`

/// `loaders.<name>`: writing the existing data.
struct LoadConfig {
    int pool_size = 16;
    std::string dir = "./dumped_data";  ///< of a subtask: with its suffix
    ImportMode import_mode = ImportMode::Logical;
    std::string on_duplicate;  ///< deprecated, ignored
    OnDuplicate on_duplicate_logical = OnDuplicate::Replace;
    OnDuplicatePhysical on_duplicate_physical = OnDuplicatePhysical::None;
    std::string sorting_dir_physical;
    std::uint64_t disk_quota_physical = 0;  ///< bytes; 0 = the library's default
    PostCheck checksum_physical = PostCheck::Required;
    PostCheck analyze = PostCheck::Optional;
    int range_concurrency = 0;
    std::string compress_kv_pairs;
    std::string pd_addr;
    bool operator==(const LoadConfig&) const = default;
};

/// `syncers.<name>`: replicating changes.
struct SyncConfig {
    std::string meta_file;  ///< deprecated
    int worker_count = 16;
    int batch = 100;        ///< statements per transaction
    int queue_size = 1024;  ///< jobs waiting per worker
    std::chrono::seconds checkpoint_flush_interval{30};
    std::optional<bool> compact;        ///< merge changes of one row; on unless switched off
    std::optional<bool> multiple_rows;  ///< statements of several rows; on unless switched off
    int max_retry = 0;                  ///< deprecated
    bool auto_fix_gtid = false;         ///< deprecated
    bool enable_gtid = false;           ///< of a subtask: the source's
    bool disable_detect = false;        ///< deprecated
    bool safe_mode = false;
    /// Safe mode after a start. Twice the flush interval if the key is there but empty.
    std::chrono::nanoseconds safe_mode_duration = std::chrono::seconds(60);
    bool enable_ansi_quotes = false;  ///< deprecated
    bool operator==(const SyncConfig&) const = default;
};

enum class ValidatorMode : std::uint8_t { None, Fast, Full };

/// `validators.<name>`: comparing changed rows.
struct ValidatorConfig {
    ValidatorMode mode = ValidatorMode::None;
    int worker_count = 4;
    std::chrono::nanoseconds validate_interval = std::chrono::seconds(10);
    std::chrono::nanoseconds check_interval = std::chrono::seconds(5);
    std::chrono::nanoseconds row_error_delay = std::chrono::minutes(30);
    std::chrono::nanoseconds meta_flush_interval = std::chrono::minutes(5);
    int batch_query_size = 100;
    std::uint64_t max_pending_row_size = 500UL << 20U;  ///< bytes
    int max_pending_row_count = 2147483647;
    bool operator==(const ValidatorConfig&) const = default;
};

}  // namespace dm::config
