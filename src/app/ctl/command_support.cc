#include "app/ctl/command_support.h"

#include <google/protobuf/message.h>

#include "app/ctl/help_text.h"
#include "base/error.h"
#include "core/api/json_printer.h"
#include "core/config/task_config.h"

namespace dm::ctl {

int fail(Invocation& invocation, std::string reason) {
    invocation.failure = std::move(reason);
    return kFailure;
}

int fail_with_usage(Invocation& invocation, std::string_view line) {
    if (!line.empty()) invocation.streams.out << line << '\n';
    invocation.streams.out << usage_text(invocation.command, invocation.path);
    return fail(invocation, "please check output to see error");
}

void print_json(Invocation& invocation, const google::protobuf::Message& response) {
    invocation.streams.out << api::to_json(response) << '\n';
}

int call_and_print(Invocation& invocation, std::string_view method, const google::protobuf::Message& request,
                   google::protobuf::Message& response, MasterClient::Limit limit, std::string_view context) {
    const RpcOutcome outcome = invocation.master.call(method, request, response, limit);
    if (!outcome.is_ok) {
        if (!context.empty()) invocation.streams.out << context << '\n';
        return fail(invocation, outcome.text);
    }
    print_json(invocation, response);
    return kSuccess;
}

std::optional<std::string> file_content(Invocation& invocation, const std::string& path) {
    try {
        return invocation.read_file(path);
    } catch (const Error& error) {
        fail(invocation, unreadable_text(error));
        return std::nullopt;
    }
}

std::string unreadable_text(const Error& error) {
    std::string text = "error in get file content: " + error.message();
    if (!error.raw_cause().empty()) text += ": " + error.raw_cause();
    return text;
}

void print_warnings(Invocation& invocation, const std::vector<std::string>& warnings) {
    for (const auto& warning : warnings) invocation.streams.err << "[warn] " << warning << '\n';
}

std::string task_name_of(const Invocation& invocation, const std::string& argument) {
    if (!argument.ends_with(".yaml") && !argument.ends_with(".yml")) return argument;
    try {
        return config::parse_task_yaml(invocation.read_file(argument), {.file_name = argument}).name.str();
    } catch (const Error&) {
        return argument;  // as documented: what is no task file is the task's name
    }
}

}  // namespace dm::ctl
