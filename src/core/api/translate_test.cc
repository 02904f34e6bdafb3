#include "core/api/translate.h"

#include <dmworker.pb.h>
#include <gtest/gtest.h>

namespace dm::api {
namespace {

TEST(TranslateTest, AnErrorIsSplitIntoItsParts) {
    const Error error = Error(ErrorCode::HaTxn, "cannot write").with_cause("connection reset");
    const pb::ProcessError out = to_process_error(error);
    EXPECT_EQ(out.errcode(), 42501);
    EXPECT_EQ(out.errclass(), "ha");
    EXPECT_EQ(out.errscope(), "internal");
    EXPECT_EQ(out.errlevel(), "high");
    EXPECT_EQ(out.message(), "cannot write");
    EXPECT_EQ(out.rawcause(), "connection reset");
    EXPECT_FALSE(out.workaround().empty());
    EXPECT_EQ(
        to_msg(error).rfind("[code=42501:class=ha:scope=internal:level=high], Message: cannot write, RawCause:", 0),
        0U);
}

TEST(TranslateTest, TheClassIsThatOfWhoTells) {
    EXPECT_EQ(to_process_error(Error(ErrorCode::ConfigYaml, "").with_class(ErrorClass::DmMaster)).errclass(),
              "dm-master");
}

TEST(TranslateTest, StagesAndUnitsKeepTheirNames) {
    for (int number = pb::Stage_MIN; number <= pb::Stage_MAX; ++number) {
        const auto stage = static_cast<pb::Stage>(number);
        EXPECT_EQ(to_pb(from_pb(stage)), stage);
        EXPECT_EQ(meta::stage_name(from_pb(stage)), pb::Stage_Name(stage));
    }
    for (const auto unit : {pb::InvalidUnit, pb::Check, pb::Dump, pb::Load, pb::Sync, pb::Relay}) {
        EXPECT_EQ(to_pb(from_pb(unit)), unit);
        EXPECT_EQ(meta::unit_name(from_pb(unit)), pb::UnitType_Name(unit));
    }
    EXPECT_EQ(from_pb(static_cast<pb::Stage>(77)), meta::Stage::Invalid);
    EXPECT_EQ(from_pb(static_cast<pb::UnitType>(5)), meta::UnitKind::Invalid);
}

}  // namespace
}  // namespace dm::api
