#pragma once

#include <cstdint>
#include <string_view>

namespace dm::meta {

/// The lifecycle state a user sees of a subtask, a relay or a validator. The numbers are stored in the cluster's keys
/// and sent over the wire: never renumber. Running, Paused and Stopped may be expected stages; the last three are
/// passing states that only status shows.
enum class Stage : std::uint8_t {
    Invalid = 0,
    New = 1,
    Running = 2,
    Paused = 3,
    Stopped = 4,
    Finished = 5,
    Pausing = 6,
    Resuming = 7,
    Stopping = 8,
};

/// Which job of a subtask is at work. The numbers are sent over the wire.
enum class UnitKind : std::uint8_t { Invalid = 0, Check = 1, Dump = 2, Load = 3, Sync = 4, Relay = 100 };

/// "Running", "Paused", ... and "InvalidStage".
[[nodiscard]] std::string_view stage_name(Stage stage);
/// "Dump", "Sync", ... and "InvalidUnit".
[[nodiscard]] std::string_view unit_name(UnitKind unit);

}  // namespace dm::meta
