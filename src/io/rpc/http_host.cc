#include "io/rpc/http_host.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/step.h"

namespace dm::rpc {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

using Message = http::response<http::string_body>;

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

HttpRequest translate(const http::request<http::string_body>& message, const std::string& remote) {
    HttpRequest request;
    request.method = std::string(message.method_string());
    request.remote = remote;
    request.body = message.body();
    for (const auto& field : message) {
        auto& value = request.headers[lower(std::string(field.name_string()))];
        if (!value.empty()) value += ", ";
        value += std::string(field.value());
    }
    parse_target(std::string(message.target()), request);
    return request;
}

HttpResponse answer(const http::request<http::string_body>& message, const std::string& remote,
                    const HttpRouter& router) {
    if (message.method() == http::verb::unknown)
        return {.status = 501,
                .body = fmt::format("unknown method {}\n", std::string_view(message.method_string())),
                .headers = {}};
    HttpRequest request;
    try {
        request = translate(message, remote);
    } catch (const Error& error) {
        return {.status = 400, .body = fmt::format("{}\n", error.message()), .headers = {}};
    }
    return router.handle(request);
}

Message translate(HttpResponse response, unsigned version, bool is_keep_alive) {
    Message message(static_cast<http::status>(response.status), version);
    if (!response.content_type.empty()) message.set(http::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) message.set(name, value);
    message.body() = std::move(response.body);
    message.keep_alive(is_keep_alive);
    message.prepare_payload();
    return message;
}

/// Status for a request that could not be read; 0: just close.
int refusal(const beast::error_code& error) {
    if (error == http::error::body_limit) return 413;
    if (error == http::error::header_limit) return 431;
    const bool is_parse_error = error.category() == http::make_error_code(http::error::bad_method).category();
    const bool is_end = error == http::error::end_of_stream || error == http::error::partial_message;
    return is_parse_error && !is_end ? 400 : 0;
}

std::string remote_of(beast::tcp_stream& stream) {
    beast::error_code ignored;
    const auto endpoint = stream.socket().remote_endpoint(ignored);
    return ignored ? std::string() : fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

using Context = asio::io_context;

Step thread(std::string name, Context& context) {
    return {std::move(name), [&context](std::stop_token) { context.run(); },
            [](const Error& error) {
                log::error("a thread of the HTTP server ended", {{"error", error.what()}});
            }};
}

}  // namespace

class HttpHost::Impl {
  public:
    Impl(Options options, HttpRouter router);
    ~Impl() { stop(); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void adopt(int fd);
    void stop();

  private:
    asio::awaitable<void> serve(asio::ip::tcp::socket socket);

    const Options options_;
    const HttpRouter router_;
    // Requests at work refer to their connection, so they go first.
    Context network_{1};
    Context workers_;
    asio::executor_work_guard<Context::executor_type> network_work_{network_.get_executor()};
    asio::executor_work_guard<Context::executor_type> workers_work_{workers_.get_executor()};
    std::vector<Step> threads_;
};

HttpHost::Impl::Impl(Options options, HttpRouter router) : options_(options), router_(std::move(router)) {
    threads_.push_back(thread("http-network", network_));
    for (int i = 0; i < options_.threads; ++i) threads_.push_back(thread("http-handler", workers_));
}

void HttpHost::Impl::stop() {
    network_.stop();
    workers_.stop();
    threads_.clear();
}

void HttpHost::Impl::adopt(int fd) {
    asio::ip::tcp::socket socket(network_);
    beast::error_code error;
    sockaddr_storage local{};
    socklen_t size = sizeof(local);
    const bool is_known = ::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) == 0;
    const auto protocol = local.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
    if (is_known) socket.assign(protocol, fd, error);
    if (!is_known || error) {
        ::close(fd);
        return;
    }
    asio::co_spawn(network_, serve(std::move(socket)), asio::detached);
}

asio::awaitable<void> HttpHost::Impl::serve(asio::ip::tcp::socket socket) {
    beast::tcp_stream stream(std::move(socket));
    const std::string remote = remote_of(stream);
    beast::flat_buffer buffer;
    beast::error_code error;
    bool is_open = true;
    while (is_open) {
        http::request_parser<http::string_body> parser;
        parser.header_limit(static_cast<std::uint32_t>(options_.max_header_bytes));
        parser.body_limit(options_.max_body_bytes);
        stream.expires_after(options_.idle_timeout);
        co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
        Message message;
        if (error) {
            const int status = refusal(error);
            if (status == 0) break;
            message = translate({.status = status, .body = error.message() + "\n", .headers = {}}, 11, false);
        } else {
            const auto& request = parser.get();
            stream.expires_never();
            auto work = [&]() -> asio::awaitable<HttpResponse> { co_return answer(request, remote, router_); };
            HttpResponse response = co_await asio::co_spawn(workers_, std::move(work), asio::use_awaitable);
            message = translate(std::move(response), request.version(), request.keep_alive());
            if (request.method() == http::verb::head) message.body().clear();
        }
        stream.expires_after(options_.idle_timeout);
        co_await http::async_write(stream, message, asio::redirect_error(asio::use_awaitable, error));
        is_open = !error && message.keep_alive();
    }
    stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
}

HttpHost::HttpHost(Options options, HttpRouter router) : impl_(std::make_unique<Impl>(options, std::move(router))) {}
HttpHost::~HttpHost() = default;

void HttpHost::adopt(int fd) { impl_->adopt(fd); }
void HttpHost::stop() { impl_->stop(); }

}  // namespace dm::rpc
