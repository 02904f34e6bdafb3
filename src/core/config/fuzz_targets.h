#pragma once

#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "core/config/master_config.h"
#include "core/config/missing_features.h"
#include "core/config/secret.h"
#include "core/config/subtask_config.h"
#include "core/config/worker_config.h"

namespace dm::config {

/// For the fuzzers and the test that damages texts: any bytes are a configuration that prints and reads back as an
/// equal one, or an Error. Whatever else happens ends the process.

template <typename F>
void tolerate(const F& attempt) {
    try {
        attempt();
    } catch (const Error&) {
        return;
    }
}

inline void require(bool condition) {
    if (!condition) std::abort();
}

inline void fuzz_task(std::string_view bytes) {
    tolerate([&] {
        const TaskConfig task = parse_task_yaml(bytes);
        require(parse_task_yaml(to_yaml(task, Redact::No)) == task);
        std::vector<SourceConfig> sources;
        for (const auto& instance : task.instances) {
            sources.emplace_back();
            sources.back().source_id = instance.source_id;
        }
        const auto subtasks = make_subtasks(task, sources);
        for (const auto& subtask : subtasks) require(subtask_from_toml(to_toml(subtask)) == subtask);
        (void)parse_task_yaml(to_yaml(task_from_subtasks(subtasks), Redact::Yes));
        refuse_missing_features(task);
    });
    tolerate([&] { (void)subtask_from_toml(bytes); });
}

inline void fuzz_source(std::string_view bytes) {
    tolerate([&] {
        const SourceConfig source = parse_source_yaml(bytes);
        require(parse_source_yaml(to_yaml(source, Redact::No)) == source);
        require(source_from_toml(to_toml(source)) == source);
    });
    tolerate([&] { (void)source_from_toml(bytes); });
}

inline void fuzz_daemon(std::string_view bytes) {
    const FileReader reader = [&](const std::string&) { return std::string(bytes); };
    tolerate([&] { (void)to_toml(parse_master_arguments({"-config", "f"}, reader, "host").config); });
    tolerate([&] { (void)to_toml(parse_worker_arguments({"-config", "f"}, reader).config); });
    tolerate([&] { (void)SecretKey::from_hex(std::string(64, '0')).decrypt(bytes); });
}

}  // namespace dm::config
