#include "core/api/translate.h"

#include <dmworker.pb.h>

namespace dm::api {

pb::ProcessError to_process_error(const Error& error) {
    pb::ProcessError out;
    out.set_errcode(static_cast<std::int32_t>(error.code()));
    out.set_errclass(std::string(class_name(error.error_class())));
    out.set_errscope(std::string(scope_name(error.scope())));
    out.set_errlevel(std::string(level_name(error.entry().level)));
    out.set_message(error.message());
    out.set_rawcause(error.raw_cause());
    out.set_workaround(std::string(error.workaround()));
    return out;
}

std::string to_msg(const Error& error) { return error.what(); }

// The numbers are the same on purpose; what is not a number of ours becomes Invalid.

pb::Stage to_pb(meta::Stage stage) { return static_cast<pb::Stage>(stage); }

pb::UnitType to_pb(meta::UnitKind unit) { return static_cast<pb::UnitType>(unit); }

meta::Stage from_pb(pb::Stage stage) {
    return pb::Stage_IsValid(stage) ? static_cast<meta::Stage>(stage) : meta::Stage::Invalid;
}

meta::UnitKind from_pb(pb::UnitType unit) {
    return pb::UnitType_IsValid(unit) ? static_cast<meta::UnitKind>(unit) : meta::UnitKind::Invalid;
}

}  // namespace dm::api
