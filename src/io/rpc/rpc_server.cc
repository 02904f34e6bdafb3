#include "io/rpc/rpc_server.h"

#include <array>
#include <optional>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/step.h"
#include "io/rpc/address.h"
#include "io/rpc/grpc_host.h"
#include "io/rpc/http_host.h"
#include "io/rpc/protocol.h"

namespace dm::rpc {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

/// Whether the peer will send no more than what has arrived.
bool is_at_end(int fd) {
    pollfd state{.fd = fd, .events = POLLRDHUP, .revents = 0};
    return ::poll(&state, 1, 0) > 0;
}

/// Looks at the first bytes without taking them. Garbage also stands for a peer that has gone.
std::optional<Protocol> peek(int fd) {
    std::array<char, 8> head{};
    const auto count = ::recv(fd, head.data(), head.size(), MSG_PEEK | MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? std::nullopt : std::optional(Protocol::Garbage);
    if (count == 0) return Protocol::Garbage;
    const auto protocol = recognise({head.data(), static_cast<std::size_t>(count)});
    return protocol || !is_at_end(fd) ? protocol : Protocol::Garbage;
}

}  // namespace

class RpcServer::Impl {
  public:
    Impl(Options options, std::vector<grpc::Service*> services, HttpRouter router)
        : options_(std::move(options)), services_(std::move(services)), router_(std::move(router)) {}
    ~Impl() { stop(std::chrono::milliseconds(0)); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void start();
    void stop(std::chrono::milliseconds grace);
    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    void listen();
    void listen_on(const tcp::endpoint& endpoint);
    asio::awaitable<void> accept_all();
    asio::awaitable<void> welcome(tcp::socket socket);
    asio::awaitable<Protocol> sniff(std::shared_ptr<tcp::socket> socket);

    const Options options_;
    const std::vector<grpc::Service*> services_;
    HttpRouter router_;  ///< until start
    std::uint16_t port_ = 0;
    std::unique_ptr<GrpcHost> grpc_;
    std::unique_ptr<HttpHost> http_;
    asio::io_context network_{1};
    tcp::acceptor acceptor_{network_};
    std::optional<Step> thread_;
};

void RpcServer::Impl::listen_on(const tcp::endpoint& endpoint) {
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    if (endpoint.protocol() == tcp::v6()) acceptor_.set_option(asio::ip::v6_only(false));
    acceptor_.bind(endpoint);
    acceptor_.listen();
    port_ = acceptor_.local_endpoint().port();
}

void RpcServer::Impl::listen() {
    const Address address = parse_address(options_.listen);
    try {
        if (!address.host.empty()) {
            tcp::resolver resolver(network_);
            listen_on(*resolver.resolve(address.host, std::to_string(address.port)).begin());
            return;
        }
        try {
            listen_on({tcp::v6(), address.port});
        } catch (const boost::system::system_error& error) {
            if (error.code() == asio::error::address_in_use) throw;
            error_code ignored;
            acceptor_.close(ignored);
            listen_on({tcp::v4(), address.port});
        }
    } catch (const boost::system::system_error& error) {
        throw Error(ErrorCode::WorkerServe,
                    fmt::format("cannot listen on {}; choose a free address of this host", options_.listen))
            .with_class(options_.owner)
            .with_workaround(fmt::format("Check `{}` and that nothing else listens there.", options_.listen_key))
            .with_cause(error.code().message());
    }
}

void RpcServer::Impl::start() {
    ensure(options_.tls.is_empty(), ErrorCode::WorkerTls,
           "TLS (ssl-ca, ssl-cert, ssl-key) is not offered yet; leave these settings empty");
    listen();
    grpc_ = std::make_unique<GrpcHost>(GrpcHost::Options{.max_receive_bytes = options_.max_receive_bytes,
                                                         .etcd_target = options_.etcd_target,
                                                         .on_call = options_.on_call},
                                       services_);
    http_ = std::make_unique<HttpHost>(HttpHost::Options{.max_header_bytes = options_.max_header_bytes,
                                                         .max_body_bytes = options_.max_body_bytes,
                                                         .idle_timeout = options_.http_idle_timeout,
                                                         .threads = options_.http_threads},
                                       std::move(router_));
    asio::co_spawn(network_, accept_all(), asio::detached);
    thread_.emplace(
        "rpc-accept", [this](std::stop_token) { network_.run(); },
        [](const Error& error) {
            log::error("the port is no longer served", {{"error", error.what()}});
        });
}

void RpcServer::Impl::stop(std::chrono::milliseconds grace) {
    // First nothing new, then the calls at work.
    network_.stop();
    thread_.reset();
    error_code ignored;
    acceptor_.close(ignored);
    if (grpc_) grpc_->stop(grace);
    if (http_) http_->stop();
}

asio::awaitable<void> RpcServer::Impl::accept_all() {
    while (acceptor_.is_open()) {
        error_code error;
        tcp::socket socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (error == asio::error::operation_aborted || !acceptor_.is_open()) break;
        if (error) {  // no descriptors left, or the peer gave up: wait a moment and go on
            log::warn("a connection could not be accepted", {{"error", error.message()}});
            asio::steady_timer pause(network_, std::chrono::milliseconds(50));
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
            continue;
        }
        asio::co_spawn(network_, welcome(std::move(socket)), asio::detached);
    }
}

asio::awaitable<Protocol> RpcServer::Impl::sniff(std::shared_ptr<tcp::socket> socket) {
    asio::steady_timer deadline(network_, options_.sniff_timeout);
    deadline.async_wait([socket](const error_code& error) {
        error_code ignored;
        if (!error) socket->cancel(ignored);
    });
    error_code error;
    while (true) {
        co_await socket->async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
        if (error || deadline.expiry() <= std::chrono::steady_clock::now()) co_return Protocol::Garbage;
        if (const auto protocol = peek(socket->native_handle())) {
            deadline.cancel();
            co_return *protocol;
        }
        // Part of a preface: the socket stays readable, so wait for time instead.
        asio::steady_timer pause(network_, std::chrono::milliseconds(5));
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
}

asio::awaitable<void> RpcServer::Impl::welcome(tcp::socket accepted) {
    const auto socket = std::make_shared<tcp::socket>(std::move(accepted));
    const Protocol protocol = co_await sniff(socket);
    if (protocol == Protocol::Garbage) co_return;
    error_code ignored;
    socket->set_option(tcp::no_delay(true), ignored);
    error_code error;
    const int fd = socket->release(error);
    if (error) co_return;
    if (protocol == Protocol::Http2)
        grpc_->adopt(fd);
    else
        http_->adopt(fd);
}

RpcServer::RpcServer(Options options, std::vector<grpc::Service*> services, HttpRouter router)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(services), std::move(router))) {}
RpcServer::~RpcServer() = default;

void RpcServer::start() { impl_->start(); }
void RpcServer::stop(std::chrono::milliseconds grace) { impl_->stop(grace); }
std::uint16_t RpcServer::port() const { return impl_->port(); }

}  // namespace dm::rpc
