#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http.hpp>

#include "base/error.h"
#include "io/rpc/address.h"
#include "io/rpc/http.h"
#include "io/rpc/protocol.h"

namespace dm::rpc {
namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

/// Once known, the protocol stays what it is however many bytes follow.
void recognise_in_pieces(std::string_view bytes) {
    std::optional<Protocol> known;
    for (std::size_t size = 0; size <= std::min<std::size_t>(bytes.size(), 8); ++size) {
        const auto now = recognise(bytes.substr(0, size));
        require(!known || now == known);
        known = now;
    }
}

/// What a target becomes, or an Error; a router answers it whatever it is.
void route(std::string_view target, const HttpRouter& router) {
    HttpRequest request;
    try {
        parse_target(target, request);
    } catch (const Error& error) {
        require(error.code() == ErrorCode::OpenApi);
        return;
    }
    require(request.path.size() <= request.raw_path.size() && request.raw_path.size() <= target.size());
    const int status = router.handle(request).status;
    require(status == 200 || status == 404);
}

void read_http(std::string_view bytes, const HttpRouter& router) {
    boost::beast::http::request_parser<boost::beast::http::string_body> parser;
    parser.header_limit(4096);
    parser.body_limit(4096);
    parser.eager(true);
    boost::beast::error_code error;
    parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    if (!error && parser.is_header_done()) route(std::string(parser.get().target()), router);
}

void read_address(std::string_view bytes) {
    try {
        const Address address = parse_address(std::string(bytes));
        require(address.host.size() <= bytes.size());
    } catch (const Error&) {
        return;
    }
}

}  // namespace
}  // namespace dm::rpc

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    dm::rpc::HttpRouter router;
    for (const char* path : {"/status", "/debug/", "/apis/v1alpha1/"})
        router.add(path, [](const dm::rpc::HttpRequest&) { return dm::rpc::HttpResponse(); });
    dm::rpc::recognise_in_pieces(bytes);
    dm::rpc::route(bytes, router);
    dm::rpc::read_http(bytes, router);
    dm::rpc::read_address(bytes);
    return 0;
}
