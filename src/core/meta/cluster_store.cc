#include "core/meta/cluster_store.h"

#include <random>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/retry.h"
#include "core/meta/election.h"
#include "core/meta/keys.h"
#include "core/meta/record_reading.h"

namespace dm::meta {

namespace {

using model::SourceId;
using model::TaskName;
using model::WorkerName;
using reading::collect;
using reading::first_parameter;
using reading::parse_source_id;
using reading::plain_text;
using reading::source_task;
using reading::stored_config;
using reading::task_source;
using reading::unread;
using reading::watch_records;

constexpr RetryPolicy kWritePolicy{
    .max_attempts = 5, .initial_wait = std::chrono::seconds(1), .max_wait = std::chrono::seconds(1), .factor = 1.0};

KvStore::ReadOp all_of(keys::Kind kind) { return {std::string(kind.prefix), true}; }

PutOp put(std::string key, std::string value) { return {.key = std::move(key), .value = std::move(value), .lease = 0}; }
DeleteOp erase(std::string key) { return {.key = std::move(key), .is_prefix = false}; }

PutOp stage_put(std::string key, const SubTaskId& id, Stage expect) {
    return put(std::move(key), to_text(SubTaskStage{.expect = expect, .source = id.source, .task = id.task}));
}

}  // namespace

ClusterStore::ClusterStore(KvStore& store, Clock& clock, std::stop_token stop, WriteLimits limits)
    : store_(store), clock_(clock), stop_(std::move(stop)), limits_(limits) {}

ClusterStore ClusterStore::fenced(Compare fence) const {
    ClusterStore copy = *this;
    copy.fence_ = std::move(fence);
    return copy;
}

Revision ClusterStore::write(const std::vector<WriteOp>& writes) {
    std::vector<Compare> conditions;
    if (fence_) conditions.push_back(*fence_);
    TxnResult result;
    retry(
        kWritePolicy, clock_, stop_, [&] { result = store_.txn(conditions, writes); },
        [](const Error& error, Clock::Duration) {
            log::warn("writing to the cluster's store failed and is tried again", {{"error", error.what()}});
        });
    ensure(result.succeeded, ErrorCode::MasterNotLeader, "this member is no longer the leader; nothing was written");
    return result.revision;
}

Revision ClusterStore::write_groups(std::vector<WriteGroup> groups) {
    Revision revision = 0;
    for (const auto& batch : pack_groups(std::move(groups), limits_)) revision = write(batch);
    return revision;
}

std::optional<std::string> ClusterStore::get_one(const std::string& key) const {
    auto result = store_.get(key, false);
    if (result.items.empty()) return std::nullopt;
    return std::move(result.items.front().value);
}

// ---- reading

ClusterState ClusterStore::load_all() const {
    const auto reads = store_.get_many({all_of(keys::kSource),
                                        all_of(keys::kRelayStage),
                                        all_of(keys::kSubTask),
                                        all_of(keys::kSubTaskStage),
                                        all_of(keys::kValidatorStage),
                                        all_of(keys::kRelayWorker),
                                        all_of(keys::kLoadTask),
                                        all_of(keys::kWorker),
                                        all_of(keys::kBound),
                                        all_of(keys::kLastBound),
                                        all_of(keys::kKeepAlive),
                                        {std::string(keys::kClusterVersion), false}});
    ClusterState state;
    auto& bad = state.problems;
    const auto source = first_parameter<SourceId>;
    const auto worker = first_parameter<WorkerName>;
    collect(reads[0], keys::kSource, source, plain_text, state.sources, bad);
    collect(reads[1], keys::kRelayStage, source, parse_relay_stage, state.relay_stages, bad);
    collect(reads[2], keys::kSubTask, source_task, plain_text, state.subtasks, bad);
    collect(reads[3], keys::kSubTaskStage, source_task, parse_subtask_stage, state.subtask_stages, bad);
    collect(reads[4], keys::kValidatorStage, source_task, parse_subtask_stage, state.validator_stages, bad);
    collect(reads[5], keys::kRelayWorker, worker, parse_source_id, state.relay_workers, bad);
    collect(reads[6], keys::kLoadTask, task_source, parse_load_task, state.load_tasks, bad);
    collect(reads[7], keys::kWorker, worker, parse_worker_info, state.workers, bad);
    collect(reads[8], keys::kBound, worker, parse_source_bound, state.bounds, bad);
    collect(reads[9], keys::kLastBound, worker, parse_source_bound, state.last_bounds, bad);
    collect(reads[10], keys::kKeepAlive, worker, parse_keep_alive, state.alive, bad);
    if (!reads[11].items.empty()) {
        try {
            state.version = parse_cluster_version(reads[11].items.front().value);
        } catch (const Error& error) {
            bad.push_back(error);
        }
    }
    state.revision = reads[0].revision;
    return state;
}

SourceState ClusterStore::load_source(const SourceId& source) const {
    const auto under = [&](keys::Kind kind) { return KvStore::ReadOp{keys::encode(kind, {source.str()}), true}; };
    const auto reads = store_.get_many({{keys::source(source), false},
                                        {keys::relay_stage(source), false},
                                        under(keys::kSubTask),
                                        under(keys::kSubTaskStage),
                                        under(keys::kValidatorStage)});
    SourceState state;
    state.source = source;
    state.revision = reads[0].revision;
    auto& bad = state.problems;
    if (!reads[0].items.empty()) state.config = reads[0].items.front().value;
    std::map<SourceId, RelayStage> relay;
    collect(reads[1], keys::kRelayStage, first_parameter<SourceId>, parse_relay_stage, relay, bad);
    if (!relay.empty()) state.relay_stage = relay.begin()->second;
    const auto task = [](const std::vector<std::string>& parameters) { return TaskName(parameters[1]); };
    collect(reads[2], keys::kSubTask, task, stored_config, state.subtasks, bad);
    collect(reads[3], keys::kSubTaskStage, task, parse_subtask_stage, state.subtask_stages, bad);
    state.unreadable_stages = unread(reads[3], state.subtask_stages);
    collect(reads[4], keys::kValidatorStage, task, parse_subtask_stage, state.validator_stages, bad);
    return state;
}

WorkerAssignment ClusterStore::load_assignment(const WorkerName& worker) const {
    constexpr int kAttempts = 3;
    std::vector<KvStore::ReadOp> reads{{keys::bound(worker), false}, {keys::relay_worker(worker), false}};
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        const auto results = store_.get_many(reads);
        WorkerAssignment assignment;
        assignment.revision = results[0].revision;
        std::set<SourceId> wanted;
        if (!results[0].items.empty()) {
            assignment.bound = parse_source_bound(results[0].items.front().value);
            wanted.insert(assignment.bound->source);
        }
        if (!results[1].items.empty()) {
            assignment.relay_source = SourceId(results[1].items.front().value);
            wanted.insert(*assignment.relay_source);
        }
        // The configurations count only if they were read at the same revision as the names that lead to them.
        std::set<std::string> read_keys;
        for (std::size_t i = 2; i < reads.size(); ++i) {
            read_keys.insert(reads[i].key);
            for (const auto& item : results[i].items)
                assignment.configs[SourceId(keys::decode(keys::kSource, item.key)[0])] = item.value;
        }
        std::set<std::string> wanted_keys;
        for (const auto& source : wanted) wanted_keys.insert(keys::source(source));
        if (read_keys == wanted_keys) return assignment;
        reads.resize(2);
        for (const auto& key : wanted_keys) reads.push_back({key, false});
    }
    throw Error(ErrorCode::HaTxn,
                fmt::format("the assignment of worker {} kept changing while it was read", worker.str()));
}

