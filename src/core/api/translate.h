#pragma once

#include <string>

#include "base/error.h"
#include "core/meta/stage.h"

namespace pb {
class ProcessError;
enum Stage : int;
enum UnitType : int;
}  // namespace pb

/// Our own nouns to and from the messages of proto/. Pure.
namespace dm::api {

/// Code, class, scope, level, message, cause and advice as separate fields.
[[nodiscard]] pb::ProcessError to_process_error(const Error& error);
/// The text of `msg` in an answer that failed.
[[nodiscard]] std::string to_msg(const Error& error);

[[nodiscard]] pb::Stage to_pb(meta::Stage stage);
[[nodiscard]] pb::UnitType to_pb(meta::UnitKind unit);
/// Numbers we do not know become Invalid.
[[nodiscard]] meta::Stage from_pb(pb::Stage stage);
[[nodiscard]] meta::UnitKind from_pb(pb::UnitType unit);

}  // namespace dm::api
