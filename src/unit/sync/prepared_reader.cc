#include "unit/sync/prepared_reader.h"

#include <algorithm>
#include <limits>
#include <map>
#include <ranges>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "core/binlog/event_decoder.h"
#include "core/binlog/payload_reader.h"
#include "core/binlog/stream_position.h"
#include "core/binlog/xa_id.h"

namespace dm::sync {
namespace {

using binlog::XaStatement;

/// Whether the event opens an XA transaction.
bool opens_xa(const binlog::Event& event) {
    if (const auto* gtid = event.get_if<binlog::MariaDbGtidEvent>()) return gtid->is_xa_prepare;
    const auto* query = event.get_if<binlog::Query>();
    if (query == nullptr) return false;
    const auto xa = binlog::parse_xa_statement(query->statement);
    return xa && xa->kind == XaStatement::Kind::Start;
}

/// Calls `sink` for the event, or for those inside it.
void unpack(const binlog::Event& event, const std::shared_ptr<const void>& owner, binlog::EventDecoder& decoder,
            const std::function<void(const binlog::Event&, const std::shared_ptr<const void>&)>& sink) {
    const auto* payload = event.get_if<binlog::TransactionPayload>();
    if (payload == nullptr) {
        sink(event, owner);
        return;
    }
    binlog::PayloadReader reader(*payload, decoder);
    while (const auto inner = reader.next()) sink(*inner, owner);
}

/// The start of a stream at a place that may lie beyond what a server can be asked for.
model::BinlogPosition askable(const model::BinlogPosition& place) {
    constexpr std::uint64_t kLargest = std::numeric_limits<std::uint32_t>::max();
    return {.file = place.file, .offset = place.offset > kLargest ? 4 : place.offset};
}

/// The rows events of a stream with their tables.
class RowsFinder {
  public:
    std::optional<StagedRows> rows_of(const binlog::Event& event, const std::shared_ptr<const void>& owner) {
        if (const auto* map = event.get_if<binlog::TableMapEvent>()) tables_[map->table_id] = map->table;
        const auto* rows = event.get_if<binlog::RowsEvent>();
        const auto table = rows != nullptr ? tables_.find(rows->table_id) : tables_.end();
        if (table == tables_.end()) return std::nullopt;
        return StagedRows{.event = *rows, .table = table->second, .owner = owner};
    }

