#pragma once

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace dm::sql {

/// One case of a `.test` file. For tests only. The format:
///
///     == title
///     @directive value          (any number; kept in order)
///     input lines
///     ---
///     expected lines
///
/// Lines that begin with `#` outside of a case are comments.
struct TestCase {
    std::string title;
    std::vector<std::pair<std::string, std::string>> directives;
    std::string input;
    std::string expected;

    [[nodiscard]] std::string directive(std::string_view name) const {
        for (const auto& [key, value] : directives) {
            if (key == name) return value;
        }
        return {};
    }
};

/// What stands before the first case.
inline std::string leading_comment(const std::string& path) {
    std::ifstream file(path);
    std::string text;
    for (std::string line; std::getline(file, line) && !line.starts_with("== ");) text += line + "\n";
    return text;
}

/// Reads all cases of a file. Throws std::runtime_error if it cannot be opened.
inline std::vector<TestCase> read_cases(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot open " + path);
    std::vector<TestCase> cases;
    bool is_expected = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("== ")) {
            cases.push_back({.title = line.substr(3), .directives = {}, .input = {}, .expected = {}});
            is_expected = false;
        } else if (cases.empty()) {
            continue;
        } else if (line == "---" && !is_expected) {
            is_expected = true;
        } else if (is_expected) {
            cases.back().expected += line + "\n";
        } else if (line.starts_with('@') && cases.back().input.empty()) {
            const auto blank = line.find(' ');
            cases.back().directives.emplace_back(line.substr(1, blank - 1),
                                                 blank == std::string::npos ? "" : line.substr(blank + 1));
        } else {
            cases.back().input += line + "\n";
        }
    }
    for (auto& one : cases) {
        while (one.expected.ends_with("\n\n") || one.expected == "\n") one.expected.pop_back();
        if (one.input.ends_with('\n')) one.input.pop_back();
    }
    return cases;
}

/// Runs every case of a file through `run`, which returns the actual text, and hands each to `check(case, actual)`.
/// With the environment variable DM_UPDATE_CASES set, the file's expectations are replaced by what came out: review the
/// diff.
template <typename Run, typename Check>
void run_cases(const std::string& path, const Run& run, const Check& check) {
    const auto cases = read_cases(path);
    if (cases.empty()) throw std::runtime_error("no cases in " + path);
    std::ostringstream updated;
    updated << leading_comment(path);
    for (const auto& one : cases) {
        const std::string actual = run(one);
        check(one, actual);
        updated << "== " << one.title << '\n';
        for (const auto& [name, value] : one.directives)
            updated << '@' << name << (value.empty() ? "" : " ") << value << '\n';
        updated << one.input << "\n---\n" << actual << '\n';
    }
    if (std::getenv("DM_UPDATE_CASES") != nullptr) std::ofstream(path) << updated.str();
}

/// Splits "a b  c" at blanks.
inline std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

}  // namespace dm::sql
