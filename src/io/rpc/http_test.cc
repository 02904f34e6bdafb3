#include "io/rpc/http.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::rpc {
namespace {

HttpHandler says(const std::string& text) {
    return [text](const HttpRequest&) { return HttpResponse{.body = text}; };
}

TEST(HttpTest, TargetsAreSplitAndDecoded) {
    HttpRequest request;
    parse_target("/apis/v1alpha1/status/a%2Fb?x=1&x=%26+2&flag&&y=#part", request);
    EXPECT_EQ(request.path, "/apis/v1alpha1/status/a/b");
    EXPECT_EQ(request.raw_path, "/apis/v1alpha1/status/a%2Fb");
    using Query = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(request.query, (Query{{"x", "1"}, {"x", "& 2"}, {"flag", ""}, {"y", ""}}));
    EXPECT_EQ(request.query_value("x"), "1");
    EXPECT_EQ(request.query_value("none"), "");
}

TEST(HttpTest, BrokenPercentSignsAreRefused) {
    for (const char* target : {"/%", "/%4", "/%4x", "/?a=%zz"}) {
        HttpRequest request;
        EXPECT_THROW(parse_target(target, request), Error) << target;
    }
}

TEST(HttpTest, ExactPathsComeBeforeTheLongestPrefix) {
    HttpRouter router;
    router.add("/", says("root"));
    router.add("/api/", says("api"));
    router.add("/api/v1/", says("v1"));
    router.add("/api/v1/x", says("x"));
    router.add("/status", says("status"));
    const auto ask = [&](const std::string& path) {
        HttpRequest request;
        request.path = path;
        return router.handle(request).body;
    };
    EXPECT_EQ(ask("/status"), "status");
    EXPECT_EQ(ask("/status/"), "root");
    EXPECT_EQ(ask("/api/v1/x"), "x");
    EXPECT_EQ(ask("/api/v1/y"), "v1");
    EXPECT_EQ(ask("/api/v2"), "api");
    EXPECT_EQ(ask("/"), "root");
}

TEST(HttpTest, UnknownPathsAndFailuresAreAnswered) {
    HttpRouter router;
    router.add("/bad", [](const HttpRequest&) -> HttpResponse { throw Error(ErrorCode::NotSet, "broken"); });
    HttpRequest request;
    request.path = "/none";
    EXPECT_EQ(router.handle(request).status, 404);
    request.path = "/bad";
    EXPECT_EQ(router.handle(request).status, 500);
    EXPECT_NE(router.handle(request).body.find("broken"), std::string::npos);
}

}  // namespace
}  // namespace dm::rpc
