#include "core/sql/literal.h"

#include <string>

#include <benchmark/benchmark.h>

#include "core/sql/ddl.h"

namespace dm::sql {
namespace {

void run(benchmark::State& state, const model::Value& value, std::size_t bytes) {
    std::string out;
    out.reserve(1UL << 20U);
    for (auto _ : state) {
        if (out.size() > (1UL << 20U) - 4096) out.clear();
        append_literal(out, value);
        benchmark::DoNotOptimize(out.data());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
    state.SetItemsProcessed(state.iterations());
}

void Integer(benchmark::State& state) { run(state, model::Value::of_int(-1234567890), 8); }
void Double(benchmark::State& state) { run(state, model::Value::of_double(1234.5678), 8); }
void Text(benchmark::State& state) {
    const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
    run(state, model::Value::of_view(model::ValueKind::Text, text), text.size());
}
void Bytes(benchmark::State& state) {
    const std::string bytes(static_cast<std::size_t>(state.range(0)), '\xa5');
    run(state, model::Value::of_view(model::ValueKind::Bytes, bytes), bytes.size());
}

void ClassifyDdl(benchmark::State& state) {
    const ParseContext context{.default_schema = "db"};
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            classify("ALTER TABLE `t` ADD COLUMN `c` INT NOT NULL DEFAULT 5 COMMENT 'x' AFTER `b`", context));
    }
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(Integer);
BENCHMARK(Double);
BENCHMARK(Text)->Arg(10)->Arg(120)->Arg(2000);
BENCHMARK(Bytes)->Arg(16)->Arg(2000);
BENCHMARK(ClassifyDdl);

}  // namespace
}  // namespace dm::sql
