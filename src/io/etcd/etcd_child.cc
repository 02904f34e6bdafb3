#include "io/etcd/etcd_child.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <etcd/rpc.grpc.pb.h>
#include <fmt/format.h>
#include <grpcpp/channel.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/retry.h"
#include "base/step.h"
#include "io/etcd/etcd_log.h"
#include "io/etcd/process.h"
#include "io/rpc/address.h"
#include "io/rpc/channel.h"

namespace dm::etcd {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTurn{100};
constexpr auto kCalm = std::chrono::minutes(1);  ///< a child that lived this long starts a new series of waits

EtcdChildOptions with_port(EtcdChildOptions options) {
    rpc::Address address = rpc::parse_address(options.client_url);
    if (address.port == 0) {
        address.port = free_loopback_port();
        options.client_url = "http://" + address.text();
    }
    return options;
}

const std::string& or_else(const std::string& text, const std::string& other) { return text.empty() ? other : text; }

}  // namespace

std::uint16_t free_loopback_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    const bool is_bound = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                          ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    if (fd >= 0) ::close(fd);
    ensure(is_bound, ErrorCode::MasterEtcdStart, "no port is free on the loopback interface for etcd's client side");
    return ntohs(address.sin_port);
}

std::vector<std::string> etcd_arguments(const EtcdChildOptions& options) {
    const auto& advertised_peers = or_else(options.advertise_peer_urls, options.peer_urls);
    const auto alone = fmt::format("{}={}", options.name, advertised_peers);
    return {options.program,
            "--name=" + options.name,
            "--data-dir=" + options.data_dir,
            "--listen-peer-urls=" + options.peer_urls,
            "--initial-advertise-peer-urls=" + advertised_peers,
            "--listen-client-urls=" + options.client_url,
            "--advertise-client-urls=" + or_else(options.advertise_client_urls, options.client_url),
            "--initial-cluster=" + or_else(options.initial_cluster, alone),
            "--initial-cluster-state=" + options.initial_cluster_state,
            fmt::format("--max-txn-ops={}", options.max_txn_ops),
            fmt::format("--max-request-bytes={}", options.max_request_bytes),
            "--auto-compaction-mode=" + options.auto_compaction_mode,
            "--auto-compaction-retention=" + options.auto_compaction_retention,
            fmt::format("--quota-backend-bytes={}", options.quota_backend_bytes),
            "--enable-v2=false",
            "--logger=zap",
            "--log-outputs=stderr"};
}

class EtcdChild::Impl {
  public:
    explicit Impl(EtcdChildOptions options)
        : options_(with_port(std::move(options))), target_(rpc::without_scheme(options_.client_url)) {}

    void start();
    void stop() { supervisor_.reset(); }
    [[nodiscard]] const std::string& target() const { return target_; }
    [[nodiscard]] int pid() const { return pid_; }
    [[nodiscard]] int restarts() const { return restarts_; }
    [[nodiscard]] std::string why_down() const {
        const std::lock_guard lock(mutex_);
        const bool is_recent = pid_ == 0 || clock_.now() - problem_at_ < kCalm;
        return is_recent && !last_problem_.empty() ? "etcd ended: " + last_problem_ : std::string();
    }

  private:
    void supervise(std::stop_token stop);
    void run_once(std::stop_token stop);
    void copy_output(const Process& process, std::string& rest);
    void end_gently(Process& process, std::string& rest);
    void log_line(std::string_view line);
    void wait_until_ready();
    [[nodiscard]] bool is_healthy(const std::shared_ptr<grpc::Channel>& channel) const;

    const EtcdChildOptions options_;
    const std::string target_;
    SystemClock clock_;
    std::atomic<int> pid_{0};
    std::atomic<int> restarts_{0};
    mutable std::mutex mutex_;
    std::string last_line_;     ///< that is no problem; all three under mutex_
    std::string last_problem_;  ///< why etcd ended, if it did
    Clock::TimePoint problem_at_;
    std::optional<Step> supervisor_;
};

void EtcdChild::Impl::log_line(std::string_view line) {
    if (line.empty()) return;
    log_etcd_line(line);
    EtcdLine read = read_etcd_line(line);
    const std::lock_guard lock(mutex_);
    if (read.is_problem) problem_at_ = clock_.now();
    (read.is_problem ? last_problem_ : last_line_) = std::move(read.text);
}