std::optional<std::string> ClusterStore::get_source(const SourceId& source) const {
    return get_one(keys::source(source));
}

std::optional<StoredConfig> ClusterStore::get_subtask(const SubTaskId& id) const {
    const auto result = store_.get(keys::subtask(id.source, id.task), false);
    if (result.items.empty()) return std::nullopt;
    return stored_config(result.items.front());
}

std::optional<TaskArguments> ClusterStore::get_task_arguments(const SubTaskId& id) const {
    const auto text = get_one(keys::task_arguments(id.task, id.source));
    if (!text) return std::nullopt;
    return parse_task_arguments(*text);
}

std::optional<ClusterVersion> ClusterStore::get_version() const {
    const auto text = get_one(std::string(keys::kClusterVersion));
    if (!text) return std::nullopt;
    return parse_cluster_version(*text);
}

std::optional<Leader> ClusterStore::get_leader() const {
    return oldest_candidate(store_.get(fmt::format("{}/", keys::kLeader), true));
}

std::map<TaskName, std::string> ClusterStore::load_task_templates() const {
    std::map<TaskName, std::string> templates;
    for (auto& item : store_.get(keys::kTaskTemplate.prefix, true).items)
        templates[TaskName(keys::decode(keys::kTaskTemplate, item.key)[0])] = std::move(item.value);
    return templates;
}

