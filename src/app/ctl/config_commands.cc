#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <dmmaster.pb.h>
#include <fmt/format.h>

#include "app/ctl/command_support.h"
#include "app/ctl/commands.h"
#include "base/error.h"

namespace dm::ctl {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse_to_write(const std::string& what, const fs::path& path, const std::string& cause) {
    throw Error(ErrorCode::ConfigFileUnreadable, fmt::format("cannot write {} {}", what, path.string()))
        .with_cause(cause);
}

/// Makes `path` empty and, if it is a file, readable by its owner only; what else has this name (a terminal, a pipe)
/// keeps its mode. Throws Error, for a folder too.
void prepare_private(const fs::path& path) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0) refuse_to_write("file", path, std::strerror(errno));
    struct stat found {};
    if (::fstat(file, &found) == 0 && S_ISREG(found.st_mode)) (void)::fchmod(file, S_IRUSR | S_IWUSR);
    ::close(file);
}

/// Writes a file only its owner may read. Throws Error.
void write_private(const fs::path& path, const std::string& text) {
    prepare_private(path);
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file.good()) refuse_to_write("file", path, std::strerror(errno));
}

/// Makes the folder, for its owner only, if it is not there; one that is there keeps its mode. Throws Error.
void make_private_folder(const fs::path& folder) {
    std::error_code error;
    if (fs::create_directories(folder, error)) fs::permissions(folder, fs::perms::owner_all, error);
    if (error) refuse_to_write("into folder", folder, error.message());
}

int get_config(Invocation& invocation, pb::CfgType type, const std::string& name, const std::string& path) {
    pb::GetCfgRequest request;
    request.set_type(type);
    request.set_name(name);
    pb::GetCfgResponse response;
    const RpcOutcome outcome = invocation.master.call("GetCfg", request, response, MasterClient::Limit::RpcTimeout);
    if (!outcome.is_ok) {
        invocation.streams.out << fmt::format("can not get {} config of {}\n", pb::CfgType_Name(type), name);
        return fail(invocation, outcome.text);
    }
    if (response.result() && !path.empty()) {
        write_private(path, response.cfg());
        response.clear_cfg();
        response.set_msg(fmt::format("write config to file {} succeed", path));
    }
    print_json(invocation, response);
    return kSuccess;
}

int show(Invocation& invocation, pb::CfgType type) {
    return get_config(invocation, type, invocation.arguments.front(), invocation.flags.text("path"));
}

fs::path config_folder(const Invocation& invocation) {
    return invocation.flags.text("path", invocation.flags.text("dir", "configs"));
}

