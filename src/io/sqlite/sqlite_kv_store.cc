#include "io/sqlite/sqlite_kv_store.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "base/error.h"
#include "core/meta/kv_rules.h"
#include "io/sqlite/sqlite.h"

namespace dm::sqlite {

namespace {

using meta::KeyValue;
using meta::LeaseId;
using meta::Revision;
using meta::WatchEnd;
using meta::WatchEvent;

constexpr std::int64_t kFormat = 1;
/// A watch looks this often whether a lease has ended.
constexpr auto kLeaseTurn = std::chrono::milliseconds(100);

constexpr const char* kSchema = R"(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS kv (
  key BLOB PRIMARY KEY, value BLOB NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL, lease INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kv_lease ON kv (lease) WHERE lease != 0;
CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY, revision INTEGER NOT NULL, is_delete INTEGER NOT NULL,
  key BLOB NOT NULL, value BLOB NOT NULL, created INTEGER NOT NULL, lease INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS events_revision ON events (revision);
CREATE TABLE IF NOT EXISTS leases (id INTEGER PRIMARY KEY AUTOINCREMENT, ttl INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO state VALUES ('format', 1), ('revision', 1), ('compacted', 0);
)";

/// Columns: key, value, created, modified, lease.
KeyValue read_item(const Statement& row) {
    return {.key = row.bytes(0),
            .value = row.bytes(1),
            .created = row.number(2),
            .modified = row.number(3),
            .lease = row.number(4)};
}

}  // namespace

class SqliteKvStore::Impl {
  public:
    Impl(Options options, Clock& clock);

    std::vector<meta::GetResult> get_many(const std::vector<ReadOp>& reads);
    meta::TxnResult txn(const std::vector<meta::Compare>& conditions, const std::vector<meta::WriteOp>& writes);
    LeaseId grant(std::chrono::seconds ttl);
    bool keep_alive(LeaseId lease);
    void revoke(LeaseId lease);
    WatchEnd watch(std::string_view prefix, Revision from, std::stop_token stop, const WatchSink& sink);
    void expire_leases();
    void compact(Revision revision);

  private:
    struct Lease {
        std::chrono::seconds ttl{0};
        Clock::TimePoint deadline;
    };
    struct Batch {
        Revision revision = 0;
        std::vector<WatchEvent> events;
    };

    [[nodiscard]] std::int64_t state_locked(std::string_view name);
    void set_state_locked(std::string_view name, std::int64_t value);
    [[nodiscard]] meta::GetResult read_locked(const ReadOp& read);
    [[nodiscard]] bool holds_locked(const meta::Compare& condition);
    [[nodiscard]] bool has_lease_locked(LeaseId lease) const { return lease == 0 || leases_.contains(lease); }
    void put_locked(const meta::PutOp& put, Revision revision);
    int erase_locked(const std::vector<KeyValue>& items, Revision revision);
    int apply_locked(const meta::WriteOp& write, Revision revision);
    void note_locked(const KeyValue& item, bool is_delete, Revision revision);
    void publish_locked(Revision revision);
    void drop_lease_locked(LeaseId lease);
    void expire_locked();
    void trim_locked();
    [[nodiscard]] std::vector<Batch> events_locked(std::string_view prefix, Revision from);

