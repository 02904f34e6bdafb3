/// How fast a master starts to lead and answers with many sources and subtasks, on either store.
///
///   app_main_bench [--store sqlite|etcd] [--sources N] [--subtasks N] [--folder PATH] [--hold]
///
/// Writes the records, starts a master over them and workers that answer status calls in the same process, and
/// prints `measure,seconds` lines. --hold then prints `master,ADDRESS` and serves until its input ends.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include <dmmaster.grpc.pb.h>
#include <dmworker.grpc.pb.h>
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "app/main/process.h"
#include "app/master/connect_database.h"
#include "app/master/master_server.h"
#include "base/log.h"
#include "core/config/subtask_config.h"
#include "core/meta/cluster_store.h"
#include "core/meta/keys.h"
#include "io/etcd/etcd_child.h"
#include "io/etcd/etcd_kv_store.h"
#include "io/etcd/etcd_member_list.h"
#include "io/rpc/channel.h"
#include "io/rpc/rpc_server.h"
#include "io/sqlite/sqlite_kv_store.h"

namespace dm {
namespace {

struct Options {
    std::string store = "sqlite";
    std::size_t sources = 200;
    std::size_t subtasks = 2000;
    std::filesystem::path folder = std::filesystem::temp_directory_path() / "dm-control-plane-bench";
    bool hold = false;
};

Options options_of(const std::vector<std::string>& arguments) {
    Options options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& name = arguments[i];
        if (name == "--hold") {
            options.hold = true;
            continue;
        }
        ensure(i + 1 < arguments.size(), ErrorCode::MasterArguments, name + " needs a value");
        const std::string& value = arguments[++i];
        if (name == "--store") options.store = value;
        if (name == "--sources") options.sources = std::stoul(value);
        if (name == "--subtasks") options.subtasks = std::stoul(value);
        if (name == "--folder") options.folder = value;
    }
    return options;
}

/// A worker with some subtasks that follow their source; it knows no name, so one serves for many.
class IdleWorker final : public pb::Worker::Service {
  public:
    explicit IdleWorker(std::size_t subtasks) {
        answer_.set_result(true);
        answer_.mutable_sourcestatus();
        for (std::size_t i = 0; i < subtasks; ++i) {
            auto* subtask = answer_.add_subtaskstatus();
            subtask->set_name(fmt::format("task-{}", i));
            subtask->set_stage(pb::Running);
            subtask->set_unit(pb::Sync);
            auto* sync = subtask->mutable_sync();
            sync->set_totalrows(123456789);
            sync->set_masterbinlog("(mysql-bin.000123, 123456789)");
            sync->set_masterbinloggtid("3ccc475b-2343-11e7-be21-6c0b84d59f30:1-14,53b95cbf-5a9a-11ee-b6c1:1-99");
            sync->set_syncerbinlog("(mysql-bin.000123, 123456789)");
            sync->set_syncerbinloggtid(sync->masterbinloggtid());
            sync->set_synced(true);
            sync->set_binlogtype("remote");
        }
    }
    grpc::Status QueryStatus(grpc::ServerContext*, const pb::QueryStatusRequest* request,
                             pb::QueryStatusResponse* response) override {
        if (request->name().empty()) {
            *response = answer_;
            return grpc::Status::OK;
        }
        response->set_result(true);
        for (const auto& subtask : answer_.subtaskstatus())
            if (subtask.name() == request->name()) *response->add_subtaskstatus() = subtask;
        return grpc::Status::OK;
    }

  private:
    pb::QueryStatusResponse answer_;
};

/// Several ports of idle workers, so that the master keeps several connections.
class IdleWorkers {
  public:
    explicit IdleWorkers(std::size_t subtasks) : worker_(subtasks) {
        constexpr int kPorts = 16;
        for (int i = 0; i < kPorts; ++i) {
            std::vector<grpc::Service*> services{&worker_};
            auto& server = servers_.emplace_back(std::make_unique<rpc::RpcServer>(
                rpc::RpcServer::Options{.listen = "127.0.0.1:0"}, services, rpc::HttpRouter()));
            server->start();
        }
    }
    [[nodiscard]] std::string address(std::size_t i) const {
        return fmt::format("127.0.0.1:{}", servers_[i % servers_.size()]->port());
    }

