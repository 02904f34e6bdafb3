/// Bytes as a series of requests to a master, each parsed and handled as the gRPC service does, without a network.
/// A request is its number in the table below, its length as two bytes, low one first, and the message. Nothing may
/// come out but an answer that can be printed, or an Error; the schedule keeps its rules and equals the store.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include <dmmaster.pb.h>
#include <dmworker.pb.h>

#include "app/master/config_service.h"
#include "app/master/member_service.h"
#include "app/master/source_service.h"
#include "app/master/status_service.h"
#include "app/master/task_service.h"
#include "base/log.h"
#include "core/api/json_printer.h"
#include "core/meta/fake_kv_store.h"
#include "core/meta/keys.h"
#include "core/sql/fake_sql_session.h"

namespace dm::master {
namespace {

void require(bool condition, std::string_view what) {
    if (condition) return;
    std::cerr << "broken: " << what << '\n';
    std::abort();
}

/// A wait takes no time.
class HastyClock final : public Clock {
  public:
    [[nodiscard]] TimePoint now() const override { return TimePoint(elapsed_); }
    [[nodiscard]] WallTime wall_now() const override { return {}; }
    bool sleep(Duration duration, std::stop_token) override {
        elapsed_ += duration;
        return true;
    }

  private:
    Duration elapsed_{0};
};

class OneMember final : public meta::MemberList {
  public:
    std::vector<meta::Member> list() override { return {{.id = 1, .name = "master-1"}}; }
    std::vector<meta::Member> add(const std::vector<std::string>&) override { return list(); }
    void remove(std::uint64_t) override {}
};

/// Answers for any worker: its subtasks are where they should be.
pb::QueryStatusResponse answer_of_worker(const pb::QueryStatusRequest& request) {
    pb::QueryStatusResponse response;
    response.set_result(true);
    response.mutable_sourcestatus()->set_source("s1");
    auto* subtask = response.add_subtaskstatus();
    subtask->set_name(request.name());
    subtask->set_stage(pb::Running);
    subtask->set_unit(pb::Sync);
    return response;
}

/// A leader with a bound worker, a free one, a source, a waiting source and a task.
class Master {
  public:
    Master() {
        const auto lease = kv_.grant_lease(std::chrono::hours(1000));
        for (const auto* name : {"w1", "w2"}) {
            const meta::KeepAlive alive{.worker = model::WorkerName(name), .join_time = "now"};
            store_.put_worker({.name = alive.worker, .addr = "host:1"});
            kv_.txn({}, {meta::PutOp{
                            .key = meta::keys::keep_alive(alive.worker), .value = to_text(alive), .lease = lease}});
        }
        scheduler_.recover();
        for (const auto* id : {"s1", "s2"}) scheduler_.add_source(source(id));
        config::SubTaskConfig subtask;
        subtask.name = model::TaskName("t");
        subtask.source_id = model::SourceId("s1");
        scheduler_.add_subtasks({subtask});
    }

    [[nodiscard]] const MasterContext& context() const { return context_; }
    [[nodiscard]] Scheduler& scheduler() { return scheduler_; }

    void check() {
        const meta::ClusterState state = store_.load_all();
        scheduler_.read([&](const ClusterTable& table) {
            require(table.broken_rule().empty(), table.broken_rule());
            require(state.problems.empty(), "a record that cannot be read was written");
            require(state.sources.size() == table.sources().size(), "sources");
            require(state.workers.size() == table.workers().size(), "workers");
            std::size_t subtasks = 0;
            for (const auto& [name, rows] : table.tasks()) subtasks += rows.size();
            require(state.subtasks.size() == subtasks && state.subtask_stages.size() == subtasks, "subtasks");
            for (const auto& [name, bound] : state.bounds)
                require(table.worker(name) != nullptr && table.worker(name)->source == bound.source, "bounds");
        });
        // What was written can be read by the next leader.
        Scheduler next(store_);
        next.recover();
        next.read([&](const ClusterTable& table) {
            require(state.sources.size() == table.sources().size(), "sources of the next leader");
            require(table.broken_rule().empty(), table.broken_rule());
        });
    }

  private:
    static config::SourceConfig source(const std::string& id) {
        config::SourceConfig config;
        config.source_id = model::SourceId(id);
        config.flavor = "mysql";
        config.server_id = 7;
        config.from.host = "h";
        config.from.port = 3306;
        config.from.user = "u";
        return config;
    }

