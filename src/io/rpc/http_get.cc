#include "io/rpc/http_get.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "base/error.h"
#include "base/log.h"
#include "io/rpc/address.h"

namespace dm::rpc {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr int kHttp11 = 11;

/// Takes its arguments by value: it may be ended while it waits.
asio::awaitable<void> get(Address address, std::string path, std::optional<int>& status) {
    try {
        asio::ip::tcp::resolver resolver(co_await asio::this_coro::executor);
        const auto endpoints =
            co_await resolver.async_resolve(address.host, std::to_string(address.port), asio::use_awaitable);
        beast::tcp_stream stream(co_await asio::this_coro::executor);
        co_await stream.async_connect(endpoints, asio::use_awaitable);
        http::request<http::empty_body> request(http::verb::get, path, kHttp11);
        request.set(http::field::host, address.text());
        request.set(http::field::connection, "close");
        co_await http::async_write(stream, request, asio::use_awaitable);
        beast::flat_buffer buffer;
        http::response<http::string_body> response;
        co_await http::async_read(stream, buffer, response, asio::use_awaitable);
        status = static_cast<int>(response.result_int());
    } catch (const std::exception& error) {
        log::debug("no answer", {{"address", address.text()}, {"path", path}, {"error", error.what()}});
    }
}

}  // namespace

std::optional<int> http_get(const std::string& address, const std::string& path, std::chrono::milliseconds timeout) {
    std::optional<int> status;
    asio::io_context context(1);
    asio::co_spawn(context, get(parse_address(address), path, status), asio::detached);
    context.run_for(timeout);
    return status;
}

}  // namespace dm::rpc