  private:
    IdleWorker worker_;
    std::vector<std::unique_ptr<rpc::RpcServer>> servers_;
};

model::SourceId source_id(std::size_t i) { return model::SourceId(fmt::format("mysql-{:04}", i)); }
model::WorkerName worker_name(std::size_t i) { return model::WorkerName(fmt::format("worker-{:04}", i)); }

std::string source_toml(std::size_t i) {
    config::SourceConfig source;
    source.source_id = source_id(i);
    source.flavor = "mysql";
    source.server_id = static_cast<std::uint32_t>(1000 + i);
    source.from = {.host = "10.0.0.1", .port = 3306, .user = "dm"};
    return config::to_toml(source);
}

meta::SubTaskRecord subtask_record(std::size_t source, std::size_t task) {
    config::SubTaskConfig subtask;
    subtask.name = model::TaskName(fmt::format("task-{}", task));
    subtask.source_id = source_id(source);
    subtask.to = {.host = "10.0.0.2", .port = 4000, .user = "dm"};
    subtask.block_allow.do_dbs = {"orders", "customers", "~^log_[0-9]+$"};
    return {.id = {.source = subtask.source_id, .task = subtask.name},
            .config = config::to_toml(subtask),
            .expect = meta::Stage::Running};
}

/// What `sources` workers, sources and their subtasks leave in the store. Returns the lease of the keepalives.
meta::LeaseId fabricate(meta::KvStore& kv, Clock& clock, const Options& options, const IdleWorkers& workers) {
    meta::ClusterStore store(kv, clock);
    const meta::LeaseId lease = kv.grant_lease(std::chrono::hours(1));
    for (std::size_t i = 0; i < options.sources; ++i) {
        store.put_worker({.name = worker_name(i), .addr = workers.address(i)});
        store.put_source(source_id(i), source_toml(i));
        store.put_bounds({{.source = source_id(i), .worker = worker_name(i)}});
        const meta::KeepAlive alive{.worker = worker_name(i), .join_time = "2026-01-01T00:00:00Z"};
        kv.txn({}, {meta::PutOp{.key = meta::keys::keep_alive(alive.worker), .value = to_text(alive), .lease = lease}});
        std::vector<meta::SubTaskRecord> subtasks;
        for (std::size_t task = 0; task < options.subtasks / options.sources; ++task)
            subtasks.push_back(subtask_record(i, task));
        store.put_subtasks(subtasks);
    }
    return lease;
}

class OneMember final : public meta::MemberList {
  public:
    std::vector<meta::Member> list() override { return {{.id = 1, .name = "master-1"}}; }
    std::vector<meta::Member> add(const std::vector<std::string>&) override { return list(); }
    void remove(std::uint64_t) override {}
};

/// Megabytes of a line of /proc/self/status.
std::size_t memory(std::string_view what) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(what)) return std::stoul(line.substr(what.size() + 1)) / 1024;
    return 0;
}

void tell(std::string_view measure, double value) {
    std::cout << fmt::format("{},{:.4f}\n", measure, value) << std::flush;
}

