#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/command_line.h"

namespace dm::ctl {

class MasterClient;
struct CommandSpec;

/// Where words go. The streams outlive everything that writes to them.
struct Streams {
    std::ostream& out;
    std::ostream& err;
    bool is_terminal = false;  ///< `out` is looked at by a person: colours and redrawing are welcome
};

/// The flags of one command line, by long name. A plain value.
class FlagValues {
  public:
    void set(const std::string& name, std::vector<std::string> values) { values_[name] = std::move(values); }

    [[nodiscard]] bool is_set(const std::string& name) const { return values_.contains(name); }
    [[nodiscard]] bool is_on(const std::string& name) const;
    /// The last value given, or `otherwise`.
    [[nodiscard]] std::string text(const std::string& name, std::string_view otherwise = {}) const;
    /// Numbers have been checked when they were parsed.
    [[nodiscard]] std::int64_t number(const std::string& name, std::int64_t otherwise) const;
    [[nodiscard]] std::vector<std::string> list(const std::string& name) const;

  private:
    std::map<std::string, std::vector<std::string>> values_;
};

/// Everything one run of a command sees. Lives as long as the run; used by one thread.
struct Invocation {
    const CommandSpec& command;
    std::string path;  ///< "config task": the words that led to the command
    Streams streams;
    MasterClient& master;
    config::FileReader read_file;
    std::vector<std::string> sources;    ///< `--source`
    std::vector<std::string> arguments;  ///< what is neither command nor flag
    FlagValues flags;
    std::string failure;  ///< what to print after "Error: "; empty if there is nothing to say
};

/// Exit codes of dmctl. A response with `result` false is a success of dmctl.
inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;

}  // namespace dm::ctl