/// A file name that stays in its folder whatever the task or source is called: a slash, a leading dot and the sign that
/// marks them are written as `%2F`, `%2E`, `%25`. `config import` reads names from the content.
std::string file_name(const std::string& name) {
    std::string out;
    for (const char c : name) {
        const bool is_plain = c != '/' && c != '%' && (c != '.' || !out.empty());
        out += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out + ".yaml";
}

/// Writes each text of the map as `<folder>/<name>.yaml`.
template <typename Texts>
void export_texts(const fs::path& folder, const Texts& texts) {
    make_private_folder(folder);
    for (const auto& [name, text] : texts) write_private(folder / file_name(name), text);
}

std::vector<fs::path> sorted_files(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(folder, missing)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

/// A failure that is no obstacle: what is imported is there already.
bool is_done(bool result, const std::string& message) {
    return result || message.find("already exist") != std::string::npos;
}

/// Sends every file of the folder; stops at the first that fails.
template <typename Request, typename Response, typename Fill>
int import_files(Invocation& invocation, const fs::path& folder, std::string_view method, const Fill& fill) {
    for (const auto& path : sorted_files(folder)) {
        const auto text = file_content(invocation, path.string());
        if (!text) return kFailure;
        Request request;
        fill(request, *text);
        Response response;
        const RpcOutcome outcome = invocation.master.call(method, request, response);
        if (!outcome.is_ok) return fail(invocation, outcome.text);
        if (!is_done(response.result(), response.msg())) {
            print_json(invocation, response);
            return fail(invocation, fmt::format("cannot import {}", path.string()));
        }
    }
    return kSuccess;
}

}  // namespace

int run_config_task(Invocation& invocation) { return show(invocation, pb::TaskType); }
int run_config_source(Invocation& invocation) { return show(invocation, pb::SourceType); }
int run_config_master(Invocation& invocation) { return show(invocation, pb::MasterType); }
int run_config_worker(Invocation& invocation) { return show(invocation, pb::WorkerType); }
int run_config_template(Invocation& invocation) { return show(invocation, pb::TaskTemplateType); }

int run_get_config(Invocation& invocation) {
    const std::string& type = invocation.arguments[0];
    const std::string& name = invocation.arguments[1];
    const std::string path = invocation.flags.text("file");
    if (type == "task") return get_config(invocation, pb::TaskType, name, path);
    if (type == "source") return get_config(invocation, pb::SourceType, name, path);
    if (type == "master") return get_config(invocation, pb::MasterType, name, path);
    if (type == "worker") return get_config(invocation, pb::WorkerType, name, path);
    return fail_with_usage(invocation, fmt::format("invalid config type '{}'", type));
}

int run_get_task_config(Invocation& invocation) {
    return get_config(invocation, pb::TaskType, task_name_of(invocation, invocation.arguments.front()),
                      invocation.flags.text("file"));
}

int run_config_export(Invocation& invocation) {
    const google::protobuf::Empty request;
    pb::ListTaskConfigsResponse tasks;
    pb::ListSourceConfigsResponse sources;
    for (const auto& outcome : {invocation.master.call("ListTaskConfigs", request, tasks),
                                invocation.master.call("ListSourceConfigs", request, sources)}) {
        if (!outcome.is_ok) return fail(invocation, outcome.text);
    }
    if (!tasks.result()) return fail(invocation, tasks.msg());
    if (!sources.result()) return fail(invocation, sources.msg());
    const fs::path folder = config_folder(invocation);
    export_texts(folder / "tasks", tasks.taskconfigs());
    export_texts(folder / "sources", sources.sourceconfigs());
    invocation.streams.out << fmt::format("export configs to directory `{}` succeed\n", folder.string());
    return kSuccess;
}

int run_config_import(Invocation& invocation) {
    const fs::path folder = config_folder(invocation);
    if (!fs::is_directory(folder))
        return fail(invocation, fmt::format("directory `{}` does not exist", folder.string()));
    if (!fs::is_directory(folder / "sources") && !fs::is_directory(folder / "tasks"))
        return fail(invocation,
                    fmt::format("directory `{}` is no export: it has neither `sources` nor `tasks`", folder.string()));
    invocation.streams.out << "start creating sources\n";
    const int sources = import_files<pb::OperateSourceRequest, pb::OperateSourceResponse>(
        invocation, folder / "sources", "OperateSource", [](auto& request, const std::string& text) {
            request.set_op(pb::StartSource);
            request.add_config(text);
        });
    if (sources != kSuccess) return sources;
    invocation.streams.out << "start creating tasks\n";
    const int tasks = import_files<pb::StartTaskRequest, pb::StartTaskResponse>(
        invocation, folder / "tasks", "StartTask",
        [](auto& request, const std::string& text) { request.set_task(text); });
    if (tasks != kSuccess) return tasks;
    invocation.streams.out << fmt::format("import configs from directory `{}` succeed\n", folder.string());
    return kSuccess;
}

int run_encrypt(Invocation& invocation) {
    pb::EncryptRequest request;
    request.set_plaintext(invocation.arguments.front());
    pb::EncryptResponse response;
    const RpcOutcome outcome = invocation.master.call("Encrypt", request, response);
    if (!outcome.is_ok) return fail(invocation, outcome.text);
    if (!response.result()) return fail(invocation, response.msg());
    invocation.streams.out << response.ciphertext() << '\n';
    return kSuccess;
}

}  // namespace dm::ctl
