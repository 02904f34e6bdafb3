#include <algorithm>
#include <chrono>

#include <dmmaster.pb.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/ctl/command_support.h"
#include "app/ctl/commands.h"
#include "app/ctl/screen.h"
#include "app/ctl/status_list.h"
#include "app/ctl/table_view.h"
#include "base/error.h"

namespace dm::ctl {
namespace {

bool is_all_good(const pb::QueryStatusListResponse& response) {
    return response.result() &&
           std::ranges::all_of(response.sources(), [](const auto& source) { return source.result(); });
}

std::string time_text() {
    return fmt::format("{:%H:%M:%S}",
                       fmt::localtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

/// Draws the table again and again until Enter is pressed or the program is ended. A master that goes away is waited
/// for, but it must have answered once.
int watch(Invocation& invocation, const pb::QueryStatusListRequest& request) {
    Screen screen(invocation.streams.out);
    std::string table;
    std::string good_at;
    while (true) {
        std::string failure;
        try {
            pb::QueryStatusListResponse response;
            const RpcOutcome outcome =
                invocation.master.call("QueryStatus", request, response, MasterClient::Limit::RpcTimeout);
            failure = outcome.text;
            if (outcome.is_ok) {
                good_at = time_text();
                table = status_table(response, uses_colour(invocation));
            }
        } catch (const Error& error) {
            failure = error.what();
        }
        if (table.empty()) return fail(invocation, failure);
        screen.draw(fmt::format("{}  query-status every second, Enter leaves\n\n{}{}", good_at, table,
                                failure.empty() ? "" : fmt::format("\nno answer since then: {}\n", failure)));
        if (Screen::wait_for_enter()) return kSuccess;
    }
}

}  // namespace

int run_query_status(Invocation& invocation) {
    pb::QueryStatusListRequest request;
    if (!invocation.arguments.empty()) request.set_name(task_name_of(invocation, invocation.arguments.front()));
    for (const auto& source : invocation.sources) request.add_sources(source);
    if (invocation.flags.is_on("watch") && invocation.streams.is_terminal) return watch(invocation, request);

    pb::QueryStatusListResponse response;
    const RpcOutcome outcome =
        invocation.master.call("QueryStatus", request, response, MasterClient::Limit::RpcTimeout);
    if (!outcome.is_ok) {
        invocation.streams.out << fmt::format("can not query {} task's status(in sources [{}])\n", request.name(),
                                              fmt::join(invocation.sources, " "));
        return fail(invocation, outcome.text);
    }
    const bool is_short = request.name().empty() && invocation.sources.empty() && !invocation.flags.is_on("more");
    if (invocation.flags.text("output") == "table") {
        invocation.streams.out << status_table(response, uses_colour(invocation));
    } else if (is_short && is_all_good(response)) {
        invocation.streams.out << status_list_json(response) << '\n';
    } else {
        print_json(invocation, response);
    }
    return kSuccess;
}

}  // namespace dm::ctl
