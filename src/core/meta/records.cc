#include "core/meta/records.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace dm::meta {

namespace {

/// Keys keep the order in which they are written, as in the published form.
using Json = nlohmann::ordered_json;

Error bad_record(std::string_view what, std::string_view text, std::string_view why) {
    return Error(ErrorCode::HaItem, fmt::format("the cluster's store holds a {} that cannot be read: {}", what, text))
        .with_cause(why);
}

Json parse(std::string_view what, std::string_view text) {
    try {
        return Json::parse(text);
    } catch (const Json::exception& error) {
        throw bad_record(what, text, error.what());
    }
}

/// Reads the members of one JSON object; an absent member gives the default of its type.
class Reader {
  public:
    Reader(std::string_view what, std::string_view text) : what_(what), text_(text), json_(parse(what, text)) {
        if (!json_.is_object()) throw bad_record(what_, text_, "it is not a JSON object");
    }

    [[nodiscard]] std::string text(const char* key) const { return get<std::string>(key, "a string"); }
    [[nodiscard]] std::uint64_t number(const char* key) const { return get<std::uint64_t>(key, "a number"); }
    [[nodiscard]] Stage stage(const char* key) const {
        const auto value = number(key);
        if (value > static_cast<std::uint64_t>(Stage::Stopping))
            throw bad_record(what_, text_, fmt::format("{} is not the number of a stage", value));
        return static_cast<Stage>(value);
    }

  private:
    template <typename T>
    [[nodiscard]] T get(const char* key, std::string_view kind) const {
        const auto at = json_.find(key);
        if (at == json_.end() || at->is_null()) return T{};
        const bool is_right = std::is_same_v<T, std::string> ? at->is_string() : at->is_number_unsigned();
        if (!is_right) throw bad_record(what_, text_, fmt::format("\"{}\" is not {}", key, kind));
        return at->template get<T>();
    }

    std::string_view what_;
    std::string_view text_;
    Json json_;
};

std::string string_value(std::string_view what, std::string_view text) {
    const Json json = parse(what, text);
    if (!json.is_string()) throw bad_record(what, text, "it is not a JSON string");
    return json.get<std::string>();
}

/// The published form escapes <, > and & and line separators, as its JSON library does for the web.
std::string dump(const Json& json) {
    const std::string plain = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    std::string out;
    for (std::size_t i = 0; i < plain.size(); ++i) {
        const char c = plain[i];
        if (c == '<' || c == '>' || c == '&')
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else if (plain.compare(i, 3, "\u2028") == 0 || plain.compare(i, 3, "\u2029") == 0) {
            out += plain.compare(i, 3, "\u2028") == 0 ? "\\u2028" : "\\u2029";
            i += 2;
        } else
            out += c;
    }
    return out;
}

constexpr std::string_view kBarrierNames[] = {"not-ready", "ready", "finished"};

}  // namespace

std::string to_text(const WorkerInfo& record) { return dump({{"name", record.name.str()}, {"addr", record.addr}}); }

std::string to_text(const KeepAlive& record) {
    return dump({{"worker-name", record.worker.str()}, {"join-time", record.join_time}});
}

std::string to_text(const SourceBound& record) {
    return dump({{"source", record.source.str()}, {"worker", record.worker.str()}});
}

std::string to_text(const RelayStage& record) {
    return dump({{"expect", static_cast<int>(record.expect)}, {"source", record.source.str()}});
}

std::string to_text(const SubTaskStage& record) {
    return dump(
        {{"expect", static_cast<int>(record.expect)}, {"source", record.source.str()}, {"task", record.task.str()}});
}

std::string to_text(const ClusterVersion& record) {
    return dump({{"internal-no", record.internal_no}, {"release-ver", record.release}});
}

std::string to_text(const TaskArguments& record) {
    return dump({{"start_time", record.start_time},
                 {"safe_mode_duration", record.safe_mode_duration},
                 {"wait_time_on_stop", record.wait_time_on_stop}});
}

std::string to_text(const Leader& record) { return dump({{"id", record.id}, {"addr", record.addr}}); }

std::string to_text(LoadBarrier record) { return dump(Json(kBarrierNames[static_cast<std::size_t>(record)])); }

std::string load_task_text(const model::WorkerName& worker) { return dump(Json(worker.str())); }

WorkerInfo parse_worker_info(std::string_view text) {
    const Reader reader("worker registration", text);
    return {.name = model::WorkerName(reader.text("name")), .addr = reader.text("addr")};
}

KeepAlive parse_keep_alive(std::string_view text) {
    const Reader reader("worker keepalive", text);
    return {.worker = model::WorkerName(reader.text("worker-name")), .join_time = reader.text("join-time")};
}

SourceBound parse_source_bound(std::string_view text) {
    const Reader reader("source bound", text);
    return {.source = model::SourceId(reader.text("source")), .worker = model::WorkerName(reader.text("worker"))};
}

RelayStage parse_relay_stage(std::string_view text) {
    const Reader reader("relay stage", text);
    return {.expect = reader.stage("expect"), .source = model::SourceId(reader.text("source"))};
}

SubTaskStage parse_subtask_stage(std::string_view text) {
    const Reader reader("subtask stage", text);
    return {.expect = reader.stage("expect"),
            .source = model::SourceId(reader.text("source")),
            .task = model::TaskName(reader.text("task"))};
}

ClusterVersion parse_cluster_version(std::string_view text) {
    const Reader reader("cluster version", text);
    return {.internal_no = reader.number("internal-no"), .release = reader.text("release-ver")};
}

TaskArguments parse_task_arguments(std::string_view text) {
    const Reader reader("set of task arguments", text);
    return {.start_time = reader.text("start_time"),
            .safe_mode_duration = reader.text("safe_mode_duration"),
            .wait_time_on_stop = reader.text("wait_time_on_stop")};
}

Leader parse_leader(std::string_view text) {
    const Reader reader("leader", text);
    return {.id = reader.text("id"), .addr = reader.text("addr")};
}

LoadBarrier parse_load_barrier(std::string_view text) {
    const std::string name = string_value("load barrier", text);
    for (std::size_t i = 0; i < std::size(kBarrierNames); ++i)
        if (kBarrierNames[i] == name) return static_cast<LoadBarrier>(i);
    throw bad_record("load barrier", text, "it is none of not-ready, ready, finished");
}

model::WorkerName parse_load_task(std::string_view text) { return model::WorkerName(string_value("load task", text)); }

}  // namespace dm::meta
