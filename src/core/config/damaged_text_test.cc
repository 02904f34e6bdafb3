#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>

#include <gtest/gtest.h>

#include "core/config/fuzz_targets.h"

namespace dm::config {
namespace {

/// Hands each input of a fuzzer, and damaged copies of it, to `run`: always the same ones.
void damage(const std::string& fuzzer, const std::function<void(std::string_view)>& run) {
    std::mt19937 random(20240);
    const std::string folder = std::string(DM_SOURCE_DIR) + "/tests/fixtures/fuzz/" + fuzzer;
    int inputs = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string whole{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
        ASSERT_FALSE(whole.empty()) << entry.path();
        ++inputs;
        for (int copy = 0; copy < 60; ++copy) {
            std::string text = whole;
            for (unsigned edits = 1 + random() % 4; edits > 0 && !text.empty(); --edits) {
                const std::size_t at = random() % text.size();
                switch (random() % 4) {
                    case 0:
                        text[at] = static_cast<char>(random() % 256);
                        break;
                    case 1:
                        text.resize(at);
                        break;
                    case 2:
                        text.erase(at, 1 + random() % 8);
                        break;
                    default:
                        text.insert(at, whole.substr(random() % whole.size(), 1 + random() % 32));
                        break;
                }
            }
            EXPECT_NO_THROW(run(text)) << text;
        }
    }
    EXPECT_GT(inputs, 0) << folder;
}

TEST(DamagedText, OfATask) { damage("task_config", fuzz_task); }
TEST(DamagedText, OfASource) { damage("source_config", fuzz_source); }
TEST(DamagedText, OfADaemon) { damage("daemon_config", fuzz_daemon); }

}  // namespace
}  // namespace dm::config