std::map<SourceId, LoadBarrier> ClusterStore::load_barrier(const TaskName& task) const {
    std::map<SourceId, LoadBarrier> barrier;
    for (const auto& item : store_.get(keys::encode(keys::kLoadBarrier, {task.str()}), true).items)
        barrier[SourceId(keys::decode(keys::kLoadBarrier, item.key)[1])] = parse_load_barrier(item.value);
    return barrier;
}

// ---- sources

Revision ClusterStore::put_source(const SourceId& source, const std::string& toml, std::optional<Stage> relay) {
    std::vector<WriteOp> writes{put(keys::source(source), toml)};
    if (relay) writes.emplace_back(put(keys::relay_stage(source), to_text(RelayStage{*relay, source})));
    return write(writes);
}

Revision ClusterStore::delete_source(const SourceId& source, const std::optional<WorkerName>& bound_worker) {
    std::vector<WriteOp> writes{erase(keys::source(source)), erase(keys::relay_stage(source))};
    if (bound_worker) {
        writes.emplace_back(erase(keys::bound(*bound_worker)));
        writes.emplace_back(erase(keys::last_bound(*bound_worker)));
    }
    return write(writes);
}

Revision ClusterStore::put_relay_stage(const std::vector<RelayStage>& stages) {
    std::vector<WriteGroup> groups;
    for (const auto& stage : stages) groups.push_back({put(keys::relay_stage(stage.source), to_text(stage))});
    return write_groups(std::move(groups));
}

Revision ClusterStore::delete_relay_stage(const SourceId& source) { return write({erase(keys::relay_stage(source))}); }

// ---- bounds

Revision ClusterStore::put_bounds(const std::vector<SourceBound>& bounds, std::optional<Stage> relay) {
    std::vector<WriteGroup> groups;
    for (const auto& bound : bounds) {
        WriteGroup& group = groups.emplace_back();
        if (relay) group.emplace_back(put(keys::relay_stage(bound.source), to_text(RelayStage{*relay, bound.source})));
        group.emplace_back(put(keys::bound(bound.worker), to_text(bound)));
        group.emplace_back(put(keys::last_bound(bound.worker), to_text(bound)));
    }
    return write_groups(std::move(groups));
}

Revision ClusterStore::delete_bounds(const std::vector<WorkerName>& workers) {
    std::vector<WriteGroup> groups;
    for (const auto& worker : workers) groups.push_back({erase(keys::bound(worker))});
    return write_groups(std::move(groups));
}

Revision ClusterStore::replace_bound(const WorkerName& old_worker, const SourceBound& bound) {
    std::vector<WriteOp> writes;
    if (old_worker != bound.worker) writes.emplace_back(erase(keys::bound(old_worker)));
    writes.emplace_back(put(keys::bound(bound.worker), to_text(bound)));
    writes.emplace_back(put(keys::last_bound(bound.worker), to_text(bound)));
    return write(writes);
}

// ---- workers

Revision ClusterStore::put_worker(const WorkerInfo& info) {
    return write({put(keys::worker(info.name), to_text(info))});
}

Revision ClusterStore::delete_worker(const WorkerName& worker) {
    return write({erase(keys::worker(worker)), erase(keys::relay_worker(worker))});
}

Revision ClusterStore::put_relay_workers(const std::vector<WorkerName>& workers, const SourceId& source) {
    std::vector<WriteOp> writes;
    for (const auto& worker : workers) writes.emplace_back(put(keys::relay_worker(worker), source.str()));
    return write(writes);
}

Revision ClusterStore::delete_relay_workers(const std::vector<WorkerName>& workers) {
    std::vector<WriteOp> writes;
    for (const auto& worker : workers) writes.emplace_back(erase(keys::relay_worker(worker)));
    return write(writes);
}

