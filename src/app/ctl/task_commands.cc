#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>

#include <dmmaster.pb.h>
#include <fmt/format.h>

#include "app/ctl/command_spec.h"
#include "app/ctl/command_support.h"
#include "app/ctl/commands.h"
#include "app/ctl/go_json.h"
#include "app/ctl/tls_files.h"
#include "base/error.h"
#include "base/guarded.h"
#include "base/step.h"
#include "core/config/document.h"
#include "core/config/task_config.h"

namespace dm::ctl {
namespace {

constexpr std::int64_t kMostAtOnce = 64;

/// The task of a file, with what is to be said of the file told; only the master can tell whether settings that cannot
/// be read here make sense. What is not even YAML throws.
std::optional<config::TaskConfig> read_task(Invocation& invocation, const std::string& path, const std::string& text) {
    config::Warnings warnings;
    try {
        config::TaskConfig task =
            config::parse_task_yaml(text, {.file_name = path, .key = nullptr, .warnings = &warnings});
        print_warnings(invocation, warnings);
        return task;
    } catch (const Error& error) {
        if (error.code() == ErrorCode::ConfigYaml) throw;
        return std::nullopt;
    }
}

/// The text to send: the file as it is, or with the certificates it names inside. A file that is no YAML throws.
std::string task_text(Invocation& invocation, const std::string& path, const std::string& text) {
    auto task = read_task(invocation, path, text);
    if (!task) return text;
    try {
        if (load_certificates(task->target_database.security, invocation.read_file))
            return config::to_yaml(*task, config::Redact::No);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::ConfigYaml) throw;
    }
    return text;
}

/// Tells what is to be said of a file that the master will read for itself.
void warn_of_task(Invocation& invocation, const std::string& path, const std::string& text) {
    try {
        (void)read_task(invocation, path, text);
    } catch (const Error&) {
        return;  // what is wrong with it the master says
    }
}

void add_operation(GoJson& json, const std::string& task, const pb::OperateTaskResponse& response) {
    json.open_object();
    json.add("task", task);
    json.add("op", pb::TaskOp_Name(response.op()));
    json.add("result", response.result());
    json.add("msg", response.msg());
    if (response.sources().empty()) {
        json.add_null("sources");
    } else {
        json.open_list("sources");
        for (const auto& source : response.sources()) {
            json.open_object();
            if (source.result()) json.add("result", true);
            if (!source.msg().empty()) json.add("msg", source.msg());
            if (!source.source().empty()) json.add("source", source.source());
            if (!source.worker().empty()) json.add("worker", source.worker());
            json.close();
        }
        json.close();
    }
    json.close();
}

/// The tasks of the source's first answer, sorted; the refusal in `message` if there is no good answer.
std::vector<std::string> tasks_of_source(Invocation& invocation, const std::string& source, std::string& message) {
    pb::QueryStatusListRequest request;
    request.add_sources(source);
    pb::QueryStatusListResponse response;
    const RpcOutcome outcome =
        invocation.master.call("QueryStatus", request, response, MasterClient::Limit::RpcTimeout);
    if (!outcome.is_ok) {
        message = outcome.text;
    } else if (!response.result()) {
        message = response.msg();
    } else if (response.sources().empty() || !response.sources(0).result()) {
        message = response.sources().empty() ? "no status of the source was returned" : response.sources(0).msg();
    }
    std::vector<std::string> tasks;
    if (message.empty()) {
        for (const auto& subtask : response.sources(0).subtaskstatus()) tasks.push_back(subtask.name());
    }
    std::ranges::sort(tasks);
    return tasks;
}

/// Runs `work(0)` ... `work(count - 1)`, `at_once` at a time; the first error ends what has not begun, and is thrown.
void run_batches(std::size_t count, std::size_t at_once, const std::function<void(std::size_t)>& work) {
    std::atomic<std::size_t> next{0};
    Guarded<std::optional<Error>> failure;
    const auto body = [&](const std::stop_token&) {
        for (std::size_t i = next++; i < count; i = next++) work(i);
    };
    const auto on_error = [&](const Error& error) {
        next = count;
        failure.with([&](auto& first) {
            if (!first) first = error;
        });
    };
    std::vector<Step> steps;
    for (std::size_t i = 0; i < std::min(count, at_once); ++i) steps.emplace_back("operate-task", body, on_error);
    for (auto& step : steps) step.join();
    if (const auto first = failure.copy()) throw Error(*first);
}

pb::OperateTaskResponse operate_one(Invocation& invocation, pb::TaskOp op, const std::string& task) {
    pb::OperateTaskRequest request;
    request.set_op(op);
    request.set_name(task);
    request.add_sources(invocation.sources.front());
    pb::OperateTaskResponse response;
    const RpcOutcome outcome = invocation.master.call("OperateTask", request, response);
    response.set_op(op);
    if (!outcome.is_ok) response.set_msg(outcome.text);
    return response;
}

int operate_source_tasks(Invocation& invocation, pb::TaskOp op) {
    if (invocation.sources.size() != 1) {
        return fail_with_usage(invocation, "can only specify one source when the task is not specified");
    }
    std::string message;
    auto tasks = tasks_of_source(invocation, invocation.sources.front(), message);
    const auto at_once = invocation.flags.number("batch-size", 5);
    if (at_once <= 0) tasks.clear();
    std::vector<pb::OperateTaskResponse> responses(tasks.size());
    run_batches(tasks.size(), static_cast<std::size_t>(std::clamp<std::int64_t>(at_once, 0, kMostAtOnce)),
                [&](std::size_t i) { responses[i] = operate_one(invocation, op, tasks[i]); });
    GoJson json;
    json.open_object();
    json.add("result", message.empty());
    json.add("msg", message);
    json.open_list("tasks");
    for (std::size_t i = 0; i < tasks.size(); ++i) add_operation(json, tasks[i], responses[i]);
    json.close();
    json.close();
    invocation.streams.out << json.text() << '\n';
    return kSuccess;
}

int operate_task(Invocation& invocation, pb::TaskOp op) {
    if (invocation.arguments.empty()) return operate_source_tasks(invocation, op);
    pb::OperateTaskRequest request;
    request.set_op(op);
    request.set_name(task_name_of(invocation, invocation.arguments.front()));
    for (const auto& source : invocation.sources) request.add_sources(source);
    pb::OperateTaskResponse response;
    return call_and_print(invocation, "OperateTask", request, response, MasterClient::Limit::None,
                          fmt::format("can not {} task {}", invocation.command.name, request.name()));
}

}  // namespace

