#include "app/master/task_latches.h"

#include <fmt/format.h>

#include "base/error.h"

namespace dm::master {

TaskLatches::Latch TaskLatches::acquire(const model::TaskName& task) {
    const std::lock_guard lock(mutex_);
    ensure(held_.insert(task).second, ErrorCode::SchedulerLatchInUse,
           fmt::format("when operating task {}, other client is operating it at the same time", task.str()));
    return {*this, task};
}

void TaskLatches::release(const model::TaskName& task) noexcept {
    const std::lock_guard lock(mutex_);
    held_.erase(task);
}

}  // namespace dm::master
