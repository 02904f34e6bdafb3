#include "core/meta/records.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "core/meta/keys.h"

namespace dm::meta {
namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

/// Any bytes are a record whose stored form reads back as an equal one, or an Error of this kind.
template <typename Parse>
void parse_and_print(std::string_view bytes, const Parse& parse) {
    try {
        const auto record = parse(bytes);
        require(parse(to_text(record)) == record);
    } catch (const Error& error) {
        require(error.code() == ErrorCode::HaItem);
    }
}

void parse_all(std::string_view bytes) {
    parse_and_print(bytes, parse_worker_info);
    parse_and_print(bytes, parse_keep_alive);
    parse_and_print(bytes, parse_source_bound);
    parse_and_print(bytes, parse_relay_stage);
    parse_and_print(bytes, parse_subtask_stage);
    parse_and_print(bytes, parse_cluster_version);
    parse_and_print(bytes, parse_task_arguments);
    parse_and_print(bytes, parse_leader);
    parse_and_print(bytes, parse_load_barrier);
    try {
        const model::WorkerName worker = parse_load_task(bytes);
        require(parse_load_task(load_task_text(worker)) == worker);
    } catch (const Error& error) {
        require(error.code() == ErrorCode::HaItem);
    }
}

void decode_key(keys::Kind kind, std::string_view key) {
    try {
        const auto parameters = keys::decode(kind, key);
        require(parameters.size() == static_cast<std::size_t>(kind.parameters));
        require(keys::decode(kind, keys::encode(kind, {parameters.begin(), parameters.end()})) == parameters);
    } catch (const Error& error) {
        require(error.code() == ErrorCode::ConfigEtcdUndecodable);
    }
}

/// The bytes as a key, as the end of a key of the right kind, and as parameters.
void try_keys(std::string_view bytes) {
    for (const keys::Kind kind : {keys::kWorker, keys::kSubTask, keys::kOptimistInfo, keys::kDroppedColumns}) {
        decode_key(kind, bytes);
        decode_key(kind, std::string(kind.prefix).append(bytes));
        const std::vector<std::string_view> parameters(static_cast<std::size_t>(kind.parameters), bytes);
        if (bytes.empty()) continue;
        const auto back = keys::decode(kind, keys::encode(kind, parameters));
        require(std::vector<std::string_view>(back.begin(), back.end()) == parameters);
    }
}

}  // namespace
}  // namespace dm::meta

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    dm::meta::parse_all(bytes);
    dm::meta::try_keys(bytes);
    return 0;
}
