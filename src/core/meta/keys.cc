#include "core/meta/keys.h"

#include <cassert>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::meta::keys {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

void append_hex(std::string& out, std::string_view bytes) {
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
    }
}

Error undecodable(std::string_view key, std::string_view why) {
    return {ErrorCode::ConfigEtcdUndecodable,
            fmt::format("key {} in the cluster's store cannot be decoded: {}", key, why)};
}

unsigned digit(std::string_view key, char c) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    const auto at = kDigits.find(c);
    if (at == std::string_view::npos) throw undecodable(key, fmt::format("'{}' is not a hexadecimal digit", c));
    return static_cast<unsigned>(at);
}

std::string from_hex(std::string_view key, std::string_view hex) {
    if (hex.size() % 2 != 0) throw undecodable(key, "a parameter has an odd number of digits");
    std::string out;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        out += static_cast<char>(digit(key, hex[i]) << 4U | digit(key, hex[i + 1]));
    return out;
}

}  // namespace

std::string encode(Kind kind, const std::vector<std::string_view>& parameters) {
    assert(parameters.size() <= static_cast<std::size_t>(kind.parameters));
    std::string key(kind.prefix);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        append_hex(key, parameters[i]);
        if (i + 1 < static_cast<std::size_t>(kind.parameters)) key += '/';
    }
    return key;
}

std::vector<std::string> decode(Kind kind, std::string_view key) {
    if (!key.starts_with(kind.prefix)) throw undecodable(key, fmt::format("it does not start with {}", kind.prefix));
    std::vector<std::string> parameters;
    std::string_view rest = key.substr(kind.prefix.size());
    while (true) {
        const auto slash = rest.find('/');
        parameters.push_back(from_hex(key, rest.substr(0, slash)));
        if (slash == std::string_view::npos) break;
        rest.remove_prefix(slash + 1);
    }
    if (parameters.size() != static_cast<std::size_t>(kind.parameters))
        throw undecodable(key, fmt::format("it has {} parameters instead of {}", parameters.size(), kind.parameters));
    return parameters;
}

std::string worker(const model::WorkerName& name) { return encode(kWorker, {name.str()}); }
std::string keep_alive(const model::WorkerName& name) { return encode(kKeepAlive, {name.str()}); }
std::string source(const model::SourceId& id) { return encode(kSource, {id.str()}); }
std::string bound(const model::WorkerName& name) { return encode(kBound, {name.str()}); }
std::string last_bound(const model::WorkerName& name) { return encode(kLastBound, {name.str()}); }
std::string relay_worker(const model::WorkerName& name) { return encode(kRelayWorker, {name.str()}); }
std::string relay_stage(const model::SourceId& id) { return encode(kRelayStage, {id.str()}); }
std::string subtask(const model::SourceId& id, const model::TaskName& task) {
    return encode(kSubTask, {id.str(), task.str()});
}
std::string subtask_stage(const model::SourceId& id, const model::TaskName& task) {
    return encode(kSubTaskStage, {id.str(), task.str()});
}
std::string validator_stage(const model::SourceId& id, const model::TaskName& task) {
    return encode(kValidatorStage, {id.str(), task.str()});
}
std::string load_task(const model::TaskName& task, const model::SourceId& id) {
    return encode(kLoadTask, {task.str(), id.str()});
}
std::string load_barrier(const model::TaskName& task, const model::SourceId& id) {
    return encode(kLoadBarrier, {task.str(), id.str()});
}
std::string task_arguments(const model::TaskName& task, const model::SourceId& id) {
    return encode(kTaskArguments, {task.str(), id.str()});
}
std::string task_template(const model::TaskName& task) { return encode(kTaskTemplate, {task.str()}); }

}  // namespace dm::meta::keys
