#include "io/rpc/http.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"

namespace dm::rpc {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string percent_decode(std::string_view text, bool is_query) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && is_query) {
            out += ' ';
        } else if (text[i] == '%') {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            ensure(high >= 0 && low >= 0, ErrorCode::OpenApi, fmt::format("broken percent sign in '{}'", text));
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace

std::string HttpRequest::query_value(std::string_view name) const {
    for (const auto& [key, value] : query)
        if (key == name) return value;
    return {};
}

void parse_target(std::string_view target, HttpRequest& request) {
    target = target.substr(0, target.find('#'));
    const auto mark = target.find('?');
    request.raw_path = target.substr(0, mark);
    request.path = percent_decode(request.raw_path, false);
    std::string_view rest = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
    while (!rest.empty()) {
        const auto end = rest.find('&');
        const std::string_view one = rest.substr(0, end);
        const auto equals = one.find('=');
        if (!one.empty())
            request.query.emplace_back(
                percent_decode(one.substr(0, equals), true),
                equals == std::string_view::npos ? std::string{} : percent_decode(one.substr(equals + 1), true));
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
}

void HttpRouter::add(std::string path, HttpHandler handler) { handlers_[std::move(path)] = std::move(handler); }

HttpResponse HttpRouter::handle(const HttpRequest& request) const {
    const HttpHandler* chosen = nullptr;
    if (const auto exact = handlers_.find(request.path); exact != handlers_.end()) {
        chosen = &exact->second;
    } else {
        for (const auto& [path, handler] : handlers_)  // in order, so the longest prefix comes last
            if (path.ends_with('/') && request.path.starts_with(path)) chosen = &handler;
    }
    if (chosen == nullptr) return {.status = 404, .body = "404 page not found\n", .headers = {}};
    try {
        return (*chosen)(request);
    } catch (...) {
        const Error error = current_error();
        log::warn("an HTTP request failed", {{"path", request.path}, {"error", error.what()}});
        return {.status = 500, .body = fmt::format("{}\n", error.what()), .headers = {}};
    }
}

}  // namespace dm::rpc
