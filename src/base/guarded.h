#pragma once

#include <mutex>
#include <utility>

namespace dm {

/// A value that can be reached only under its own mutex. The lock is a leaf: do not call out, log or do I/O inside.
template <typename T>
class Guarded {
  public:
    Guarded() = default;
    explicit Guarded(T value) : value_(std::move(value)) {}

    /// Runs `use(value)` under the lock and returns what it returns; do not let a reference to the value escape.
    template <typename F>
    decltype(auto) with(F&& use) {
        const std::lock_guard lock(mutex_);
        return std::forward<F>(use)(value_);
    }
    template <typename F>
    decltype(auto) with(F&& use) const {
        const std::lock_guard lock(mutex_);
        return std::forward<F>(use)(std::as_const(value_));
    }

    /// A copy taken under the lock.
    [[nodiscard]] T copy() const {
        const std::lock_guard lock(mutex_);
        return value_;
    }
    void set(T value) {
        const std::lock_guard lock(mutex_);
        value_ = std::move(value);
    }

  private:
    mutable std::mutex mutex_;
    T value_{};
};

}  // namespace dm
