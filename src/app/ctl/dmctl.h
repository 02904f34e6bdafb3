#pragma once

#include <istream>
#include <string>
#include <vector>

#include "app/ctl/command_spec.h"
#include "app/ctl/invocation.h"
#include "app/ctl/master_client.h"

namespace dm::ctl {

/// dmctl's two modes over one connection. Streams and client must outlive it. Used by one thread.
class Dmctl {
  public:
    Dmctl(Streams streams, MasterClient& master, config::FileReader read_file)
        : streams_(streams), master_(master), read_file_(std::move(read_file)) {}

    /// Runs one command; the exit code. Failures go to the error stream as "Error: ...".
    int run(const std::vector<std::string>& words, const std::vector<std::string>& sources = {});

    /// One line of the interactive mode. False when it asks to leave. Failures go to the output stream.
    bool run_line(std::string_view line);

  private:
    struct Result {
        int code = kSuccess;
        std::string failure;
        bool is_unknown_command = false;
    };
    Result execute(const std::vector<std::string>& words, const std::vector<std::string>& sources);
    Result execute_command(const CommandSpec& command, const std::string& path, const std::vector<std::string>& words,
                           const std::vector<std::string>& sources);

    Streams streams_;
    MasterClient& master_;
    config::FileReader read_file_;
};

/// Reads lines until the end, `exit`, or Ctrl-D. With a terminal: prompt, line editing, history and completion of
/// commands.
void run_interactive(Dmctl& dmctl, bool is_terminal);

}  // namespace dm::ctl
