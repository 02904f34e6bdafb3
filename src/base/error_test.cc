#include "base/error.h"

#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

namespace dm {
namespace {

TEST(ErrorTest, PrintsOnlyThePartsThatAreThere) {
    const Error bare = Error(ErrorCode::MasterNotLeader, "not leader").with_workaround("");
    EXPECT_STREQ(bare.what(), "[code=38043:class=dm-master:scope=internal:level=high], Message: not leader");
    const Error full = Error(ErrorCode::MasterNotLeader, "not leader").with_cause("gone").with_workaround("wait");
    EXPECT_STREQ(full.what(),
                 "[code=38043:class=dm-master:scope=internal:level=high], Message: not leader, RawCause: gone, "
                 "Workaround: wait");
}

TEST(ErrorTest, ChangesMakeCopies) {
    const Error original(ErrorCode::DbDriver, "no connection");
    const Error changed =
        original.with_scope(ErrorScope::Upstream).with_context("source 'a'").with_retry(RetryClass::Never);
    EXPECT_EQ(original.message(), "no connection");
    EXPECT_EQ(original.scope(), ErrorScope::NotSet);
    EXPECT_EQ(changed.message(), "source 'a': no connection");
    EXPECT_EQ(changed.scope(), ErrorScope::Upstream);
    EXPECT_EQ(changed.retry_class(), RetryClass::Never);
    EXPECT_EQ(original.retry_class(), RetryClass::Resume);
}

TEST(ErrorTest, AnotherClassIsPrintedAndTheCodeStaysItsOwn) {
    const Error original(ErrorCode::ConfigYaml, "line 3");
    const Error told = original.with_class(ErrorClass::DmMaster).with_context("task").with_scope(ErrorScope::Upstream);
    EXPECT_EQ(told.error_class(), ErrorClass::DmMaster);
    EXPECT_EQ(told.entry().error_class, ErrorClass::Config);
    EXPECT_EQ(std::string(told.what()).rfind("[code=20003:class=dm-master:scope=upstream:", 0), 0U) << told.what();
    EXPECT_EQ(original.error_class(), ErrorClass::Config);
}

TEST(ErrorTest, InnermostCauseIsPassedOn) {
    const Error inner = Error(ErrorCode::DbExecuteFailed, "insert failed").with_cause("Error 1062: duplicate");
    EXPECT_EQ(Error(ErrorCode::LoadFailed, "copy").with_cause(inner).raw_cause(), "Error 1062: duplicate");
    EXPECT_EQ(Error(ErrorCode::LoadFailed, "copy").with_cause(Error(ErrorCode::DbDriver, "plain")).raw_cause(),
              "plain");
}

TEST(ErrorTest, AnyExceptionBecomesAnError) {
    try {
        throw std::runtime_error("boom");
    } catch (...) {
        const Error error = current_error(ErrorCode::SyncPanic);
        EXPECT_EQ(error.code(), ErrorCode::SyncPanic);
        EXPECT_EQ(error.message(), "boom");
    }
}

TEST(ErrorTest, EnsureThrowsWithThePlace) {
    ensure(true, ErrorCode::NotSet, "fine");
    try {
        ensure(false, ErrorCode::ConfigYaml, "line 3");
        FAIL() << "ensure(false) must throw";
    } catch (const Error& error) {
        EXPECT_TRUE(error.raised_at().starts_with("error_test.cc:")) << error.raised_at();
    }
}

TEST(ErrorCatalogueTest, NumbersAndNamesAreUnique) {
    std::set<ErrorCode> codes;
    std::set<std::string_view> names;
    for (const ErrorEntry& entry : error_catalogue()) {
        EXPECT_TRUE(codes.insert(entry.code).second) << entry.name;
        EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
        EXPECT_EQ(&catalogue_entry(entry.code), &entry);
    }
}

TEST(ErrorCatalogueTest, UnknownNumberIsNotSet) {
    EXPECT_EQ(catalogue_entry(static_cast<ErrorCode>(12345)).code, ErrorCode::NotSet);
}

}  // namespace
}  // namespace dm
