#include "core/meta/stage.h"

namespace dm::meta {

std::string_view stage_name(Stage stage) {
    switch (stage) {
        case Stage::New:
            return "New";
        case Stage::Running:
            return "Running";
        case Stage::Paused:
            return "Paused";
        case Stage::Stopped:
            return "Stopped";
        case Stage::Finished:
            return "Finished";
        case Stage::Pausing:
            return "Pausing";
        case Stage::Resuming:
            return "Resuming";
        case Stage::Stopping:
            return "Stopping";
        case Stage::Invalid:
            break;
    }
    return "InvalidStage";
}

std::string_view unit_name(UnitKind unit) {
    switch (unit) {
        case UnitKind::Check:
            return "Check";
        case UnitKind::Dump:
            return "Dump";
        case UnitKind::Load:
            return "Load";
        case UnitKind::Sync:
            return "Sync";
        case UnitKind::Relay:
            return "Relay";
        case UnitKind::Invalid:
            break;
    }
    return "InvalidUnit";
}

}  // namespace dm::meta
