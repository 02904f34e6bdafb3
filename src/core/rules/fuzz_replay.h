#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace dm::rules {

/// For `_fuzz.cc` files: hands the files of tests/corpus/<name>/, and damaged copies of each, to `run`, always the same ones.
/// `run` lets dm::Error pass as success; whatever else it throws is a bug.
template <typename Run>
void replay_corpus(const std::string& source_dir, const std::string& name, const Run& run, int copies = 200) {
    std::mt19937 random(20240);
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(source_dir + "/tests/corpus/" + name)) files.push_back(entry.path());
    if (files.empty()) throw std::runtime_error("no corpus for " + name);
    for (const auto& path : files) {
        std::ifstream file(path, std::ios::binary);
        const std::string whole{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
        run(std::string_view(whole));
        for (int copy = 0; copy < copies && !whole.empty(); ++copy) {
            std::string damaged = whole;
            for (unsigned edits = 1 + random() % 4; edits > 0 && !damaged.empty(); --edits) {
                const std::size_t at = random() % damaged.size();
                switch (random() % 4) {
                    case 0: damaged[at] = static_cast<char>(random() % 256); break;
                    case 1: damaged.resize(at); break;
                    case 2: damaged.erase(at, 1 + random() % 8); break;
                    default: damaged.insert(at, whole.substr(random() % whole.size(), 1 + random() % 32)); break;
                }
            }
            run(std::string_view(damaged));
        }
    }
}

}  // namespace dm::rules
