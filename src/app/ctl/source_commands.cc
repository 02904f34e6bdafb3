#include <dmmaster.pb.h>
#include <fmt/format.h>

#include "app/ctl/command_support.h"
#include "app/ctl/commands.h"
#include "app/ctl/tls_files.h"
#include "base/error.h"
#include "core/config/source_config.h"

namespace dm::ctl {
namespace {

constexpr std::string_view kSampleSource = R"(# The upstream's name in this cluster; at most 32 bytes.
source-id: "mysql-replica-01"
# Follow GTIDs instead of file positions. MySQL needs gtid_mode=ON for it.
enable-gtid: false
# How to reach it. The password may be the output of `dmctl encrypt`.
from:
  host: "127.0.0.1"
  port: 3306
  user: "dm"
  password: ""
# flavor: "mysql"       # or "mariadb"; asked from the server if absent
# server-id: 101        # of DM as a replica; chosen if absent
# case-sensitive: false
# checker:
#   check-enable: true
#   backoff-rollback: 5m0s
#   backoff-max: 5m0s
)";

std::optional<pb::SourceOp> source_op(const std::string& word) {
    if (word == "create") return pb::StartSource;
    if (word == "update") return pb::UpdateSource;
    if (word == "stop") return pb::StopSource;
    if (word == "show") return pb::ShowSource;
    return std::nullopt;
}

/// Adds one file to the request, with the certificates it names inside. False with the failure set if it is no source
/// file.
bool add_source_file(Invocation& invocation, const std::string& path, const std::string& text,
                     pb::OperateSourceRequest& request) {
    config::Warnings warnings;
    config::SourceConfig source =
        config::parse_source_yaml(text, {.file_name = path, .key = nullptr, .warnings = &warnings});
    // An exported file has every key, with its default.
    if (source.relay_dir != config::SourceConfig().relay_dir) {
        warnings.push_back(
            "`relay-dir` in source config will be deprecated soon, please use `relay-dir` in worker config instead");
    }
    if (request.op() == pb::StartSource) print_warnings(invocation, warnings);
    if (load_certificates(source.from.security, invocation.read_file)) {
        request.add_config(config::to_yaml(source, config::Redact::No));
    } else {
        request.add_config(text);
    }
    return true;
}

}  // namespace

int run_operate_source(Invocation& invocation) {
    if (invocation.flags.is_on("print-sample-config")) {
        invocation.streams.out << kSampleSource;
        return kSuccess;
    }
    const auto& words = invocation.arguments;
    if (words.empty()) return fail_with_usage(invocation, "");
    const auto op = source_op(words.front());
    if (!op) return fail_with_usage(invocation, fmt::format("invalid operate '{}' on worker", words.front()));
    const bool has_files = words.size() > 1;
    if (!has_files && *op != pb::ShowSource && (*op != pb::StopSource || invocation.sources.empty())) {
        return fail_with_usage(invocation, "operate-source create/update/stop should specify config-file(s)");
    }
    if (*op == pb::StartSource && words.size() > 2 && invocation.flags.is_set("worker")) {
        print_warnings(invocation, {"operate-source create can't create multiple sources when specify worker"});
    }

    pb::OperateSourceRequest request;
    request.set_op(*op);
    request.set_workername(invocation.flags.text("worker"));
    for (std::size_t i = 1; i < words.size(); ++i) {
        std::string text;
        try {
            text = invocation.read_file(words[i]);
        } catch (const Error& error) {
            if (*op != pb::StopSource) return fail(invocation, unreadable_text(error));
            request.add_sourceid(words[i]);
            continue;
        }
        if (!add_source_file(invocation, words[i], text, request)) return kFailure;
    }
    for (const auto& source : invocation.sources) request.add_sourceid(source);
    pb::OperateSourceResponse response;
    return call_and_print(invocation, "OperateSource", request, response);
}

int run_transfer_source(Invocation& invocation) {
    pb::TransferSourceRequest request;
    request.set_source(invocation.arguments[0]);
    request.set_worker(invocation.arguments[1]);
    pb::TransferSourceResponse response;
    return call_and_print(invocation, "TransferSource", request, response);
}

}  // namespace dm::ctl
