#pragma once

/// @file
/// What tests of the parts of a sync run stand on: both servers, their links and a recorder, as `sync_unit.cc` puts
/// them together, over fakes.

#include <gtest/gtest.h>

#include "core/sql/fake_sql_session.h"
#include "unit/sync/recorder.h"
#include "unit/sync/session_links.h"

namespace dm::sync {

class SyncPartsTest : public ::testing::Test {
  protected:
    sql::FakeSqlServer upstream_;
    sql::FakeSqlServer downstream_;
    metrics::Registry registry_;
    SystemClock clock_;
    SessionLinks links_;
    SessionLink up_{links_, upstream_.connector()};
    SessionLink down_{links_, downstream_.connector()};
    SyncMetrics metrics_{registry_, {.task = "t", .source_id = "s1", .worker = "w"}, clock_};
    Progress progress_{1, clock_};
    const target::SyncCheckpoint checkpoint_{"m", "t", "s1", model::Flavor::MySql};
    Recorder recorder_{{}, checkpoint_, progress_, metrics_, clock_, links_, downstream_.connector()};
};

/// The code of the error that `act` ends with; SyncPanic, which no part throws by itself, if it does not fail.
template <typename Act>
ErrorCode code_of(Act&& act) {
    try {
        act();
    } catch (const Error& error) {
        return error.code();
    }
    return ErrorCode::SyncPanic;
}

}  // namespace dm::sync
