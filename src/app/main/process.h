#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/step.h"
#include "core/config/command_line.h"
#include "core/config/db_config.h"

/// What the three programs do alike. For this room only.
namespace dm::process {

/// Blocks SIGINT, SIGTERM, SIGHUP and SIGQUIT in this thread and those it starts, and ignores SIGPIPE. Call first in
/// main.
void block_signals();
/// While it lives, one of the blocked signals ends the program at once, with exit code 0: for the time of a start,
/// which may wait for others and leaves nothing that must be ended in good order.
class EndsOnSignal {
  public:
    explicit EndsOnSignal(std::string program);

  private:
    Step step_;
};
/// Waits for one of the blocked signals and returns its number.
int wait_for_signal();
/// The arguments after the program's name.
[[nodiscard]] std::vector<std::string> arguments(int argc, char** argv);
/// A whole file of 64 MiB at most. Throws Error{ConfigFileUnreadable} naming the path and the system's reason.
[[nodiscard]] std::string read_file(const std::string& path);
/// Prints the warnings of the command line to standard error, then what it asks for, or, if that is to run, calls
/// `serve`. Returns the exit code.
int start(const std::vector<std::string>& warnings, config::StartAction action, std::string_view sample_config,
          const std::string& usage, const std::function<int()>& serve);
/// Throws Error{ConfigFeatureMissing} if TLS is asked for on a daemon's own port: it must not serve in plain text then.
void refuse_tls(const config::SecurityConfig& security);
/// The first lines of a daemon's log: its build and its configuration.
void log_welcome(std::string_view program, const std::string& config);
/// Runs the program's body: an Error goes to standard error and makes exit code 2.
int run(const std::function<int()>& body) noexcept;

}  // namespace dm::process