// ---- subtasks

Revision ClusterStore::put_subtasks(const std::vector<SubTaskRecord>& subtasks) {
    std::vector<WriteGroup> groups;
    for (const auto& [id, config, expect, validator] : subtasks) {
        WriteGroup& group = groups.emplace_back();
        group.emplace_back(put(keys::subtask(id.source, id.task), config));
        group.emplace_back(stage_put(keys::subtask_stage(id.source, id.task), id, expect));
        if (validator) group.emplace_back(stage_put(keys::validator_stage(id.source, id.task), id, *validator));
    }
    return write_groups(std::move(groups));
}

Revision ClusterStore::update_subtasks(const std::vector<SubTaskRecord>& subtasks) {
    std::vector<WriteGroup> groups;
    for (const auto& one : subtasks) groups.push_back({put(keys::subtask(one.id.source, one.id.task), one.config)});
    return write_groups(std::move(groups));
}

Revision ClusterStore::delete_subtasks(const std::vector<SubTaskId>& subtasks) {
    std::vector<WriteGroup> groups;
    for (const auto& id : subtasks) {
        WriteGroup& group = groups.emplace_back();
        group.emplace_back(erase(keys::subtask(id.source, id.task)));
        group.emplace_back(erase(keys::subtask_stage(id.source, id.task)));
        group.emplace_back(erase(keys::validator_stage(id.source, id.task)));
    }
    return write_groups(std::move(groups));
}

Revision ClusterStore::set_stages(const std::vector<SubTaskStage>& stages) {
    std::vector<WriteGroup> groups;
    for (const auto& stage : stages)
        groups.push_back({put(keys::subtask_stage(stage.source, stage.task), to_text(stage))});
    return write_groups(std::move(groups));
}

Revision ClusterStore::set_validator_stages(const std::vector<SubTaskStage>& stages) {
    std::vector<WriteGroup> groups;
    for (const auto& stage : stages)
        groups.push_back({put(keys::validator_stage(stage.source, stage.task), to_text(stage))});
    return write_groups(std::move(groups));
}

Revision ClusterStore::put_validators(const std::vector<SubTaskRecord>& subtasks) {
    std::vector<WriteGroup> groups;
    for (const auto& [id, config, expect, validator] : subtasks) {
        WriteGroup& group = groups.emplace_back();
        group.emplace_back(put(keys::subtask(id.source, id.task), config));
        if (validator) group.emplace_back(stage_put(keys::validator_stage(id.source, id.task), id, *validator));
    }
    return write_groups(std::move(groups));
}

// ---- odds and ends

Revision ClusterStore::put_task_arguments(const std::vector<SubTaskId>& subtasks, const TaskArguments& arguments) {
    std::vector<WriteGroup> groups;
    for (const auto& id : subtasks)
        groups.push_back({put(keys::task_arguments(id.task, id.source), to_text(arguments))});
    return write_groups(std::move(groups));
}

Revision ClusterStore::delete_task_arguments(const std::vector<SubTaskId>& subtasks) {
    std::vector<WriteGroup> groups;
    for (const auto& id : subtasks) groups.push_back({erase(keys::task_arguments(id.task, id.source))});
    return write_groups(std::move(groups));
}

Revision ClusterStore::put_task_template(const TaskName& task, const std::string& json) {
    return write({put(keys::task_template(task), json)});
}

Revision ClusterStore::delete_task_template(const TaskName& task) { return write({erase(keys::task_template(task))}); }

Revision ClusterStore::put_load_task(const SubTaskId& id, const WorkerName& worker) {
    return write({put(keys::load_task(id.task, id.source), load_task_text(worker))});
}

Revision ClusterStore::delete_load_task(const SubTaskId& id) {
    return write({erase(keys::load_task(id.task, id.source))});
}

Revision ClusterStore::delete_task_leftovers(const TaskName& task) {
    const auto under = [&](keys::Kind kind) { return DeleteOp{keys::encode(kind, {task.str()}), true}; };
    return write({under(keys::kLoadTask), under(keys::kLoadBarrier), under(keys::kTaskArguments)});
}