    const Options options_;
    Clock& clock_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    Database database_;
    std::map<LeaseId, Lease> leases_;
    Revision revision_ = 0;   ///< as stored
    Revision compacted_ = 0;  ///< as stored
};

SqliteKvStore::Impl::Impl(Options options, Clock& clock)
    : options_(std::move(options)), clock_(clock), database_(options_.file.string()) {
    database_.execute(kSchema);
    const auto format = state_locked("format");
    ensure(format == kFormat, ErrorCode::HaTxn,
           fmt::format("{} has format {}, this program knows {}; use a newer program or another file",
                       options_.file.string(), format, kFormat));
    revision_ = state_locked("revision");
    compacted_ = state_locked("compacted");
    auto rows = database_.prepare("SELECT id, ttl FROM leases");
    while (rows.step()) {
        const std::chrono::seconds ttl(rows.number(1));
        leases_[rows.number(0)] = {.ttl = ttl, .deadline = clock_.now() + ttl};
    }
}

std::int64_t SqliteKvStore::Impl::state_locked(std::string_view name) {
    auto row = database_.prepare(fmt::format("SELECT value FROM state WHERE name = '{}'", name));
    ensure(row.step(), ErrorCode::HaTxn, fmt::format("{} is not a store of ours", options_.file.string()));
    return row.number(0);
}

void SqliteKvStore::Impl::set_state_locked(std::string_view name, std::int64_t value) {
    database_.prepare(fmt::format("UPDATE state SET value = ? WHERE name = '{}'", name)).bind(1, value).run();
}

meta::GetResult SqliteKvStore::Impl::read_locked(const ReadOp& read) {
    meta::GetResult result;
    result.revision = revision_;
    const std::string end = read.is_prefix ? meta::prefix_end(read.key) : read.key;
    const bool has_end = end != std::string(1, '\0');
    auto rows = database_.prepare(
        !read.is_prefix ? "SELECT key, value, created, modified, lease FROM kv WHERE key = ?1 AND key = ?2"
        : has_end ? "SELECT key, value, created, modified, lease FROM kv WHERE key >= ?1 AND key < ?2 ORDER BY key"
                  : "SELECT key, value, created, modified, lease FROM kv WHERE key >= ?1 AND ?2 = ?2 ORDER BY key");
    rows.bind(1, read.key).bind(2, end);
    while (rows.step()) result.items.push_back(read_item(rows));
    return result;
}

std::vector<meta::GetResult> SqliteKvStore::Impl::get_many(const std::vector<ReadOp>& reads) {
    const std::lock_guard lock(mutex_);
    expire_locked();
    std::vector<meta::GetResult> results;
    for (const auto& read : reads) results.push_back(read_locked(read));
    return results;
}

bool SqliteKvStore::Impl::holds_locked(const meta::Compare& condition) {
    const auto found = read_locked({condition.key, false});
    return (found.items.empty() ? 0 : found.items.front().modified) == condition.modified;
}

void SqliteKvStore::Impl::note_locked(const KeyValue& item, bool is_delete, Revision revision) {
    database_.prepare("INSERT INTO events (revision, is_delete, key, value, created, lease) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(1, revision)
        .bind(2, is_delete ? 1 : 0)
        .bind(3, item.key)
        .bind(4, item.value)
        .bind(5, item.created)
        .bind(6, item.lease)
        .run();
}

void SqliteKvStore::Impl::put_locked(const meta::PutOp& put, Revision revision) {
    ensure(has_lease_locked(put.lease), ErrorCode::HaLease,
           fmt::format("lease {:x} of key {} is not known", put.lease, put.key));
    const auto before = read_locked({put.key, false});
    const KeyValue item{.key = put.key,
                        .value = put.value,
                        .created = before.items.empty() ? revision : before.items.front().created,
                        .modified = revision,
                        .lease = put.lease};
    database_.prepare("INSERT OR REPLACE INTO kv (key, value, created, modified, lease) VALUES (?, ?, ?, ?, ?)")
        .bind(1, item.key)
        .bind(2, item.value)
        .bind(3, item.created)
        .bind(4, item.modified)
        .bind(5, item.lease)
        .run();
    note_locked(item, false, revision);
}

int SqliteKvStore::Impl::erase_locked(const std::vector<KeyValue>& items, Revision revision) {
    auto statement = database_.prepare("DELETE FROM kv WHERE key = ?");
    for (const auto& item : items) {
        statement.bind(1, item.key).run();
        note_locked(item, true, revision);
    }
    return static_cast<int>(items.size());
}

int SqliteKvStore::Impl::apply_locked(const meta::WriteOp& write, Revision revision) {
    if (const auto* put = std::get_if<meta::PutOp>(&write)) {
        put_locked(*put, revision);
        return 1;
    }
    const auto& erase = std::get<meta::DeleteOp>(write);
    return erase_locked(read_locked({erase.key, erase.is_prefix}).items, revision);
}

/// After a commit that wrote: lets the watches see it.
void SqliteKvStore::Impl::publish_locked(Revision revision) {
    revision_ = revision;
    changed_.notify_all();
}

meta::TxnResult SqliteKvStore::Impl::txn(const std::vector<meta::Compare>& conditions,
                                         const std::vector<meta::WriteOp>& writes) {
    meta::check_writes(writes);
    const std::lock_guard lock(mutex_);
    expire_locked();
    Transaction transaction(database_);
    if (!std::ranges::all_of(conditions, [&](const auto& one) { return holds_locked(one); }))
        return {.succeeded = false, .revision = revision_};
    const Revision next = revision_ + 1;
    int changes = 0;
    for (const auto& write : writes) changes += apply_locked(write, next);
    if (changes == 0) return {.succeeded = true, .revision = revision_};
    set_state_locked("revision", next);
    transaction.commit();
    publish_locked(next);
    trim_locked();
    return {.succeeded = true, .revision = revision_};
}

LeaseId SqliteKvStore::Impl::grant(std::chrono::seconds ttl) {
    const std::lock_guard lock(mutex_);
    auto row = database_.prepare("INSERT INTO leases (ttl) VALUES (?) RETURNING id");
    row.bind(1, ttl.count());
    ensure(row.step(), ErrorCode::HaLease, "the embedded store gave no lease");
    const LeaseId lease = row.number(0);
    row.run();
    leases_[lease] = {.ttl = ttl, .deadline = clock_.now() + ttl};
    return lease;
}

bool SqliteKvStore::Impl::keep_alive(LeaseId lease) {
    const std::lock_guard lock(mutex_);
    expire_locked();
    const auto at = leases_.find(lease);
    if (at == leases_.end()) return false;
    at->second.deadline = clock_.now() + at->second.ttl;
    return true;
}

void SqliteKvStore::Impl::drop_lease_locked(LeaseId lease) {
    std::vector<KeyValue> items;
    {
        auto rows =
            database_.prepare("SELECT key, value, created, modified, lease FROM kv WHERE lease = ? ORDER BY key");
        rows.bind(1, lease);
        while (rows.step()) items.push_back(read_item(rows));
    }
    const Revision next = items.empty() ? revision_ : revision_ + 1;
    Transaction transaction(database_);
    erase_locked(items, next);
    database_.prepare("DELETE FROM leases WHERE id = ?").bind(1, lease).run();
    set_state_locked("revision", next);
    transaction.commit();
    leases_.erase(lease);
    publish_locked(next);
}

void SqliteKvStore::Impl::revoke(LeaseId lease) {
    const std::lock_guard lock(mutex_);
    if (leases_.contains(lease)) drop_lease_locked(lease);
}

void SqliteKvStore::Impl::expire_locked() {
    const auto now = clock_.now();
    std::vector<LeaseId> over;
    for (const auto& [id, lease] : leases_)
        if (lease.deadline <= now) over.push_back(id);
    for (const auto id : over) drop_lease_locked(id);
}

void SqliteKvStore::Impl::expire_leases() {
    const std::lock_guard lock(mutex_);
    expire_locked();
}

void SqliteKvStore::Impl::compact(Revision revision) {
    const std::lock_guard lock(mutex_);
    if (revision - 1 <= compacted_) return;
    Transaction transaction(database_);
    database_.prepare("DELETE FROM events WHERE revision < ?").bind(1, revision).run();
    set_state_locked("compacted", revision - 1);
    transaction.commit();
    compacted_ = revision - 1;
    changed_.notify_all();
}

/// Forgets the older half of the events when there are too many; whole revisions only.
void SqliteKvStore::Impl::trim_locked() {
    auto bounds = database_.prepare("SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM events");
    bounds.step();
    const auto first = bounds.number(0);
    const auto last = bounds.number(1);
    bounds.run();
    if (last - first < options_.max_events) return;
    auto middle = database_.prepare("SELECT revision FROM events WHERE id >= ? ORDER BY id LIMIT 1");
    middle.bind(1, last - options_.max_events / 2).step();
    const Revision keep = middle.number(0);
    middle.run();
    Transaction transaction(database_);
    database_.prepare("DELETE FROM events WHERE revision < ?").bind(1, keep).run();
    set_state_locked("compacted", keep - 1);
    transaction.commit();
    compacted_ = std::max(compacted_, keep - 1);
}

std::vector<SqliteKvStore::Impl::Batch> SqliteKvStore::Impl::events_locked(std::string_view prefix, Revision from) {
    std::vector<Batch> batches;
    auto rows = database_.prepare(
        "SELECT key, value, created, revision, lease, is_delete FROM events WHERE revision >= ? ORDER BY id");
    rows.bind(1, from);
    while (rows.step()) {
        WatchEvent event{.kind = rows.number(5) != 0 ? WatchEvent::Kind::Delete : WatchEvent::Kind::Put,
                         .item = read_item(rows)};
        if (!event.item.key.starts_with(prefix)) continue;
        const Revision revision = event.item.modified;
        if (batches.empty() || batches.back().revision != revision) batches.push_back({.revision = revision});
        batches.back().events.push_back(std::move(event));
    }
    return batches;
}

WatchEnd SqliteKvStore::Impl::watch(std::string_view prefix, Revision from, std::stop_token stop,
                                    const WatchSink& sink) {
    std::unique_lock lock(mutex_);
    Revision next = from;
    while (!stop.stop_requested()) {
        expire_locked();
        if (next <= compacted_) return WatchEnd::Compacted;
        if (next > revision_) {
            changed_.wait_for(lock, stop, kLeaseTurn, [&] { return next <= revision_ || next <= compacted_; });
            continue;
        }
        const auto batches = events_locked(prefix, next);
        next = revision_ + 1;
        lock.unlock();
        for (const auto& batch : batches) {
            if (stop.stop_requested()) return WatchEnd::Stopped;
            sink(batch.events, batch.revision);
        }
        lock.lock();
    }
    return WatchEnd::Stopped;
}

SqliteKvStore::SqliteKvStore(Options options, Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), clock)) {}
SqliteKvStore::~SqliteKvStore() = default;

meta::GetResult SqliteKvStore::get(std::string_view key, bool is_prefix) {
    return std::move(impl_->get_many({{std::string(key), is_prefix}}).front());
}
std::vector<meta::GetResult> SqliteKvStore::get_many(const std::vector<ReadOp>& reads) {
    return impl_->get_many(reads);
}
meta::TxnResult SqliteKvStore::txn(const std::vector<meta::Compare>& conditions,
                                   const std::vector<meta::WriteOp>& writes) {
    return impl_->txn(conditions, writes);
}
LeaseId SqliteKvStore::grant_lease(std::chrono::seconds ttl) { return impl_->grant(ttl); }
bool SqliteKvStore::keep_alive(LeaseId lease) { return impl_->keep_alive(lease); }
void SqliteKvStore::revoke_lease(LeaseId lease) { impl_->revoke(lease); }
WatchEnd SqliteKvStore::watch(std::string_view prefix, Revision from, std::stop_token stop, const WatchSink& sink) {
    return impl_->watch(prefix, from, std::move(stop), sink);
}
void SqliteKvStore::expire_leases() { impl_->expire_leases(); }
void SqliteKvStore::compact(Revision revision) { impl_->compact(revision); }

}  // namespace dm::sqlite
