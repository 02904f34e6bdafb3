#pragma once

#include <string>

#include "core/config/unit_config.h"

namespace dm::config {

/// Folds the flags of `extra-args` that our copy has a meaning for into the fields: threads, file and statement size,
/// rows, condition. Flags on consistency and views are accepted: the copy needs no locks and copies no views. Any other
/// flag throws Error{ConfigFeatureMissing}; text that is not flags throws Error{ConfigYaml}.
void apply_extra_args(DumpConfig& dump);

}  // namespace dm::config
