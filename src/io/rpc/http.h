#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// HTTP/1.1 as handlers see it. Plain values.
namespace dm::rpc {

struct HttpRequest {
    std::string method;  ///< "GET", ...
    std::string path;    ///< decoded, without the query
    /// Decoded, in order; a name may repeat.
    std::vector<std::pair<std::string, std::string>> query;
    std::map<std::string, std::string> headers;  ///< names in lower case; repeated ones joined by ", "
    std::string body;
    std::string remote;    ///< address of the peer
    std::string raw_path;  ///< as received, without the query

    /// First value of a query parameter; empty if absent.
    [[nodiscard]] std::string query_value(std::string_view name) const;
};

struct HttpResponse {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    std::map<std::string, std::string> headers;
};

/// Called on a pool thread, several at a time. May block. An Error becomes a 500 with its text.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

/// Chooses the handler by path: exact paths first, then the longest prefix; else 404. Filled before use, then constant
/// and thread-safe.
class HttpRouter {
  public:
    /// A path that ends in '/' stands for everything below it.
    void add(std::string path, HttpHandler handler);
    [[nodiscard]] HttpResponse handle(const HttpRequest& request) const;
    [[nodiscard]] bool is_empty() const { return handlers_.empty(); }

  private:
    std::map<std::string, HttpHandler, std::less<>> handlers_;
};

/// Splits and decodes a request target. Throws Error{OpenApi} for broken percent signs.
void parse_target(std::string_view target, HttpRequest& request);

}  // namespace dm::rpc
