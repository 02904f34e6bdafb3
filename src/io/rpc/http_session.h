#pragma once

#include <cstddef>
#include <chrono>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "io/rpc/http.h"

namespace dm::rpc {

struct HttpLimits {
    std::size_t max_header_bytes = 64U << 10U;
    std::size_t max_body_bytes = 16U << 20U;
    std::chrono::milliseconds idle_timeout{60'000};
};

/// Serves HTTP/1.1 on one connection until it ends: reads on the socket's own threads, calls `router` on those of `workers`.
/// Too large requests are answered with 413 or 431, broken ones with 400, and then the connection is closed.
boost::asio::awaitable<void> serve_http(boost::asio::ip::tcp::socket socket, const HttpRouter& router, HttpLimits limits,
                                        boost::asio::io_context& workers);

}  // namespace dm::rpc
