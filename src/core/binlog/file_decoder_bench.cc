// Decoding of whole binlog files by one thread, every row into values, nothing kept: the file is named by the
// environment variable DM_BENCH_BINLOG. bench/data_path compares it with mariadb-binlog.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <unordered_map>

#include <benchmark/benchmark.h>

#include "core/binlog/memory_event_source.h"
#include "core/binlog/row_decoder.h"

namespace dm::binlog {
namespace {

/// What a file holds: the same in every pass.
struct Content {
    std::size_t events = 0;
    std::size_t rows_events = 0;
    std::size_t rows_event_bytes = 0;  // whole events, headers and checksums included
    std::size_t rows = 0;
};

/// Without a tracker at hand texts count as utf8mb4, as the tables of the benchmark are.
RowLayout make_layout(const TableMap& table) {
    auto hints = hints_from_metadata(table);
    for (ColumnHint& hint : hints) {
        if (hint.charset.empty()) hint.charset = "utf8mb4";
    }
    return {table, hints};
}

class FilePass {
  public:
    explicit FilePass(ByteView file) : reader_(file) {}

    Content run() {
        while (const auto bytes = reader_.next()) take(*bytes);
        return content_;
    }

  private:
    void take(ByteView bytes) {
        const Event event = decoder_.decode(bytes);
        ++content_.events;
        if (const auto* map = event.get_if<TableMapEvent>()) {
            Known& known = known_[map->table_id];
            if (known.table != map->table) known = {map->table, std::make_unique<RowLayout>(make_layout(*map->table))};
        } else if (const auto* rows = event.get_if<RowsEvent>()) {
            const DecodedRows decoded = decode_rows(*rows, *known_.at(rows->table_id).layout, owner_);
            ++content_.rows_events;
            content_.rows_event_bytes += bytes.size();
            content_.rows += std::max(decoded.before.size(), decoded.after.size());
        }
    }

    struct Known {
        std::shared_ptr<const TableMap> table;
        std::unique_ptr<RowLayout> layout;
    };

    BinlogFileReader reader_;
    EventDecoder decoder_;
    std::unordered_map<std::uint64_t, Known> known_;
    const std::shared_ptr<const void> owner_ = std::make_shared<const int>(0);  // stands for the file's bytes
    Content content_;
};

void decode_file(benchmark::State& state) {
    const char* const name = std::getenv("DM_BENCH_BINLOG");
    if (name == nullptr) {
        state.SkipWithError("DM_BENCH_BINLOG names no file");
        return;
    }
    std::ifstream stream(name, std::ios::binary);
    const std::string file{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    Content content;
    for (auto _ : state) {
        content = FilePass(as_bytes(file)).run();
        benchmark::DoNotOptimize(content);
    }
    state.counters["events"] = static_cast<double>(content.events);
    state.counters["rows_events"] = static_cast<double>(content.rows_events);
    state.counters["rows_event_bytes"] = static_cast<double>(content.rows_event_bytes);
    state.counters["rows"] = static_cast<double>(content.rows);
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * content.rows_event_bytes));
}
BENCHMARK(decode_file)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace dm::binlog
