#pragma once

#include <string>
#include <vector>

namespace dm::etcd {

/// A child process whose standard output and error come through one pipe. It is killed when the thread that started it
/// ends, so start it on a thread that lives as long as it should. It is a process group of its own, so that signals
/// from a terminal do not reach it. Not thread-safe.
class Process {
  public:
    /// Throws Error{MasterEtcdStart} if the program cannot be started.
    explicit Process(const std::vector<std::string>& arguments);
    /// Kills and reaps it if it still runs.
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    [[nodiscard]] int pid() const { return pid_; }
    /// Read end of its output, non-blocking.
    [[nodiscard]] int output() const { return output_; }
    void signal(int number) const noexcept;
    /// True once it has ended; then `ending` says how.
    [[nodiscard]] bool has_ended();
    [[nodiscard]] std::string ending() const;

  private:
    int pid_ = 0;
    int output_ = -1;
    int status_ = 0;
    bool has_ended_ = false;
};

}  // namespace dm::etcd
