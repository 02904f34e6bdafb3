#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace dm {

/// Hands items from step to step, limited by number and by bytes, first in first out. Any number of producers and
/// consumers. An empty queue accepts one item of any size, so progress never depends on an item's size.
/// `close` lets consumers drain what is there; a stop request abandons the wait. Owned by whoever owns both steps.
/// A producer that found the queue full is woken when half of it is free, and only those who wait are woken: steps work
/// in turns of many items instead of changing places at each one.
template <typename T>
class BoundedQueue {
  public:
    BoundedQueue(std::size_t max_items, std::size_t max_bytes) : max_items_(max_items), max_bytes_(max_bytes) {}
    BoundedQueue(const BoundedQueue&) = delete;
    BoundedQueue& operator=(const BoundedQueue&) = delete;

    /// Waits for room, then appends. False, with the item dropped, if stop was requested or the queue is closed.
    [[nodiscard]] bool push(T item, std::size_t bytes, std::stop_token stop) {
        std::unique_lock lock(mutex_);
        const auto is_ready = [&] { return closed_ || has_room_locked(bytes); };
        if (!is_ready() && !wait_locked(lock, not_full_, std::move(stop), is_ready)) return false;
        if (closed_) return false;
        bytes_ += bytes;
        items_.push_back({std::move(item), bytes});
        const bool is_awaited = not_empty_.waiting > 0;
        lock.unlock();
        if (is_awaited) not_empty_.changed.notify_one();
        return true;
    }

    /// Waits for an item. Nothing if stop was requested, or the queue is closed and drained.
    [[nodiscard]] std::optional<T> pop(std::stop_token stop) {
        std::unique_lock lock(mutex_);
        const auto is_ready = [&] { return closed_ || !items_.empty(); };
        if (!is_ready() && !wait_locked(lock, not_empty_, std::move(stop), is_ready)) return std::nullopt;
        return take(lock);
    }

    /// An item if there is one now.
    [[nodiscard]] std::optional<T> try_pop() {
        std::unique_lock lock(mutex_);
        return take(lock);
    }

    /// No more items are accepted; what is queued can still be popped.
    void close() noexcept {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        not_empty_.changed.notify_all();
        not_full_.changed.notify_all();
    }

    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return items_.size();
    }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  private:
    struct Entry {
        T item;
        std::size_t bytes;
    };

    bool has_room_locked(std::size_t bytes) const {
        return items_.empty() || (items_.size() < max_items_ && bytes_ + bytes <= max_bytes_);
    }

    /// True while a waiting producer need not be woken: more than half of the queue is taken.
    bool is_well_filled_locked() const {
        return !items_.empty() && (items_.size() > max_items_ / 2 || bytes_ > max_bytes_ / 2);
    }

    /// Those who wait for the same thing.
    struct Waiters {
        std::condition_variable_any changed;
        std::size_t waiting = 0;
    };

    template <typename Condition>
    static bool wait_locked(std::unique_lock<std::mutex>& lock, Waiters& waiters, std::stop_token stop,
                            const Condition& is_ready) {
        ++waiters.waiting;
        const bool ready = waiters.changed.wait(lock, std::move(stop), is_ready);
        --waiters.waiting;
        return ready;
    }

    std::optional<T> take(std::unique_lock<std::mutex>& lock) {
        if (items_.empty()) return std::nullopt;
        Entry entry = std::move(items_.front());
        items_.pop_front();
        bytes_ -= entry.bytes;
        const bool is_awaited = not_full_.waiting > 0 && !is_well_filled_locked();
        lock.unlock();
        if (is_awaited) not_full_.changed.notify_all();
        return std::move(entry.item);
    }

    const std::size_t max_items_;
    const std::size_t max_bytes_;

    mutable std::mutex mutex_;
    Waiters not_full_;   // producers: no room for their item
    Waiters not_empty_;  // consumers: no items
    std::deque<Entry> items_;
    std::atomic<std::size_t> bytes_ = 0;  // changed under the mutex
    bool closed_ = false;
};

}  // namespace dm
