#pragma once

#include <memory>
#include <mutex>
#include <set>

#include "core/model/names.h"

namespace dm::master {

/// Commands on one task exclude each other: the second fails at once. Thread-safe; outlives its latches.
class TaskLatches {
  public:
    /// Held while it lives.
    class Latch {
      public:
        Latch(TaskLatches& owner, model::TaskName task) : owner_(&owner), task_(std::move(task)) {}
        Latch(Latch&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), task_(std::move(other.task_)) {}
        Latch& operator=(Latch&&) = delete;
        ~Latch() {
            if (owner_ != nullptr) owner_->release(task_);
        }

      private:
        TaskLatches* owner_;
        model::TaskName task_;
    };

    /// Throws Error{SchedulerLatchInUse} if another command holds it.
    [[nodiscard]] Latch acquire(const model::TaskName& task);

  private:
    void release(const model::TaskName& task) noexcept;

    std::mutex mutex_;
    std::set<model::TaskName> held_;
};

}  // namespace dm::master
