#pragma once

#include <functional>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "core/meta/cluster_state.h"
#include "core/meta/keys.h"
#include "core/meta/kv_store.h"
#include "core/meta/records.h"

/// From keys and values to records, for ClusterStore: what cannot be read is left out and told. Pure but for the watch.
namespace dm::meta::reading {

inline SubTaskId source_task(const std::vector<std::string>& parameters) {
    return {.source = model::SourceId(parameters[0]), .task = model::TaskName(parameters[1])};
}

inline SubTaskId task_source(const std::vector<std::string>& parameters) {
    return {.source = model::SourceId(parameters[1]), .task = model::TaskName(parameters[0])};
}

inline std::string plain_text(std::string_view value) { return std::string(value); }
inline StoredConfig stored_config(const KeyValue& item) { return {.toml = item.value, .created = item.created}; }
inline model::SourceId parse_source_id(std::string_view value) { return model::SourceId(std::string(value)); }

/// Puts every item of `read` that can be read into `out`, under the id `make_id` finds in its key. `parse` takes the
/// value or the whole item.
template <typename Map, typename MakeId, typename Parse>
void collect(const GetResult& read, keys::Kind kind, MakeId make_id, Parse parse, Map& out,
             std::vector<Error>& problems) {
    for (const auto& item : read.items) {
        try {
            if constexpr (std::is_invocable_v<Parse, const KeyValue&>) {
                out[make_id(keys::decode(kind, item.key))] = parse(item);
            } else {
                out[make_id(keys::decode(kind, item.key))] = parse(item.value);
            }
        } catch (const Error& error) {
            problems.push_back(error.with_context(item.key));
        }
    }
}

/// Tasks of the stages that `collect` left out, as far as their keys can be read.
inline std::set<model::TaskName> unread(const GetResult& stages, const std::map<model::TaskName, SubTaskStage>& read) {
    std::set<model::TaskName> tasks;
    for (const auto& item : stages.items) {
        try {
            model::TaskName task(keys::decode(keys::kSubTaskStage, item.key)[1]);
            if (!read.contains(task)) tasks.insert(std::move(task));
        } catch (const Error&) {
            continue;  // `collect` has told it
        }
    }
    return tasks;
}

template <typename Id>
Id first_parameter(const std::vector<std::string>& parameters) {
    return Id(parameters[0]);
}

/// Delivers the changes under `prefix` one by one as records.
template <typename Id, typename Record, typename MakeId, typename Parse>
WatchEnd watch_records(KvStore& store, keys::Kind kind, const std::vector<std::string_view>& parameters, Revision from,
                       std::stop_token stop, MakeId make_id, Parse parse,
                       const std::function<void(const Change<Id, Record>&)>& sink) {
    return store.watch(keys::encode(kind, parameters), from, stop, [&](const auto& events, Revision revision) {
        for (const auto& event : events) {
            Change<Id, Record> change;
            change.revision = revision;
            try {
                change.id = make_id(keys::decode(kind, event.item.key));
                if (event.kind == WatchEvent::Kind::Put) change.record = parse(event.item.value);
            } catch (const Error& error) {
                log::error("a record in the cluster's store cannot be read and is left out",
                           {{"key", event.item.key}, {"error", error.what()}});
                continue;
            }
            sink(change);
        }
    });
}

}  // namespace dm::meta::reading