Revision ClusterStore::put_load_barrier(const std::vector<SubTaskId>& subtasks, LoadBarrier state) {
    std::vector<WriteGroup> groups;
    for (const auto& id : subtasks) groups.push_back({put(keys::load_barrier(id.task, id.source), to_text(state))});
    return write_groups(std::move(groups));
}

Revision ClusterStore::put_version(const ClusterVersion& version) {
    return write({put(std::string(keys::kClusterVersion), to_text(version))});
}

std::uint64_t ClusterStore::read_or_create_id() {
    const std::string key(keys::kClusterId);
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto stored = store_.get(key, false).items;
        if (!stored.empty() && stored.front().value.size() == 8) {
            std::uint64_t id = 0;
            for (const char c : stored.front().value) id = id << 8U | static_cast<unsigned char>(c);
            return id;
        }
        // It only names the cluster in logs: no reason for nobody to lead.
        if (!stored.empty()) {
            log::warn("the cluster's id does not have 8 bytes and is made anew",
                      {{"key", key}, {"bytes", stored.front().value.size()}});
        }
        const auto seconds =
            std::chrono::duration_cast<std::chrono::seconds>(clock_.wall_now().time_since_epoch()).count();
        const auto id = (static_cast<std::uint64_t>(seconds) << 32U) + std::random_device{}();
        std::string bytes;
        for (unsigned shift = 64; shift > 0; shift -= 8) bytes += static_cast<char>(id >> (shift - 8));
        const Revision modified = stored.empty() ? 0 : stored.front().modified;
        static_cast<void>(store_.txn({{.key = key, .modified = modified}}, {put(key, bytes)}));
    }
    throw Error(ErrorCode::HaTxn, "the cluster id cannot be read back after it was written");
}

// ---- watching

WatchEnd ClusterStore::watch_keep_alives(Revision from, std::stop_token stop,
                                         const Sink<WorkerName, KeepAlive>& sink) const {
    return watch_records(store_, keys::kKeepAlive, {}, from, stop, first_parameter<WorkerName>, parse_keep_alive, sink);
}

WatchEnd ClusterStore::watch_load_tasks(Revision from, std::stop_token stop,
                                        const Sink<SubTaskId, WorkerName>& sink) const {
    return watch_records(store_, keys::kLoadTask, {}, from, stop, task_source, parse_load_task, sink);
}

WatchEnd ClusterStore::watch_bound(const WorkerName& worker, Revision from, std::stop_token stop,
                                   const Sink<WorkerName, SourceBound>& sink) const {
    return watch_records<WorkerName, SourceBound>(store_, keys::kBound, {worker.str()}, from, stop,
                                                  first_parameter<WorkerName>, parse_source_bound,
                                                  [&](const auto& change) {
                                                      if (change.id == worker) sink(change);
                                                  });
}

WatchEnd ClusterStore::watch_relay_worker(const WorkerName& worker, Revision from, std::stop_token stop,
                                          const Sink<WorkerName, SourceId>& sink) const {
    return watch_records<WorkerName, SourceId>(store_, keys::kRelayWorker, {worker.str()}, from, stop,
                                               first_parameter<WorkerName>, parse_source_id, [&](const auto& change) {
                                                   if (change.id == worker) sink(change);
                                               });
}

WatchEnd ClusterStore::watch_relay_stage(const SourceId& source, Revision from, std::stop_token stop,
                                         const Sink<SourceId, RelayStage>& sink) const {
    return watch_records<SourceId, RelayStage>(store_, keys::kRelayStage, {source.str()}, from, stop,
                                               first_parameter<SourceId>, parse_relay_stage, [&](const auto& change) {
                                                   if (change.id == source) sink(change);
                                               });
}

WatchEnd ClusterStore::watch_subtask_stages(const SourceId& source, Revision from, std::stop_token stop,
                                            const Sink<SubTaskId, SubTaskStage>& sink) const {
    return watch_records(store_, keys::kSubTaskStage, {source.str()}, from, stop, source_task, parse_subtask_stage,
                         sink);
}

WatchEnd ClusterStore::watch_validator_stages(const SourceId& source, Revision from, std::stop_token stop,
                                              const Sink<SubTaskId, SubTaskStage>& sink) const {
    return watch_records(store_, keys::kValidatorStage, {source.str()}, from, stop, source_task, parse_subtask_stage,
                         sink);
}

}  // namespace dm::meta
