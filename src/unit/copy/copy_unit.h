#pragma once

#include <memory>
#include <stop_token>

#include "core/model/location.h"
#include "unit/copy/copy_options.h"
#include "unit/target/unit.h"

namespace dm::copy {

/// The full copy of one source, straight from upstream to downstream: no locks beyond milliseconds, chunk by chunk,
/// resumable by any worker from the checkpoint in the target. Afterwards sync starts at the checkpoint's floor and
/// applies each table's changes from its LOW on, idempotently until its HIGH; what `highest_point` says is the first
/// point of the binlog at which the target is consistent. Owned by the subtask; threads and failures as Unit says.
class CopyUnit final : public target::Unit {
  public:
    CopyUnit(CopyOptions options, CopyEnvironment environment);
    ~CopyUnit() override;

    target::UnitOutcome run(std::stop_token stop) override;
    void kill() noexcept override;
    [[nodiscard]] target::UnitStatus status() const override;

    /// The largest HIGH of all tables; zero until a run has finished.
    [[nodiscard]] model::Location highest_point() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace dm::copy
