#include "core/config/source_config.h"

#include <fmt/format.h>

#include "base/error.h"
#include "core/config/fields.h"
#include "core/config/gtid_text.h"

namespace dm::config {
namespace {

constexpr std::size_t kMaxSourceIdBytes = 32;

/// `<base>.<positive number>` with exactly one dot.
bool is_binlog_name(std::string_view name) {
    const auto dot = name.find('.');
    if (dot == 0 || dot == std::string_view::npos) return false;
    const std::string_view number = name.substr(dot + 1);
    return !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos &&
           number.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

SourceConfig parse_source_yaml(std::string_view text, const ReadOptions& options) {
    ReadContext context;
    context.origin.file_name = options.file_name;
    context.key = options.key;
    context.warnings = options.warnings;
    SourceConfig config;
    read_document(context, parse_yaml(text, context.origin), config);
    context.raise_any();
    const CheckerConfig fixed;
    config.auto_fix_gtid = false;
    config.checker.check_interval = fixed.check_interval;
    config.checker.backoff_min = fixed.backoff_min;
    config.checker.backoff_jitter = fixed.backoff_jitter;
    config.checker.backoff_factor = fixed.backoff_factor;
    if (config.relay_dir.empty()) config.relay_dir = SourceConfig{}.relay_dir;
    verify(config);
    return config;
}

std::string to_yaml(const SourceConfig& config, Redact redact) { return print_yaml(document_of(config, redact)); }

std::string to_toml(const SourceConfig& config, Redact redact) { return print_toml(document_of(config, redact)); }

SourceConfig source_from_toml(std::string_view text) {
    ReadContext context;
    context.origin = {.file_name = "stored source", .syntax = ErrorCode::ConfigToml};
    context.is_strict = false;
    SourceConfig config;
    read_document(context, parse_toml(text, context.origin), config);
    context.raise_any();
    return config;
}

void verify(const SourceConfig& config) {
    const std::string& id = config.source_id.str();
    ensure(!id.empty(), ErrorCode::WorkerSourceIdEmpty, "`source-id` is missing");
    ensure(id.size() <= kMaxSourceIdBytes, ErrorCode::WorkerSourceIdLong,
           fmt::format("`source-id` '{}' has {} bytes; at most {} are allowed", id, id.size(), kMaxSourceIdBytes));
    ensure(config.relay_binlog_name.empty() || is_binlog_name(config.relay_binlog_name),
           ErrorCode::WorkerRelayBinlogName,
           fmt::format("`relay-binlog-name` '{}' is not the name of a binlog file", config.relay_binlog_name));
    try {
        check_gtid_text(config.flavor, config.relay_binlog_gtid, "relay-binlog-gtid");
    } catch (const Error& error) {
        throw error.with_class(ErrorClass::DmWorker);
    }
    ensure(config.flavor.empty() || config.flavor == "mysql" || config.flavor == "mariadb",
           ErrorCode::FlavorUnsupported, fmt::format("`flavor` is '{}'; it takes mysql or mariadb", config.flavor));
    ensure(config.checker.backoff_max >= config.checker.backoff_min, ErrorCode::ConfigBackoff,
           fmt::format("`checker.backoff-max` {} is less than {}", duration_text(config.checker.backoff_max),
                       duration_text(config.checker.backoff_min)));
    const rules::EventFilter filters(config.filters, config.case_sensitive);
}

}  // namespace dm::config
