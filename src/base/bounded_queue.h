#pragma once

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
template <typename T>
class BoundedQueue {
  public:
    BoundedQueue(std::size_t max_items, std::size_t max_bytes) : max_items_(max_items), max_bytes_(max_bytes) {}
    BoundedQueue(const BoundedQueue&) = delete;
    BoundedQueue& operator=(const BoundedQueue&) = delete;

    /// Waits for room, then appends. False, with the item dropped, if stop was requested or the queue is closed.
    [[nodiscard]] bool push(T item, std::size_t bytes, std::stop_token stop) {
        std::unique_lock lock(mutex_);
        const bool ready = not_full_.wait(lock, stop, [&] { return closed_ || has_room_locked(bytes); });
        if (!ready || closed_) return false;
        bytes_ += bytes;
        items_.push_back({std::move(item), bytes});
        not_empty_.notify_one();
        return true;
    }

    /// Waits for an item. Nothing if stop was requested, or the queue is closed and drained.
    [[nodiscard]] std::optional<T> pop(std::stop_token stop) {
        std::unique_lock lock(mutex_);
        if (!not_empty_.wait(lock, stop, [&] { return closed_ || !items_.empty(); })) return std::nullopt;
        return take_locked();
    }

    /// An item if there is one now.
    [[nodiscard]] std::optional<T> try_pop() {
        const std::lock_guard lock(mutex_);
        return take_locked();
    }

    /// No more items are accepted; what is queued can still be popped.
    void close() noexcept {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        not_empty_.notify_all();
        not_full_.notify_all();
    }

    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return items_.size();
    }
    [[nodiscard]] std::size_t bytes() const {
        const std::lock_guard lock(mutex_);
        return bytes_;
    }

  private:
    struct Entry {
        T item;
        std::size_t bytes;
    };

    bool has_room_locked(std::size_t bytes) const {
        return items_.empty() || (items_.size() < max_items_ && bytes_ + bytes <= max_bytes_);
    }

    std::optional<T> take_locked() {
        if (items_.empty()) return std::nullopt;
        Entry entry = std::move(items_.front());
        items_.pop_front();
        bytes_ -= entry.bytes;
        not_full_.notify_all();
        return std::move(entry.item);
    }

    const std::size_t max_items_;
    const std::size_t max_bytes_;

    mutable std::mutex mutex_;
    std::condition_variable_any not_full_;   // producers wait: no room for their item
    std::condition_variable_any not_empty_;  // consumers wait: no items
    std::deque<Entry> items_;
    std::size_t bytes_ = 0;
    bool closed_ = false;
};

}  // namespace dm
