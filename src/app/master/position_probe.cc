#include "app/master/position_probe.h"

#include "io/mysql/binlog_stream.h"
#include "io/mysql/db_options.h"

namespace dm::master {
namespace {

/// A server sends the file's name and format first, and refuses a place it does not have before or right after them; a
/// heartbeat comes where nothing else does.
constexpr int kProvingEvents = 3;

binlog::StartPoint start_of(const config::SubTaskConfig& subtask) {
    constexpr std::uint32_t kFirstEvent = 4;
    binlog::StartPoint start;
    start.position = {.file = subtask.meta->binlog_name, .offset = std::max(subtask.meta->binlog_pos, kFirstEvent)};
    if (subtask.sync.enable_gtid && !subtask.meta->binlog_gtid.empty()) {
        const auto flavor = subtask.flavor == "mariadb" ? model::Flavor::MariaDb : model::Flavor::MySql;
        start.gtid_set = model::GtidSet::parse(flavor, subtask.meta->binlog_gtid);
    }
    return start;
}

}  // namespace

OpenBinlog mysql_binlog_opener() {
    return [](const config::DbConfig& database) -> std::unique_ptr<binlog::EventSource> {
        return std::make_unique<mysql::BinlogStream>(
            mysql::BinlogStream::Options{.connect = mysql::connect_options(database, ErrorScope::Upstream),
                                         .host_name = "dm-master",
                                         .heartbeat_period = std::chrono::seconds(1),
                                         .read_timeout = std::chrono::seconds(15)});
    };
}

ProbePosition mysql_position_probe() {
    return [open = mysql_binlog_opener()](const config::SubTaskConfig& subtask) {
        const auto stream = open(subtask.from);
        stream->start(start_of(subtask));
        for (int i = 0; i < kProvingEvents; ++i) static_cast<void>(stream->next({}));
    };
}

}  // namespace dm::master
