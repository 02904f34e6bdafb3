#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace dm::copy {

/// Bytes that all readers and writers of one run may hold in statements together, from the moment a statement is begun
/// until it is executed. Where nothing is held a share of any size is granted, so that progress never depends on the
/// size of a row. Thread-safe; outlives its shares.
class ByteBudget {
  public:
    /// A part of the budget, given back when it is destroyed. Movable; used by one thread at a time.
    class Share {
      public:
        Share() = default;
        Share(ByteBudget& budget, std::size_t bytes) : budget_(&budget), bytes_(bytes) {}
        Share(Share&& other) noexcept
            : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
        Share& operator=(Share&& other) noexcept {
            if (this == &other) return *this;
            shrink(0);
            budget_ = std::exchange(other.budget_, nullptr);
            bytes_ = std::exchange(other.bytes_, 0);
            return *this;
        }
        ~Share() { shrink(0); }

        [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
        /// Gives back what is beyond `bytes`.
        void shrink(std::size_t bytes) noexcept {
            if (budget_ == nullptr || bytes >= bytes_) return;
            budget_->give_back(bytes_ - bytes);
            bytes_ = bytes;
        }

      private:
        ByteBudget* budget_ = nullptr;
        std::size_t bytes_ = 0;
    };

    explicit ByteBudget(std::size_t limit) : limit_(limit) {}
    ByteBudget(const ByteBudget&) = delete;
    ByteBudget& operator=(const ByteBudget&) = delete;

    /// Waits until the bytes are free; nothing if stop was requested first. A caller must hold no share that only it
    /// can give back.
    [[nodiscard]] std::optional<Share> take(std::size_t bytes, std::stop_token stop) {
        std::unique_lock lock(mutex_);
        if (!freed_.wait(lock, stop, [&] { return held_ == 0 || held_ + bytes <= limit_; })) return std::nullopt;
        held_ += bytes;
        return Share(*this, bytes);
    }

    [[nodiscard]] std::size_t held() const {
        const std::lock_guard lock(mutex_);
        return held_;
    }

  private:
    void give_back(std::size_t bytes) noexcept {
        const std::lock_guard lock(mutex_);
        held_ -= bytes;
        freed_.notify_all();
    }

    const std::size_t limit_;
    mutable std::mutex mutex_;
    std::condition_variable_any freed_;
    std::size_t held_ = 0;
};

}  // namespace dm::copy