template <typename F>
double seconds(const F& work) {
    const auto began = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

/// Best of a few: what else the machine does only adds.
template <typename F>
double best(int times, const F& work) {
    double found = seconds(work);
    for (int i = 1; i < times; ++i) found = std::min(found, seconds(work));
    return found;
}

class Caller {
  public:
    explicit Caller(const std::string& address) {
        rpc::ChannelOptions options;
        options.max_receive_bytes = -1;
        stub_ = pb::Master::NewStub(rpc::make_channel(address, options));
    }
    bool list_members() {
        grpc::ClientContext context;
        pb::ListMemberResponse response;
        return stub_->ListMember(&context, {}, &response).ok() && response.result();
    }
    /// Throws unless `expected` subtasks are told of.
    void query_status(const std::string& task, const std::vector<std::string>& sources, std::size_t expected) {
        grpc::ClientContext context;
        pb::QueryStatusListRequest request;
        request.set_name(task);
        for (const auto& source : sources) request.add_sources(source);
        pb::QueryStatusListResponse response;
        const auto status = stub_->QueryStatus(&context, request, &response);
        std::size_t found = 0;
        for (const auto& element : response.sources())
            found += static_cast<std::size_t>(element.subtaskstatus_size()) * (element.result() ? 1 : 0);
        ensure(status.ok() && found == expected, ErrorCode::MasterWorkerError,
               fmt::format("{} of {} subtasks answered; {}", found, expected, status.error_message()));
    }

  private:
    std::unique_ptr<pb::Master::Stub> stub_;
};

void measure(Caller& caller, const Options& options) {
    const std::size_t per_source = options.subtasks / options.sources;
    tell("list-member", best(5, [&] { caller.list_members(); }));
    tell("query-status first", seconds([&] { caller.query_status("", {}, per_source * options.sources); }));
    tell("query-status all", best(3, [&] { caller.query_status("", {}, per_source * options.sources); }));
    tell("query-status one task", best(3, [&] { caller.query_status("task-0", {}, options.sources); }));
    tell("query-status one source", best(5, [&] { caller.query_status("", {source_id(0).str()}, per_source); }));
}

void run_on(meta::KvStore& kv, meta::MemberList& members, const std::string& etcd_target, const Options& options) {
    SystemClock clock;
    IdleWorkers workers(options.subtasks / options.sources);
    tell("writing the records", seconds([&] { static_cast<void>(fabricate(kv, clock, options, workers)); }));
    config::MasterConfig config;
    config.name = "master-1";
    config.master_addr = fmt::format("127.0.0.1:{}", etcd::free_loopback_port());
    config.advertise_addr = config.master_addr;
    config.rpc_rate_limit = 1e6;  // of one worker; here a few ports stand for all workers
    metrics::Registry registry;
    master::MasterServer server(config, std::nullopt,
                                {.store = kv,
                                 .members = members,
                                 .clock = clock,
                                 .registry = registry,
                                 .connect = master::mysql_connector(),
                                 .etcd_target = etcd_target});
    const auto before = memory("VmRSS:");
    Caller caller(config.master_addr);
    tell("leader start", seconds([&] {
             server.start();
             while (!caller.list_members()) std::this_thread::yield();
         }));
    measure(caller, options);
    tell("memory, MB", static_cast<double>(memory("VmHWM:") - before));
    if (options.hold) {
        std::cout << "master," << config.master_addr << '\n' << std::flush;
        for (std::string line; std::getline(std::cin, line);) {
        }
    }
    server.stop();
}

int bench(const std::vector<std::string>& arguments) {
    const Options options = options_of(arguments);
    log::configure({.level = "error"});
    std::filesystem::remove_all(options.folder);
    std::filesystem::create_directories(options.folder);
    if (options.store == "etcd") {
        etcd::EtcdChildOptions child_options;
        child_options.name = "master-1";
        child_options.data_dir = options.folder / "etcd";
        child_options.peer_urls = fmt::format("http://127.0.0.1:{}", etcd::free_loopback_port());
        etcd::EtcdChild child(child_options);
        child.start();
        etcd::EtcdKvStore store({.endpoints = {child.client_target()}});
        etcd::EtcdMemberList members({.endpoints = {child.client_target()}});
        run_on(store, members, child.client_target(), options);
        child.stop();
    } else {
        SystemClock clock;
        sqlite::SqliteKvStore store({.file = options.folder / "store.db"}, clock);
        OneMember members;
        run_on(store, members, "", options);
    }
    std::filesystem::remove_all(options.folder);
    return 0;
}

}  // namespace
}  // namespace dm

int main(int argc, char** argv) {
    dm::process::block_signals();
    return dm::process::run([&] { return dm::bench(dm::process::arguments(argc, argv)); });
}
