#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/config/field_reader.h"
#include "core/config/field_writer.h"
#include "core/config/task_config.h"

/// The keys of the blocks that files share: see fields.h.
namespace dm::config {

/// A struct, const when it is printed.
template <typename C, typename T>
concept Is = std::same_as<std::remove_const_t<C>, T>;

/// Stands for "twice the flush interval" until the whole block is read.
inline constexpr std::chrono::nanoseconds kTwiceTheInterval = std::chrono::nanoseconds::min();

inline constexpr auto kImportModes = std::to_array<Choice<ImportMode>>({{"logical", ImportMode::Logical},
                                                                        {"physical", ImportMode::Physical},
                                                                        {"import-into", ImportMode::ImportInto},
                                                                        {"sql", ImportMode::Logical},
                                                                        {"loader", ImportMode::Logical}});
inline constexpr auto kOnDuplicates = std::to_array<Choice<OnDuplicate>>(
    {{"replace", OnDuplicate::Replace}, {"error", OnDuplicate::Error}, {"ignore", OnDuplicate::Ignore}});
inline constexpr auto kOnDuplicatesPhysical = std::to_array<Choice<OnDuplicatePhysical>>(
    {{"none", OnDuplicatePhysical::None}, {"manual", OnDuplicatePhysical::Manual}});
inline constexpr auto kPostChecks = std::to_array<Choice<PostCheck>>(
    {{"required", PostCheck::Required}, {"optional", PostCheck::Optional}, {"off", PostCheck::Off}});

inline constexpr std::string_view kNoEffect = "has no effect";

template <typename V, Is<SecurityConfig> C>
void describe(V& v, C& c) {
    v("ssl-ca", c.ssl_ca);
    v("ssl-cert", c.ssl_cert);
    v("ssl-key", c.ssl_key);
    v("cert-allowed-cn", c.cert_allowed_cn);
    v.bytes("ssl-ca-bytes", c.ssl_ca_bytes);
    v.bytes("ssl-key-bytes", c.ssl_key_bytes);
    v.bytes("ssl-cert-bytes", c.ssl_cert_bytes);
    v("ssl-ca-base64", c.ssl_ca_base64);
    v.hidden("ssl-key-base64", c.ssl_key_base64);
    v("ssl-cert-base64", c.ssl_cert_base64);
}

template <typename V, Is<DbConfig> C>
void describe(V& v, C& c) {
    v("host", c.host);
    v("port", c.port);
    v("user", c.user);
    v.password("password", c.password);
    v.deprecated("max-allowed-packet", c.max_allowed_packet, "is ignored, the server's own value counts");
    v("session", c.session);
    v("security", c.security);
}

template <typename V, Is<rules::EventFilterRule> C>
void describe(V& v, C& c) {
    v("schema-pattern", c.schema_pattern);
    v("table-pattern", c.table_pattern);
    v("events", c.events);
    v("sql-pattern", c.sql_patterns);
    v("action", c.action);
}

/// The three `extract-*` blocks differ in the name of one key.
template <typename V, typename C>
void describe_extract(V& v, std::string_view key, std::string_view regexp, C& extract) {
    if constexpr (V::kIsReader) {
        rules::ExtractRule rule;
        bool is_there = false;
        v.group(key, [&](V& inner) {
            is_there = true;
            inner(regexp, rule.regexp);
            inner("target-column", rule.target_column);
        });
        if (is_there) extract = rule;
    } else if (extract) {
        v.group(key, [&](V& inner) {
            inner(regexp, extract->regexp);
            inner("target-column", extract->target_column);
        });
    }
}

template <typename V, Is<rules::RouteRule> C>
void describe(V& v, C& c) {
    v("schema-pattern", c.schema_pattern);
    v("table-pattern", c.table_pattern);
    v("target-schema", c.target_schema);
    v("target-table", c.target_table);
    describe_extract(v, "extract-table", "table-regexp", c.extract_table);
    describe_extract(v, "extract-schema", "schema-regexp", c.extract_schema);
    describe_extract(v, "extract-source", "source-regexp", c.extract_source);
}

template <typename V, Is<rules::BlockAllowRules::TablePattern> C>
void describe(V& v, C& c) {
    v("db-name", c.schema);
    v("tbl-name", c.table);
}

template <typename V, Is<rules::BlockAllowRules> C>
void describe(V& v, C& c) {
    v("do-tables", c.do_tables);
    v("do-dbs", c.do_dbs);
    v("ignore-tables", c.ignore_tables);
    v("ignore-dbs", c.ignore_dbs);
}

template <typename V, Is<ExpressionFilterRule> C>
void describe(V& v, C& c) {
    v("schema", c.schema);
    v("table", c.table);
    v("insert-value-expr", c.insert_value_expr);
    v("update-old-value-expr", c.update_old_value_expr);
    v("update-new-value-expr", c.update_new_value_expr);
    v("delete-value-expr", c.delete_value_expr);
}

template <typename V, Is<MetaConfig> C>
void describe(V& v, C& c) {
    v("binlog-name", c.binlog_name);
    v("binlog-pos", c.binlog_pos);
    v("binlog-gtid", c.binlog_gtid);
}

template <typename V, Is<DumpConfig> C>
void describe(V& v, C& c) {
    v("mydumper-path", c.mydumper_path);
    v("threads", c.threads);
    v("chunk-filesize", c.chunk_filesize);
    v("statement-size", c.statement_size);
    v("rows", c.rows);
    v("where", c.where);
    v.deprecated("skip-tz-utc", c.skip_tz_utc, kNoEffect);
    v("extra-args", c.extra_args);
}

template <typename V, Is<LoadConfig> C>
void describe(V& v, C& c) {
    constexpr auto kChoice = [](ErrorCode code) { return ChoiceRule{.code = code, .ignores_case = true}; };
    v("pool-size", c.pool_size);
    v("dir", c.dir);
    v("sorting-dir-physical", c.sorting_dir_physical);
    v.choice("import-mode", c.import_mode, kImportModes, kChoice(ErrorCode::ConfigImportMode));
    v.deprecated("on-duplicate", c.on_duplicate, "is ignored, use `on-duplicate-logical`");
    v.choice("on-duplicate-logical", c.on_duplicate_logical, kOnDuplicates,
             kChoice(ErrorCode::ConfigOnDuplicateLogical));
    v.choice("on-duplicate-physical", c.on_duplicate_physical, kOnDuplicatesPhysical,
             kChoice(ErrorCode::ConfigOnDuplicatePhysical));
    v.byte_size("disk-quota-physical", c.disk_quota_physical);
    v.choice("checksum-physical", c.checksum_physical, kPostChecks, kChoice(ErrorCode::ConfigChecksumPhysical));
    v.choice("analyze", c.analyze, kPostChecks, kChoice(ErrorCode::ConfigAnalyze));
    v("range-concurrency", c.range_concurrency);
    v("compress-kv-pairs", c.compress_kv_pairs);
    v("pd-addr", c.pd_addr);
    if constexpr (V::kIsReader) {
        v.former_choice("import-mode", {"sql", "loader"}, "logical");
        if (v.written("import-mode") == "loader" && c.dir.starts_with("s3://")) {
            v.problem(ErrorCode::ConfigLoadDirS3, "dir", "`import-mode: loader` takes a local folder");
        }
    }
}

template <typename V, Is<SyncConfig> C>
void describe(V& v, C& c) {
    v.deprecated("meta-file", c.meta_file, kNoEffect);
    v("worker-count", c.worker_count);
    v("batch", c.batch);
    v("queue-size", c.queue_size);
    v("checkpoint-flush-interval", c.checkpoint_flush_interval);
    v("compact", c.compact);
    v("multiple-rows", c.multiple_rows);
    v.deprecated("max-retry", c.max_retry, kNoEffect);
    v.deprecated("auto-fix-gtid", c.auto_fix_gtid, kNoEffect);
    v("enable-gtid", c.enable_gtid);
    v.deprecated("disable-detect", c.disable_detect, kNoEffect);
    v("safe-mode", c.safe_mode);
    v.duration("safe-mode-duration", c.safe_mode_duration, ErrorCode::ConfigSafeModeDuration, kTwiceTheInterval);
    v.deprecated("enable-ansi-quotes", c.enable_ansi_quotes, kNoEffect);
    if constexpr (V::kIsReader) {
        if (c.checkpoint_flush_interval.count() < 0)
            v.problem(ErrorCode::ConfigYaml, "checkpoint-flush-interval", "it takes seconds, 1 or more");
    }
}

}  // namespace dm::config
