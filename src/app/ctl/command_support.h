#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/ctl/invocation.h"
#include "app/ctl/master_client.h"
#include "base/error.h"

namespace google::protobuf {
class Message;
}

namespace dm::ctl {

/// Remembers what went wrong and returns kFailure.
int fail(Invocation& invocation, std::string reason);
/// As `fail`, with the usage on stdout: a parameter was wrong.
int fail_with_usage(Invocation& invocation, std::string_view line);

/// Prints a response as the original does.
void print_json(Invocation& invocation, const google::protobuf::Message& response);

/// Calls the master and prints its response; a gRPC error is the command's failure, after `context` as a line of its
/// own.
int call_and_print(Invocation& invocation, std::string_view method, const google::protobuf::Message& request,
                   google::protobuf::Message& response, MasterClient::Limit limit = MasterClient::Limit::None,
                   std::string_view context = {});

/// The content of a file the user named; nothing, with the failure set, if it cannot be read.
[[nodiscard]] std::optional<std::string> file_content(Invocation& invocation, const std::string& path);
/// What is said of a file that cannot be read: which one, and why.
[[nodiscard]] std::string unreadable_text(const Error& error);

/// Tells what works but should be changed, on the error stream: the answer alone is on the output.
void print_warnings(Invocation& invocation, const std::vector<std::string>& warnings);

/// A task's name as the user gave it: a readable task file stands for the task inside, anything else is the name.
[[nodiscard]] std::string task_name_of(const Invocation& invocation, const std::string& argument);

}  // namespace dm::ctl
