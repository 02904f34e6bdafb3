#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "io/rpc/http.h"

namespace dm::rpc {

/// An HTTP/1.1 server without a port of its own: it serves connections that are given to it. Too large requests are
/// answered with 413 or 431, broken ones with 400, and then the connection is closed. `adopt` may be called from any
/// thread, the rest from the owner.
class HttpHost {
  public:
    struct Options {
        std::size_t max_header_bytes = 64U << 10U;
        std::size_t max_body_bytes = 16U << 20U;
        std::chrono::milliseconds idle_timeout{60'000};
        int threads = 4;  ///< for handlers; one more reads and writes
    };

    HttpHost(Options options, HttpRouter router);
    /// Stops.
    ~HttpHost();
    HttpHost(const HttpHost&) = delete;
    HttpHost& operator=(const HttpHost&) = delete;

    /// Takes over a connected TCP socket, from its first byte.
    void adopt(int fd);
    /// Serves no more and waits for the handlers at work; connections are closed with the object.
    void stop();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::rpc
