#include "io/mysql/binlog_stream.h"

#include <atomic>
#include <mutex>
#include <random>
#include <set>

#include <fmt/format.h>
#include <mysql.h>
// After mysql.h, which it does not include itself.
#include <ma_pvio.h>

#include "core/model/flavor.h"
#include "io/mysql/dump_commands.h"
#include "io/mysql/mysql_handle.h"

namespace dm::mysql {
namespace {

constexpr unsigned kMasterFatalError = 1236;
constexpr unsigned kPurgedGtids = 1789;

void run_statement(MYSQL& handle, const std::string& statement) {
    if (mysql_real_query(&handle, statement.data(), statement.size()) != 0) {
        throw handle_error(handle, ErrorCode::SyncStartStream,
                           fmt::format("cannot prepare reading the binlog: {}", statement), ErrorScope::Upstream);
    }
}

/// Cells of one column of a small result.
std::set<std::string> column_of(MYSQL& handle, const std::string& statement, unsigned column) {
    std::set<std::string> values;
    if (mysql_real_query(&handle, statement.data(), statement.size()) != 0) return values;
    MYSQL_RES* result = mysql_store_result(&handle);
    if (result == nullptr) return values;
    for (MYSQL_ROW row = mysql_fetch_row(result); row != nullptr && column < mysql_num_fields(result);
         row = mysql_fetch_row(result)) {
        if (row[column] != nullptr) values.insert(row[column]);
    }
    mysql_free_result(result);
    return values;
}

/// A random id that neither the server nor one of its registered replicas has. Listing replicas needs a privilege that
/// the user may lack: then the chance of a clash in 2^31 is taken, and a clash is reported by the server.
std::uint32_t choose_server_id(MYSQL& handle) {
    std::set<std::string> used = column_of(handle, "SELECT @@global.server_id", 0);
    auto replicas = column_of(handle, "SHOW SLAVE HOSTS", 0);
    if (replicas.empty()) replicas = column_of(handle, "SHOW REPLICAS", 0);
    used.merge(replicas);
    std::random_device device;
    std::uniform_int_distribution<std::uint32_t> ids(1U << 30U, 0xFFFF'FFFEU);
    for (;;) {
        const std::uint32_t id = ids(device);
        if (!used.contains(std::to_string(id))) return id;
    }
}

std::string random_uuid() {
    std::random_device device;
    return fmt::format("{:08x}-{:04x}-4{:03x}-8{:03x}-{:08x}{:04x}", device(), device() & 0xFFFFU, device() & 0xFFFU,
                       device() & 0xFFFU, device(), device() & 0xFFFFU);
}

void send(MYSQL& handle, const DumpCommand& command, bool waits_for_answer) {
    const int failed =
        handle.methods->db_command(&handle, static_cast<enum_server_command>(command.number), command.body.data(),
                                   command.body.size(), waits_for_answer ? 0 : 1, nullptr);
    if (failed != 0) {
        throw handle_error(handle, ErrorCode::SyncStartStream, "the server refused to register us as a replica",
                           ErrorScope::Upstream);
    }
}

}  // namespace

struct BinlogStream::State {
    explicit State(Options given) : options(std::move(given)) {}

    ByteView read(ErrorCode failure);
    [[nodiscard]] Error read_error(ErrorCode failure);
    void shut_down() noexcept {
        const std::lock_guard lock(mutex);
        if (socket) socket->shut_down();
    }

    const Options options;
    MysqlHandle handle;               // of the reading thread
    std::optional<ByteView> pending;  // read by start, not yet handed out
    std::atomic<bool> cancelled = false;

