#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/binlog/event_source.h"
#include "core/model/flavor.h"
#include "core/model/gtid_set.h"

/// Bodies of the commands by which a replica asks for the binlog, and what precedes them. Pure functions.
namespace dm::mysql {

/// How a replica introduces itself.
struct ReplicaIdentity {
    std::uint32_t server_id = 0;
    std::string uuid;       ///< text form; MySQL ends an older stream of the same UUID
    std::string host_name;  ///< shown by SHOW REPLICAS; cut to 60 bytes
};

/// One command: its number in the protocol and the bytes after it.
struct DumpCommand {
    std::uint8_t number = 0;
    std::string body;
};

/// MySQL's binary form of a GTID set: without tags if no transaction has one, else the form of 8.3 and later.
[[nodiscard]] std::string encode_gtid_set(const model::GtidSet& set);

/// The session variables a replica sets before it asks, one statement each.
[[nodiscard]] std::vector<std::string> replica_statements(model::Flavor flavor, const binlog::StartPoint& from,
                                                          const ReplicaIdentity& identity, std::uint64_t heartbeat_ns);

/// COM_REGISTER_SLAVE.
[[nodiscard]] DumpCommand register_command(const ReplicaIdentity& identity);

/// COM_BINLOG_DUMP or, for MySQL with a GTID set, COM_BINLOG_DUMP_GTID. Throws Error{SyncStartStream} for an offset
/// beyond 4 GiB without a GTID set: the protocol has 32 bits for it.
[[nodiscard]] DumpCommand dump_command(model::Flavor flavor, const binlog::StartPoint& from,
                                       const ReplicaIdentity& identity);

/// Whether the text of server error 1236 or 1789 says that the binlog asked for no longer exists.
[[nodiscard]] bool is_purged_message(std::string_view message);
/// Whether it says that another replica with our id or UUID took the stream over.
[[nodiscard]] bool is_duplicate_replica_message(std::string_view message);

}  // namespace dm::mysql
