#include <algorithm>
#include <chrono>
#include <thread>

#include <dmmaster.pb.h>

#include "app/ctl/command_support.h"
#include "app/ctl/commands.h"
#include "app/ctl/status_list.h"
#include "app/ctl/table_view.h"

namespace dm::ctl {
namespace {

constexpr auto kWatchPause = std::chrono::seconds(1);

bool is_all_good(const pb::QueryStatusListResponse& response) {
    return response.result() &&
           std::ranges::all_of(response.sources(), [](const auto& source) { return source.result(); });
}

/// Draws the table again and again until the call fails or the program is ended.
int watch(Invocation& invocation, const pb::QueryStatusListRequest& request) {
    while (true) {
        pb::QueryStatusListResponse response;
        const RpcOutcome outcome =
            invocation.master.call("QueryStatus", request, response, MasterClient::Limit::RpcTimeout);
        if (!outcome.is_ok) return fail(invocation, outcome.text);
        invocation.streams.out << "\x1b[H\x1b[2J" << status_table(response, uses_colour(invocation)) << std::flush;
        std::this_thread::sleep_for(kWatchPause);
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
        invocation.streams.out << "can not query " << request.name() << " task's status(in sources "
                               << "[" << (invocation.sources.empty() ? "" : invocation.sources.front()) << "])\n";
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