  private:
    std::map<std::uint64_t, std::shared_ptr<const binlog::TableMap>> tables_;
};

std::vector<std::string> list_files(sql::SqlSession& session) {
    const auto logs = session.query("SHOW BINARY LOGS");
    std::vector<std::string> files;
    for (std::size_t row = 0; row < logs.rows.size(); ++row) files.push_back(logs.text(row, "Log_name"));
    return files;
}

}  // namespace

/// Adds what one file says, which is older than what `traces` holds. False if stop was requested.
bool PreparedReader::scan_file(const std::string& id, const std::string& file, const model::BinlogPosition& before,
                               Traces& traces, std::stop_token stop) {
    const auto source = open_();
    const model::BinlogPosition begin{.file = file, .offset = 4};
    source->start({.position = begin, .gtid_set = std::nullopt});
    binlog::EventDecoder decoder;
    binlog::StreamPosition stream({.position = begin, .gtid_set = {}});
    Traces found;
    model::BinlogPosition opened;
    const auto take = [&](const binlog::Event& event, const model::BinlogPosition& start) {
        if (opens_xa(event)) opened = start;
        const auto* query = event.get_if<binlog::Query>();
        const auto xa = query != nullptr ? binlog::parse_xa_statement(query->statement) : std::nullopt;
        const bool is_end =
            xa && xa->id == id && (xa->kind == XaStatement::Kind::Commit || xa->kind == XaStatement::Kind::Rollback);
        if (is_end) found.ended = xa->kind;
        const auto* prepare = event.get_if<binlog::XaPrepare>();
        if (prepare != nullptr && !prepare->is_one_phase && binlog::xa_id(*prepare) == id)
            found = {.start = opened, .ended = std::nullopt};
    };
    while (const auto bytes = source->next(stop)) {
        const auto event = decoder.decode(*bytes);
        const model::BinlogPosition transaction_start = stream.transaction_end().position;
        stream.advance(event);
        const bool is_behind = model::compare_positions(stream.end().position, before) == std::strong_ordering::greater;
        if (stream.end().position.file != file || is_behind) break;
        unpack(event, nullptr, decoder,
               [&](const binlog::Event& inner, const auto&) { take(inner, transaction_start); });
    }
    traces.start = found.start;
    if (!traces.ended) traces.ended = found.ended;
    return !stop.stop_requested();
}

std::optional<PreparedReader::Traces> PreparedReader::find(const std::string& id, const model::BinlogPosition& before,
                                                           std::stop_token stop) {
    log::info("looking for the preparation of an XA transaction in older binlog files",
              {{"xid", id}, {"before", before.to_string()}});
    std::vector<std::string> files = list_files(upstream_.get());
    std::erase_if(files, [&](const std::string& file) {
        return model::compare_positions({.file = file, .offset = 4}, before) == std::strong_ordering::greater;
    });
    Traces traces;
    for (const std::string& file : files | std::views::reverse) {
        if (!scan_file(id, file, before, traces, stop)) return std::nullopt;
        if (traces.start) break;
    }
    return traces;
}

/// Hands what follows `start` to `sink` until that has had enough. False if stop was requested before.
bool PreparedReader::read_events(const model::BinlogPosition& start, const EventSink& sink, std::stop_token stop) {
    const auto source = open_();
    source->start({.position = askable(start), .gtid_set = std::nullopt});
    binlog::EventDecoder decoder;
    binlog::StreamPosition stream({.position = askable(start), .gtid_set = {}});
    bool is_done = false;
    while (!is_done) {
        const auto bytes = source->next(stop);
        if (!bytes) return false;
        const auto owner = std::make_shared<const std::string>(as_text(*bytes));
        const auto event = decoder.decode(as_bytes(*owner));
        stream.advance(event);
        const bool is_reached = model::compare_positions(stream.end().position, start) == std::strong_ordering::greater;
        if (!is_reached) continue;
        unpack(event, owner, decoder, [&](const binlog::Event& inner, const std::shared_ptr<const void>& keep) {
            is_done = is_done || !sink(inner, keep);
        });
    }
    return true;
}

bool PreparedReader::read(const model::BinlogPosition& start, const Sink& sink, std::stop_token stop) {
    RowsFinder finder;
    UndoneChanges changes;
    const auto take = [&](const binlog::Event& event, const std::shared_ptr<const void>& owner) {
        if (const auto rows = finder.rows_of(event, owner)) {
            (void)changes.count();
            sink(*rows);
        }
        const auto* query = event.get_if<binlog::Query>();
        const auto undone = query != nullptr ? changes.undone_by(query->statement) : std::nullopt;
        ensure(!undone || undone->empty(), ErrorCode::SyncEventUnsupported, [&] {
            return fmt::format("the XA transaction that begins at {} has undone a part of its changes",
                               start.to_string());
        });
        return event.get_if<binlog::XaPrepare>() == nullptr;
    };
    return read_events(start, take, std::move(stop));
}

std::optional<std::deque<StagedRows>> PreparedReader::read_last(const model::BinlogPosition& start,
                                                                UndoneChanges::Range range, std::size_t max_bytes,
                                                                std::stop_token stop) {
    RowsFinder finder;
    std::deque<StagedRows> last;
    std::size_t bytes = 0;
    std::size_t number = 0;
    const auto size_of = [](const StagedRows& rows) { return rows.event.rows.size() + sizeof(StagedRows); };
    const auto take = [&](const binlog::Event& event, const std::shared_ptr<const void>& owner) {
        auto rows = finder.rows_of(event, owner);
        if (!rows || number++ < range.begin) return true;
        bytes += size_of(*rows);
        last.push_back(std::move(*rows));
        for (; bytes > max_bytes && last.size() > 1; last.pop_front()) bytes -= size_of(last.front());
        return number < range.end;
    };
    if (!read_events(start, take, std::move(stop))) return std::nullopt;
    return last;
}

}  // namespace dm::sync
