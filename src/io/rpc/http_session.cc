#include "io/rpc/http_session.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>

#include "base/error.h"

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

HttpResponse answer(const http::request<http::string_body>& message, const std::string& remote, const HttpRouter& router) {
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

}  // namespace

asio::awaitable<void> serve_http(asio::ip::tcp::socket socket, const HttpRouter& router, HttpLimits limits,
                                 asio::io_context& workers) {
    beast::tcp_stream stream(std::move(socket));
    const std::string remote = remote_of(stream);
    beast::flat_buffer buffer;
    beast::error_code error;
    bool is_open = true;
    while (is_open) {
        http::request_parser<http::string_body> parser;
        parser.header_limit(static_cast<std::uint32_t>(limits.max_header_bytes));
        parser.body_limit(limits.max_body_bytes);
        stream.expires_after(limits.idle_timeout);
        co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
        Message message;
        if (error) {
            const int status = refusal(error);
            if (status == 0) break;
            message = translate({.status = status, .body = error.message() + "\n", .headers = {}}, 11, false);
        } else {
            const auto& request = parser.get();
            stream.expires_never();
            auto work = [&]() -> asio::awaitable<HttpResponse> { co_return answer(request, remote, router); };
            HttpResponse response = co_await asio::co_spawn(workers, std::move(work), asio::use_awaitable);
            message = translate(std::move(response), request.version(), request.keep_alive());
            if (request.method() == http::verb::head) message.body().clear();
        }
        stream.expires_after(limits.idle_timeout);
        co_await http::async_write(stream, message, asio::redirect_error(asio::use_awaitable, error));
        is_open = !error && message.keep_alive();
    }
    stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
}

}  // namespace dm::rpc
