#pragma once

#include "core/config/source_config.h"
#include "core/config/task_config.h"

namespace dm::config {

/// Throws Error{ConfigFeatureMissing} naming the key if the file asks for something this version has no engine for.
/// The features are listed in one table in missing_features.cc; an engine that lands removes its line.
void refuse_missing_features(const TaskConfig& config);
void refuse_missing_features(const SourceConfig& config);

}  // namespace dm::config