    std::mutex mutex;                      // guards socket
    std::unique_ptr<SocketSwitch> socket;  // of the current connection
};

Error BinlogStream::State::read_error(ErrorCode failure) {
    const unsigned number = mysql_errno(handle.get());
    const std::string text = mysql_error(handle.get());
    if (number == kPurgedGtids || (number == kMasterFatalError && is_purged_message(text))) {
        return Error(ErrorCode::SyncBinlogPurged, "the upstream no longer has the binlog this task needs next")
            .with_cause(fmt::format("Error {} ({}): {}", number, mysql_sqlstate(handle.get()), text));
    }
    if (number == kMasterFatalError && is_duplicate_replica_message(text)) {
        return handle_error(*handle, failure, "another replica with our server id or UUID took over the stream",
                            ErrorScope::Upstream)
            .with_retry(RetryClass::Resume);
    }
    if (number == kMasterFatalError) {
        return handle_error(*handle, failure, "the upstream cannot serve the binlog from here", ErrorScope::Upstream)
            .with_retry(RetryClass::Never);
    }
    // A lost connection is a broken stream to the reader, whatever the library calls it.
    return Error(failure, "reading the binlog from the upstream failed")
        .with_cause(fmt::format("Error {} ({}): {}", number, mysql_sqlstate(handle.get()), text))
        .with_scope(ErrorScope::Upstream);
}

ByteView BinlogStream::State::read(ErrorCode failure) {
    const unsigned long size = mysql_net_read_packet(handle.get());
    if (size == packet_error) throw read_error(failure);
    const auto* bytes = reinterpret_cast<const std::byte*>(handle->net.read_pos);
    ensure(size > 0, failure, "the upstream sent an empty packet instead of an event");
    constexpr auto kEndOfStream = std::byte{0xFE};
    constexpr unsigned long kMaxEndPacket = 8;
    if (bytes[0] == kEndOfStream && size <= kMaxEndPacket) {
        throw Error(failure, "the upstream ended the binlog stream").with_scope(ErrorScope::Upstream);
    }
    ensure(bytes[0] == std::byte{0}, failure, "the upstream sent something that is not an event");
    if (options.connect.traffic) options.connect.traffic->bytes_in += size;
    return {bytes + 1, size - 1};
}

BinlogStream::BinlogStream(Options options) : state_(std::make_unique<State>(std::move(options))) {}
BinlogStream::~BinlogStream() = default;

void BinlogStream::start(const binlog::StartPoint& from) {
    State& state = *state_;
    state.pending.reset();
    ConnectOptions connect = state.options.connect;
    connect.read_timeout = state.options.read_timeout;
    connect.scope = ErrorScope::Upstream;
    {
        const std::lock_guard lock(state.mutex);
        state.socket.reset();
    }
    state.handle = open_handle(connect);
    {
        const std::lock_guard lock(state.mutex);
        state.socket = std::make_unique<SocketSwitch>(*state.handle);
    }
    MYSQL& handle = *state.handle;
    const auto flavor = model::parse_server_version(mysql_get_server_info(&handle)).flavor;
    ReplicaIdentity identity{
        .server_id = state.options.server_id, .uuid = random_uuid(), .host_name = state.options.host_name};
    if (identity.server_id == 0) identity.server_id = choose_server_id(handle);
    const auto heartbeat = std::chrono::nanoseconds(state.options.heartbeat_period).count();
    for (const auto& statement : replica_statements(flavor, from, identity, static_cast<std::uint64_t>(heartbeat))) {
        run_statement(handle, statement);
    }
    send(handle, register_command(identity), true);
    send(handle, dump_command(flavor, from, identity), false);
    try {
        state.pending = state.read(ErrorCode::SyncStartStream);
    } catch (const Error& error) {
        throw error.with_context("asked for what follows " + (from.gtid_set
                                                                  ? "GTID set '" + from.gtid_set->to_string() + "'"
                                                                  : from.position.to_string()));
    }
}

std::optional<ByteView> BinlogStream::next(std::stop_token stop) {
    State& state = *state_;
    if (stop.stop_requested() || state.cancelled) return std::nullopt;
    if (state.pending) return std::exchange(state.pending, std::nullopt);
    const std::stop_callback wake(stop, [&state] { state.shut_down(); });
    try {
        return state.read(ErrorCode::SyncReadBinlog);
    } catch (const Error&) {
        if (stop.stop_requested() || state.cancelled) return std::nullopt;
        throw;
    }
}

/// What the library has read ahead from the socket.
bool BinlogStream::has_more() const {
    const State& state = *state_;
    if (state.pending) return true;
    const MARIADB_PVIO* channel = state.handle ? state.handle->net.pvio : nullptr;
    return channel != nullptr && channel->cache != nullptr && channel->cache_pos < channel->cache + channel->cache_size;
}

void BinlogStream::cancel() noexcept {
    state_->cancelled = true;
    state_->shut_down();
}

}  // namespace dm::mysql
