#include "io/etcd/process.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::etcd {

namespace {

Error cannot_start(const std::string& program, int number) {
    return Error(ErrorCode::MasterEtcdStart, fmt::format("the program {} cannot be started; is it installed?", program))
        .with_cause(std::strerror(number));
}

/// Between fork and exec: only calls that are safe after a fork of a process with threads.
[[noreturn]] void become(char* const* arguments, int output, int failure, pid_t parent) {
    ::setpgid(0, 0);  // a signal from the terminal is for the parent, which ends us when it is done
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);  // the parent died before the line above
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    ::execvp(arguments[0], arguments);
    const int number = errno;
    [[maybe_unused]] const auto written = ::write(failure, &number, sizeof(number));
    ::_exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments) {
    std::vector<char*> raw;
    for (const auto& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
    raw.push_back(nullptr);
    int output[2];
    int failure[2];
    if (::pipe2(output, O_CLOEXEC) != 0) throw cannot_start(arguments[0], errno);
    if (::pipe2(failure, O_CLOEXEC) != 0) {
        const int number = errno;
        ::close(output[0]);
        ::close(output[1]);
        throw cannot_start(arguments[0], number);
    }
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    int number = errno;
    if (pid_ == 0) become(raw.data(), output[1], failure[1], parent);
    ::close(output[1]);
    ::close(failure[1]);
    output_ = output[0];
    ::fcntl(output_, F_SETFL, O_NONBLOCK);
    // Closed without a word by a successful exec.
    const bool has_failed = pid_ < 0 || ::read(failure[0], &number, sizeof(number)) == sizeof(number);
    ::close(failure[0]);
    if (!has_failed) return;
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    ::close(output_);
    throw cannot_start(arguments[0], number);
}

Process::~Process() {
    if (!has_ended()) {
        signal(SIGKILL);
        ::waitpid(pid_, &status_, 0);
    }
    ::close(output_);
}

void Process::signal(int number) const noexcept {
    if (!has_ended_) ::kill(pid_, number);
}

bool Process::has_ended() {
    if (!has_ended_) has_ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
    return has_ended_;
}

std::string Process::ending() const {
    if (WIFSIGNALED(status_)) return fmt::format("killed by signal {}", WTERMSIG(status_));
    return fmt::format("exit code {}", WEXITSTATUS(status_));
}

}  // namespace dm::etcd
