#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/error.h"

namespace dm {

/// A named thread: the only way a thread is made. Its root turns any exception into one Error, reported once to the
/// owner through `on_error`, on the step's own thread. Destruction requests stop and joins: make it the last member of
/// its class, so that it ends before what it uses. `request_stop` may be called from any thread, the rest from the
/// owner.
class Step {
  public:
    using Body = std::function<void(std::stop_token)>;
    using OnError = std::function<void(const Error&)>;

    /// `name` is shown by the system's tools, cut to 15 bytes. `on_error` must not throw.
    Step(std::string name, Body body, OnError on_error);
    Step(Step&&) = default;
    Step& operator=(Step&&) = default;

    void request_stop() noexcept { thread_.request_stop(); }
    /// Waits for the end of the body.
    void join();
    [[nodiscard]] std::stop_token stop_token() const noexcept { return thread_.get_stop_token(); }

  private:
    std::jthread thread_;
};

}  // namespace dm