void EtcdChild::Impl::copy_output(const Process& process, std::string& rest) {
    std::array<char, 4096> chunk{};
    while (true) {
        const auto count = ::read(process.output(), chunk.data(), chunk.size());
        if (count <= 0) return;
        rest.append(chunk.data(), static_cast<std::size_t>(count));
        for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
            log_line(std::string_view(rest).substr(0, end));
            rest.erase(0, end + 1);
        }
    }
}

void EtcdChild::Impl::end_gently(Process& process, std::string& rest) {
    process.signal(SIGTERM);
    const auto deadline = clock_.now() + options_.stop_timeout;
    while (!process.has_ended() && clock_.now() < deadline) {
        pollfd output{.fd = process.output(), .events = POLLIN, .revents = 0};
        ::poll(&output, 1, 20);
        copy_output(process, rest);
    }
    if (process.has_ended()) return;
    log::warn("etcd did not end in time and is killed", {{"pid", process.pid()}});
    process.signal(SIGKILL);
}

void EtcdChild::Impl::run_once(std::stop_token stop) {
    Process process(etcd_arguments(options_));
    pid_ = process.pid();
    log::info("etcd started", {{"pid", process.pid()}, {"client", target_}, {"data-dir", options_.data_dir}});
    std::string rest;
    while (!stop.stop_requested() && !process.has_ended()) {
        pollfd output{.fd = process.output(), .events = POLLIN, .revents = 0};
        ::poll(&output, 1, static_cast<int>(kTurn.count()));
        copy_output(process, rest);
        if ((output.revents & POLLHUP) != 0) clock_.sleep(milliseconds(10), stop);
    }
    if (stop.stop_requested()) end_gently(process, rest);
    copy_output(process, rest);
    log_line(rest);
    pid_ = 0;
    if (process.has_ended() && !stop.stop_requested())
        log::error("etcd ended by itself", {{"pid", process.pid()}, {"how", process.ending()}});
}

/// The child dies with the thread that forks it, so all its lives are started here.
void EtcdChild::Impl::supervise(std::stop_token stop) {
    Backoff backoff({.max_attempts = 0,
                     .initial_wait = std::chrono::milliseconds(200),
                     .max_wait = std::chrono::seconds(30),
                     .factor = 2.0});
    while (true) {
        const auto born = clock_.now();
        try {
            run_once(stop);
        } catch (const Error& error) {
            log::error("etcd cannot be started", {{"error", error.what()}});
            log_line(error.message());
        }
        if (clock_.now() - born > kCalm) backoff.reset();
        if (stop.stop_requested() || !clock_.sleep(*backoff.next(), stop)) return;
        ++restarts_;
    }
}

bool EtcdChild::Impl::is_healthy(const std::shared_ptr<grpc::Channel>& channel) const {
    if (!rpc::wait_connected(*channel, kTurn)) return false;
    // A linearizable read succeeds only with a leader.
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
    etcdserverpb::RangeRequest request;
    request.set_key("health");
    etcdserverpb::RangeResponse response;
    return etcdserverpb::KV::NewStub(channel)->Range(&context, request, &response).ok();
}

void EtcdChild::Impl::wait_until_ready() {
    const auto deadline = clock_.now() + options_.ready_timeout;
    const auto channel = rpc::make_channel(target_);
    while (clock_.now() < deadline) {
        if (is_healthy(channel)) return;
        clock_.sleep(milliseconds(50), {});
    }
    std::string last;
    {
        const std::lock_guard lock(mutex_);
        last = last_problem_.empty() ? last_line_ : last_problem_;
    }
    throw Error(ErrorCode::MasterEtcdStart,
                fmt::format("etcd does not answer at {} after {} ms", target_, options_.ready_timeout.count()))
        .with_cause(last);
}

void EtcdChild::Impl::start() {
    supervisor_.emplace(
        "etcd-child", [this](std::stop_token stop) { supervise(stop); },
        [](const Error& error) {
            log::error("etcd is no longer watched over", {{"error", error.what()}});
        });
    try {
        wait_until_ready();
    } catch (...) {
        stop();
        throw;
    }
}

EtcdChild::EtcdChild(EtcdChildOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
EtcdChild::~EtcdChild() = default;

void EtcdChild::start() { impl_->start(); }
void EtcdChild::stop() { impl_->stop(); }
const std::string& EtcdChild::client_target() const { return impl_->target(); }
int EtcdChild::pid() const { return impl_->pid(); }
std::string EtcdChild::why_down() const { return impl_->why_down(); }
int EtcdChild::restarts() const { return impl_->restarts(); }

}  // namespace dm::etcd