int run_start_task(Invocation& invocation) {
    const std::string& path = invocation.arguments.front();
    const auto text = file_content(invocation, path);
    if (!text) return kFailure;
    if (config::contradicts_on_sharding(*text, {.file_name = path})) {
        invocation.streams.out << "`is-sharding` and `shard-mode` contradict each other: keep only `shard-mode`, "
                                  "`is-sharding` is deprecated\n";
        return fail(invocation, "please check output to see error");
    }
    pb::StartTaskRequest request;
    request.set_task(task_text(invocation, path, *text));
    for (const auto& source : invocation.sources) request.add_sources(source);
    request.set_removemeta(invocation.flags.is_on("remove-meta"));
    request.set_starttime(invocation.flags.text("start-time"));
    pb::StartTaskResponse response;
    return call_and_print(invocation, "StartTask", request, response);
}

int run_stop_task(Invocation& invocation) { return operate_task(invocation, pb::Delete); }
int run_pause_task(Invocation& invocation) { return operate_task(invocation, pb::Pause); }
int run_resume_task(Invocation& invocation) { return operate_task(invocation, pb::Resume); }

int run_check_task(Invocation& invocation) {
    const std::string& path = invocation.arguments.front();
    const auto text = file_content(invocation, path);
    if (!text) return kFailure;
    pb::CheckTaskRequest request;
    // What no message can carry is refused here; what is wrong with the YAML the master says.
    config::check_text(*text, {.file_name = path});
    warn_of_task(invocation, path, *text);
    request.set_task(*text);
    request.set_errcnt(invocation.flags.number("error", 10));
    request.set_warncnt(invocation.flags.number("warn", 10));
    request.set_starttime(invocation.flags.text("start-time"));
    pb::CheckTaskResponse response;
    return call_and_print(invocation, "CheckTask", request, response);
}

}  // namespace dm::ctl
