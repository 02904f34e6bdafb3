#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/document.h"
#include "core/config/read_options.h"

namespace dm::config {

/// A value that reads well but is not allowed; raised later, when its turn in the order of checks comes.
struct Problem {
    ErrorCode code;
    std::string path;  ///< "loaders.global.import-mode", "mysql-instances[0].syncer.safe-mode-duration"
    std::string message;
};

/// What all readers of one text share.
struct ReadContext {
    DocumentOrigin origin;
    ErrorCode unknown_key = ErrorCode::ConfigYaml;
    bool is_strict = true;          ///< unknown keys are errors
    bool ignores_key_case = false;  ///< a key that is not there as spelled may differ in case (daemon files)
    const SecretKey* key = nullptr;
    Warnings* warnings = nullptr;

    std::vector<Problem> problems;
    std::vector<std::string> unknown;  ///< "file:line: unknown key ..."

    void warn(std::string text) const;
    /// Throws the unknown keys, all in one message.
    void raise_unknown() const;
    /// Throws the first problem with this code whose path begins with `path`.
    void raise(ErrorCode code, std::string_view path = {}) const;
    /// Throws the first problem of all.
    void raise_any() const;
};

/// A text of one of the types of this room's fields from a scalar; throws syntax_error naming `path`.
/// Null gives the zero value.
class ScalarReader {
  public:
    ScalarReader(const ReadContext& context, const Node& node, std::string_view path)
        : context_(context), node_(node), path_(path) {}

    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool truth() const;
    [[nodiscard]] std::int64_t integer(std::int64_t low, std::int64_t high) const;
    [[nodiscard]] std::uint64_t natural() const;
    [[nodiscard]] double real() const;
    [[nodiscard]] std::chrono::nanoseconds duration() const;
    [[nodiscard]] std::uint64_t byte_size() const;
    [[noreturn]] void refuse(std::string_view expected) const;

  private:
    const ReadContext& context_;
    const Node& node_;
    std::string_view path_;
};

/// "a list", "a number", ...: what a node is, for messages.
[[nodiscard]] std::string_view kind_name(const Node& node);

}  // namespace dm::config
