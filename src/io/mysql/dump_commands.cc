#include "io/mysql/dump_commands.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::mysql {
namespace {

constexpr std::uint8_t kBinlogDump = 18;
constexpr std::uint8_t kRegisterReplica = 21;
constexpr std::uint8_t kBinlogDumpGtid = 30;
constexpr std::size_t kMaxHostName = 60;

void append_uint(std::string& out, std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFFU);
}

void append_short_text(std::string& out, std::string_view text) {
    out += static_cast<char>(text.size());
    out += text;
}

/// The count of entries, with the format's number in the lowest and highest byte if entries have tags.
std::uint64_t entry_count(std::uint64_t count, bool has_tags) {
    constexpr std::uint64_t kTagged = 1;
    return has_tags ? (kTagged << 56U) | (count << 8U) | kTagged : count;
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

}  // namespace

std::string encode_gtid_set(const model::GtidSet& set) {
    const auto& entries = set.mysql();
    const bool has_tags = std::ranges::any_of(entries, [](const auto& entry) { return !entry.first.tag.empty(); });
    std::string out;
    append_uint(out, entry_count(entries.size(), has_tags), 8);
    for (const auto& [sid, intervals] : entries) {
        out.append(reinterpret_cast<const char*>(sid.uuid.data()), sid.uuid.size());
        if (has_tags) {
            // Tags have at most 32 characters, so the length always fits the one-byte form.
            out += static_cast<char>(sid.tag.size() << 1U);
            out += sid.tag;
        }
        append_uint(out, intervals.size(), 8);
        for (const auto& interval : intervals) {
            append_uint(out, interval.begin, 8);
            append_uint(out, interval.end, 8);
        }
    }
    return out;
}

std::vector<std::string> replica_statements(model::Flavor flavor, const binlog::StartPoint& from,
                                            const ReplicaIdentity& identity, std::uint64_t heartbeat_ns) {
    std::vector<std::string> statements;
    statements.push_back(
        fmt::format("SET @master_heartbeat_period = {0}, @source_heartbeat_period = {0}", heartbeat_ns));
    statements.emplace_back(
        "SET @master_binlog_checksum = @@global.binlog_checksum, @source_binlog_checksum = @@global.binlog_checksum");
    if (flavor == model::Flavor::MySql) {
        statements.push_back(fmt::format("SET @slave_uuid = '{0}', @replica_uuid = '{0}'", identity.uuid));
        return statements;
    }
    // Capability 4: the replica understands MariaDB's own events.
    statements.emplace_back("SET @mariadb_slave_capability = 4");
    if (from.gtid_set) {
        statements.push_back(fmt::format("SET @slave_connect_state = '{}'", from.gtid_set->to_string()));
        statements.emplace_back("SET @slave_gtid_strict_mode = 0");
        statements.emplace_back("SET @slave_gtid_ignore_duplicates = 0");
    }
    return statements;
}

DumpCommand register_command(const ReplicaIdentity& identity) {
    DumpCommand command{.number = kRegisterReplica, .body = {}};
    append_uint(command.body, identity.server_id, 4);
    append_short_text(command.body, std::string_view(identity.host_name).substr(0, kMaxHostName));
    append_short_text(command.body, {});  // user
    append_short_text(command.body, {});  // password
    append_uint(command.body, 0, 2);      // port
    append_uint(command.body, 0, 4);      // recovery rank
    append_uint(command.body, 0, 4);      // the server fills in its own id
    return command;
}

DumpCommand dump_command(model::Flavor flavor, const binlog::StartPoint& from, const ReplicaIdentity& identity) {
    DumpCommand command;
    if (flavor == model::Flavor::MySql && from.gtid_set) {
        constexpr std::uint16_t kThroughGtid = 4;
        const std::string gtids = encode_gtid_set(*from.gtid_set);
        command.number = kBinlogDumpGtid;
        append_uint(command.body, kThroughGtid, 2);
        append_uint(command.body, identity.server_id, 4);
        append_uint(command.body, 0, 4);  // no file name: the set decides
        append_uint(command.body, 4, 8);
        append_uint(command.body, gtids.size(), 4);
        command.body += gtids;
        return command;
    }
    command.number = kBinlogDump;
    const bool by_gtid = from.gtid_set.has_value();
    const std::uint64_t offset = by_gtid ? 4 : std::max<std::uint64_t>(from.position.offset, 4);
    ensure(offset <= std::numeric_limits<std::uint32_t>::max(), ErrorCode::SyncStartStream,
           fmt::format("cannot start reading at {}: offsets beyond 4 GiB can be asked for by GTID only; set "
                       "`enable-gtid` of the source",
                       from.position.to_string()));
    append_uint(command.body, offset, 4);
    append_uint(command.body, 0, 2);
    append_uint(command.body, identity.server_id, 4);
    if (!by_gtid) command.body += from.position.file;
    return command;
}

bool is_purged_message(std::string_view message) {
    return contains_any(message,
                        {"Could not find first log file name", "purged", "requested by slave in any binlog files",
                         "could not find next log", "The binlog on the master is missing the GTID"});
}

bool is_duplicate_replica_message(std::string_view message) {
    return contains_any(message, {"same server_uuid", "same server_id", "same server UUID", "same server-id"});
}

}  // namespace dm::mysql