    HastyClock clock_;
    meta::FakeKvStore kv_{clock_};
    meta::ClusterStore store_{kv_, clock_};
    Scheduler scheduler_{store_};
    OneMember members_;
    sql::FakeSqlServer server_;
    config::MasterConfig config_{.name = "master-1"};
    const std::optional<config::SecretKey> key_ = config::SecretKey::from_hex(std::string(64, '5'));
    PeerCalls peers_{{}, clock_};
    MasterContext context_{
        .config = config_,
        .key = key_,
        .clock = clock_,
        .members = members_,
        .peers = peers_,
        .connect = [this](const config::DbConfig&, ErrorScope) { return server_.connect(); },
        .probe_position = [](const config::SubTaskConfig&) {},
        .open_binlog = [](const config::DbConfig&) -> std::unique_ptr<binlog::EventSource> {
            throw Error(ErrorCode::DbBadConnection, "no binlog here");
        },
        .query_worker = [](const std::string&, const pb::QueryStatusRequest& request) -> pb::QueryStatusResponse {
            return answer_of_worker(request);
        },
        .is_healthy = [](const std::string&) { return true; },
        .stop = {}};
};

/// Prints the request and the answer, or turns what was thrown into the text the answer would carry.
template <typename Request, typename Handle>
void serve(Master& master, std::string_view bytes, const Handle& handle) {
    Request request;
    if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
    require(!api::to_json(request).empty(), "a request cannot be printed");
    try {
        require(!api::to_json(handle(master, request)).empty(), "an answer cannot be printed");
    } catch (const Error& error) {
        require(std::string_view(error.what()).starts_with("[code="), error.what());
    }
    master.check();
}

/// Configurations of other processes are fetched from them.
bool is_remote(const pb::GetCfgRequest& request) {
    return request.type() == pb::WorkerType || request.type() == pb::MasterType;
}

template <typename Request, auto Handle>
void command(Master& master, std::string_view bytes) {
    serve<Request>(master, bytes,
                   [](Master& m, const Request& request) { return Handle(m.context(), m.scheduler(), request); });
}

void query(Master& master, std::string_view bytes) {
    serve<pb::QueryStatusListRequest>(master, bytes, [](Master& m, const auto& request) {
        return query_status(m.scheduler(), m.context().query_worker, request);
    });
}

void list(Master& master, std::string_view bytes) {
    serve<pb::ListMemberRequest>(master, bytes, [](Master& m, const auto& request) {
        return list_members(m.context(), m.scheduler(), meta::Leader{.id = "master-1", .addr = "h:1"}, request);
    });
}

void get(Master& master, std::string_view bytes) {
    serve<pb::GetCfgRequest>(master, bytes, [](Master& m, const auto& request) {
        return is_remote(request) ? pb::GetCfgResponse() : get_config(m.context(), m.scheduler(), request);
    });
}

void get_subtasks(Master& master, std::string_view bytes) {
    serve<pb::GetSubTaskCfgRequest>(
        master, bytes, [](Master& m, const auto& request) { return get_subtask_configs(m.scheduler(), request); });
}

void encrypt_text(Master& master, std::string_view bytes) {
    serve<pb::EncryptRequest>(master, bytes,
                              [](Master& m, const auto& request) { return encrypt(m.context(), request); });
}

void export_all(Master& master, std::string_view) {
    serve<google::protobuf::Empty>(
        master, {}, [](Master& m, const auto&) { return list_task_configs(m.context(), m.scheduler()); });
    serve<google::protobuf::Empty>(
        master, {}, [](Master& m, const auto&) { return list_source_configs(m.context(), m.scheduler()); });
}

using Serve = void (*)(Master&, std::string_view);

constexpr std::array<Serve, 14> kRequests = {command<pb::StartTaskRequest, start_task>,
                                             command<pb::OperateTaskRequest, operate_task>,
                                             command<pb::UpdateTaskRequest, update_task>,
                                             command<pb::CheckTaskRequest, check_task>,
                                             query,
                                             command<pb::OperateSourceRequest, operate_source>,
                                             command<pb::TransferSourceRequest, transfer_source>,
                                             command<pb::RegisterWorkerRequest, register_worker>,
                                             list,
                                             command<pb::OfflineMemberRequest, offline_member>,
                                             get,
                                             get_subtasks,
                                             encrypt_text,
                                             export_all};

void serve_all(std::string_view input) {
    constexpr std::size_t kHead = 3;
    Master master;
    while (input.size() >= kHead) {
        const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(input[i]); };
        const std::size_t length = byte(1) + 256U * byte(2);
        const Serve request = kRequests.at(byte(0) % kRequests.size());
        input.remove_prefix(kHead);
        request(master, input.substr(0, length));
        input.remove_prefix(std::min(length, input.size()));
    }
}

}  // namespace
}  // namespace dm::master

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    dm::log::configure({.level = "fatal"});
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    dm::master::serve_all({reinterpret_cast<const char*>(data), size});
    return 0;
}
