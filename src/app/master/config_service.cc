#include "app/master/config_service.h"

#include <algorithm>

#include <dmmaster.pb.h>
#include <fmt/format.h>

namespace dm::master {
namespace {

std::vector<config::SubTaskConfig> subtasks_of(const ClusterTable::SubTasks& subtasks) {
    std::vector<config::SubTaskConfig> configs;
    for (const auto& [id, row] : subtasks) configs.push_back(*row.config);
    return configs;
}

/// Nothing if there is no such task.
std::optional<std::string> task_text(Scheduler& scheduler, const std::string& name) {
    const auto subtasks = scheduler.read([&](const ClusterTable& table) {
        const auto* found = table.task(model::TaskName(name));
        return found == nullptr ? std::vector<config::SubTaskConfig>{} : subtasks_of(*found);
    });
    if (subtasks.empty()) return std::nullopt;
    return config::to_yaml(config::task_from_subtasks(subtasks), config::Redact::Yes);
}

std::optional<std::string> source_text(Scheduler& scheduler, const std::string& name) {
    const auto source = scheduler.read([&](const ClusterTable& table) {
        const SourceRow* row = table.source(model::SourceId(name));
        return row == nullptr ? nullptr : row->config;
    });
    return source ? std::optional(config::to_yaml(*source, config::Redact::Yes)) : std::nullopt;
}

std::optional<std::string> master_text(const MasterContext& context, const std::string& name) {
    if (name == context.config.name) return config::to_toml(context.config);
    const auto members = context.members.list();
    const auto found = std::ranges::find(members, name, &meta::Member::name);
    if (found == members.end() || found->client_urls.empty()) return std::nullopt;
    pb::GetMasterCfgResponse response;
    context.peers.call(found->client_urls.front(), "/pb.Master/GetMasterCfg", pb::GetMasterCfgRequest(), response);
    return response.cfg();
}

std::optional<std::string> worker_text(const MasterContext& context, Scheduler& scheduler, const std::string& name) {
    const auto address = scheduler.read([&](const ClusterTable& table) {
        const WorkerRow* row = table.worker(model::WorkerName(name));
        return row == nullptr ? std::string() : row->info.addr;
    });
    if (address.empty()) return std::nullopt;
    pb::GetWorkerCfgResponse response;
    context.peers.call(address, "/pb.Worker/GetWorkerCfg", pb::GetWorkerCfgRequest(), response);
    return response.cfg();
}

void protect(const MasterContext& context, std::string& password) {
    if (context.key && !password.empty()) password = context.key->encrypt(password);
}

}  // namespace

pb::GetCfgResponse get_config(const MasterContext& context, Scheduler& scheduler, const pb::GetCfgRequest& request) {
    std::optional<std::string> text;
    std::string_view missing;
    switch (request.type()) {
        case pb::TaskType:
            text = task_text(scheduler, request.name());
            missing = "task not found";
            break;
        case pb::SourceType:
            text = source_text(scheduler, request.name());
            missing = "source not found";
            break;
        case pb::MasterType:
            text = master_text(context, request.name());
            missing = "master not found";
            break;
        case pb::WorkerType:
            text = worker_text(context, scheduler, request.name());
            missing = "worker not found";
            break;
        case pb::TaskTemplateType:
            // Only the REST API makes templates.
            ensure(!scheduler.store().load_task_templates().contains(model::TaskName(request.name())),
                   ErrorCode::ConfigFeatureMissing, "task templates of the REST API are not available in this version");
            missing = "task not found";
            break;
        default:
            throw Error(ErrorCode::MasterInvalidOp,
                        fmt::format("invalid config type {}", static_cast<int>(request.type())));
    }
    pb::GetCfgResponse response;
    response.set_result(text.has_value());
    if (text) {
        response.set_cfg(*text);
    } else {
        response.set_msg(std::string(missing));
    }
    return response;
}

pb::GetSubTaskCfgResponse get_subtask_configs(Scheduler& scheduler, const pb::GetSubTaskCfgRequest& request) {
    pb::GetSubTaskCfgResponse response;
    scheduler.read([&](const ClusterTable& table) {
        const auto* subtasks = table.task(model::TaskName(request.name()));
        if (subtasks == nullptr) {
            response.set_msg("task not found");
            return;
        }
        response.set_result(true);
        for (const auto& [id, row] : *subtasks) response.add_cfgs(config::to_toml(*row.config, config::Redact::Yes));
    });
    return response;
}

pb::ListTaskConfigsResponse list_task_configs(const MasterContext& context, Scheduler& scheduler) {
    std::map<std::string, std::vector<config::SubTaskConfig>> tasks;
    scheduler.read([&](const ClusterTable& table) {
        for (const auto& [name, subtasks] : table.tasks()) tasks[name.str()] = subtasks_of(subtasks);
    });
    pb::ListTaskConfigsResponse response;
    for (const auto& [name, subtasks] : tasks) {
        config::TaskConfig task = config::task_from_subtasks(subtasks);
        protect(context, task.target_database.password);
        (*response.mutable_taskconfigs())[name] = config::to_yaml(task, config::Redact::No);
    }
    response.set_result(true);
    return response;
}

pb::ListSourceConfigsResponse list_source_configs(const MasterContext& context, Scheduler& scheduler) {
    std::vector<config::SourceConfig> sources;
    scheduler.read([&](const ClusterTable& table) {
        for (const auto& [id, row] : table.sources()) sources.push_back(*row.config);
    });
    pb::ListSourceConfigsResponse response;
    for (auto& source : sources) {
        protect(context, source.from.password);
        (*response.mutable_sourceconfigs())[source.source_id.str()] = config::to_yaml(source, config::Redact::No);
    }
    response.set_result(true);
    return response;
}

pb::EncryptResponse encrypt(const MasterContext& context, const pb::EncryptRequest& request) {
    ensure(
        context.key.has_value(), ErrorCode::ConfigSecretKey,
        "the dm-master has no secret key: put 64 hexadecimal digits into a file, name it as `secret-key-path` in the "
        "dm-master's configuration and restart it");
    pb::EncryptResponse response;
    response.set_ciphertext(context.key->encrypt(request.plaintext()));
    response.set_result(true);
    return response;
}

}  // namespace dm::master
