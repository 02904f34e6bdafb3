#include "base/step.h"

#include <pthread.h>

namespace dm {
namespace {

void run(std::stop_token stop, const std::string& name, const Step::Body& body,
         const Step::OnError& on_error) noexcept {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    try {
        body(std::move(stop));
    } catch (...) {
        on_error(current_error());
    }
}

}  // namespace

Step::Step(std::string name, Body body, OnError on_error)
    : thread_([name = std::move(name), body = std::move(body), on_error = std::move(on_error)](std::stop_token stop) {
          run(std::move(stop), name, body, on_error);
      }) {}

void Step::join() {
    if (thread_.joinable()) thread_.join();
}

}  // namespace dm
