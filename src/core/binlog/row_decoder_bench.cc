// Row decoding of one thread: bytes of row images a second, values viewing the event's buffer.

#include "core/binlog/row_decoder.h"

#include <cstring>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "core/binlog/event_decoder.h"

namespace dm::binlog {
namespace {

constexpr int kRowsPerEvent = 40;

void append_little(std::string& out, std::uint64_t number, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) out += static_cast<char>(number >> (8 * i) & 0xffU);
}

TableMapColumn column(WireType type, std::uint32_t metadata = 0) {
    TableMapColumn made;
    made.type = type;
    made.metadata = metadata;
    return made;
}

/// One kind of table with an event of its rows.
struct Sample {
    TableMap table;
    std::vector<ColumnHint> hints;
    std::string rows;
};

/// sysbench: id, k, c CHAR(120), pad CHAR(60).
Sample sysbench() {
    Sample sample;
    sample.table.columns = {column(WireType::Long), column(WireType::Long), column(WireType::String, 480),
                            column(WireType::String, 240)};
    sample.hints.resize(4);
    sample.hints[2].charset = sample.hints[3].charset = "utf8mb4";
    for (int i = 0; i < kRowsPerEvent; ++i) {
        sample.rows += '\0';
        append_little(sample.rows, static_cast<std::uint64_t>(i), 4);
        append_little(sample.rows, 50'000, 4);
        append_little(sample.rows, 119, 2);
        sample.rows.append(119, 'c');
        sample.rows += static_cast<char>(59);
        sample.rows.append(59, 'p');
    }
    return sample;
}

/// Orders: BIGINT UNSIGNED, INT, DECIMAL(12,2), DATETIME(6), TIMESTAMP, VARCHAR(40), latin1 VARCHAR(20), DOUBLE, ENUM,
/// DATE.
Sample orders() {
    Sample sample;
    sample.table.columns = {
        column(WireType::LongLong),     column(WireType::Long),          column(WireType::NewDecimal, 12 | 2U << 8U),
        column(WireType::DateTime2, 6), column(WireType::Timestamp2, 0), column(WireType::VarChar, 160),
        column(WireType::VarChar, 20),  column(WireType::Double),        column(WireType::Enum, 1),
        column(WireType::Date)};
    sample.hints.resize(10);
    sample.hints[0].is_unsigned = true;
    sample.hints[5].charset = "utf8mb4";
    sample.hints[6].charset = "latin1";
    sample.hints[8].elements = {"new", "paid", "sent"};
    for (int i = 0; i < kRowsPerEvent; ++i) {
        sample.rows.append(2, '\0');
        append_little(sample.rows, static_cast<std::uint64_t>(i), 8);
        append_little(sample.rows, 7, 4);
        sample.rows += std::string("\x80\x00\x01\xe2\x40\x32", 6);
        sample.rows += std::string("\x99\xb2\xba\xc3\x4e\x0f\x12\x06", 8);
        sample.rows += std::string("\x65\xe0\x7b\x8a", 4);
        sample.rows += std::string("\x12") + "customer name here";
        sample.rows += std::string("\x09") + "city\xfc\xdf ab";
        append_little(sample.rows, 0x400921fb54442d18ULL, 8);
        sample.rows += '\2';
        append_little(sample.rows, 2024U << 9U | 2U << 5U | 29U, 3);
    }
    return sample;
}

/// Ten INT columns: the least bytes per value.
Sample integers() {
    Sample sample;
    sample.table.columns.assign(10, column(WireType::Long));
    sample.hints.resize(10);
    for (int i = 0; i < 4 * kRowsPerEvent; ++i) {
        sample.rows.append(2, '\0');
        for (int j = 0; j < 10; ++j) append_little(sample.rows, static_cast<std::uint64_t>(i * j), 4);
    }
    return sample;
}

void decode_sample(benchmark::State& state, Sample (*make)()) {
    const Sample sample = make();
    const RowLayout layout(sample.table, sample.hints);
    const std::string bits(2, '\xff');
    RowsEvent event;
    event.column_count = sample.table.columns.size();
    event.columns_after = as_bytes(bits);
    event.rows = as_bytes(sample.rows);
    const auto owner = std::make_shared<const int>(0);
    std::size_t rows = 0;
    for (auto _ : state) {
        const DecodedRows decoded = decode_rows(event, layout, owner);
        rows += decoded.after.size();
        benchmark::DoNotOptimize(decoded.after.row(0).data());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * sample.rows.size()));
    state.SetItemsProcessed(static_cast<std::int64_t>(rows));
}

BENCHMARK_CAPTURE(decode_sample, sysbench, sysbench);
BENCHMARK_CAPTURE(decode_sample, orders, orders);
BENCHMARK_CAPTURE(decode_sample, integers, integers);

/// A whole row event, checksum verified.
void decode_event(benchmark::State& state) {
    const std::string rows = sysbench().rows;
    std::string event;
    append_little(event, 0, 4);
    event += static_cast<char>(EventType::WriteRowsV2);
    append_little(event, 1, 4);
    append_little(event, 19 + 10 + 1 + 1 + rows.size() + 4, 4);
    append_little(event, 0, 6);
    append_little(event, 17, 6);
    append_little(event, 1, 2);
    append_little(event, 2, 2);
    event += std::string("\x04\xff", 2) + rows + "sum!";
    EventDecoder decoder;
    for (auto _ : state) benchmark::DoNotOptimize(decoder.decode(as_bytes(event)));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * event.size()));
}
BENCHMARK(decode_event);

}  // namespace
}  // namespace dm::binlog
