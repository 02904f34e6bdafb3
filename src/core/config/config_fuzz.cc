#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "core/config/master_config.h"
#include "core/config/missing_features.h"
#include "core/config/secret.h"
#include "core/config/subtask_config.h"
#include "core/config/worker_config.h"

namespace dm::config {
namespace {

template <typename F>
void tolerate(const F& attempt) {
    try {
        attempt();
    } catch (const Error&) {
        return;
    }
}

/// A failed comparison is a bug like any other exception: it must stop the fuzzer.
void require(bool condition) {
    if (!condition) std::abort();
}

/// Any bytes are a configuration that prints and reads back, or an Error.
void read_configuration(std::string_view bytes) {
    tolerate([&] {
        const TaskConfig task = parse_task_yaml(bytes);
        require(parse_task_yaml(to_yaml(task, Redact::No)) == task);
        std::vector<SourceConfig> sources;
        for (const auto& instance : task.instances) {
            sources.emplace_back();
            sources.back().source_id = instance.source_id;
        }
        for (const auto& subtask : make_subtasks(task, sources)) require(subtask_from_toml(to_toml(subtask)) == subtask);
        refuse_missing_features(task);
    });
    tolerate([&] {
        const SourceConfig source = parse_source_yaml(bytes);
        require(parse_source_yaml(to_yaml(source, Redact::No)) == source);
        require(source_from_toml(to_toml(source)) == source);
    });
    tolerate([&] { (void)source_from_toml(bytes); });
    tolerate([&] { (void)subtask_from_toml(bytes); });
    const FileReader reader = [&](const std::string&) { return std::string(bytes); };
    tolerate([&] { (void)to_toml(parse_master_arguments({"-config", "f"}, reader, "host").config); });
    tolerate([&] { (void)to_toml(parse_worker_arguments({"-config", "f"}, reader).config); });
    tolerate([&] { (void)SecretKey::from_hex(std::string(64, '0')).decrypt(bytes); });
}

}  // namespace
}  // namespace dm::config

#ifdef DM_LIBFUZZER
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    dm::config::read_configuration({reinterpret_cast<const char*>(data), size});
    return 0;
}
#else
#include <gtest/gtest.h>

#include "core/rules/fuzz_replay.h"

namespace dm::config {
TEST(ConfigFuzz, ReplaysCorpus) { EXPECT_NO_THROW(rules::replay_corpus(DM_SOURCE_DIR, "config", read_configuration, 60)); }
}  // namespace dm::config
#endif
