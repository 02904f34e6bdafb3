#include "io/sqlite/sqlite_kv_store.h"

#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/meta/kv_store_conformance.h"

namespace dm::sqlite {
namespace {

using meta::KvStoreConformance;
using meta::PutOp;
using meta::RecordedWatch;
using meta::WatchEnd;
using std::chrono::seconds;

class SqliteRig final : public meta::KvStoreRig {
  public:
    meta::KvStore& store() override { return store_; }
    void pass(seconds ttl) override {
        clock_.advance(ttl);
        store_.expire_leases();
    }
    void compact(meta::Revision revision) override { store_.compact(revision); }

  private:
    ManualClock clock_;
    SqliteKvStore store_{{.file = ":memory:"}, clock_};
};

INSTANTIATE_TEST_SUITE_P(Sqlite, KvStoreConformance,
                         testing::Values(meta::KvStoreRigFactory([] { return std::make_unique<SqliteRig>(); })));

class SqliteKvStoreTest : public testing::Test {
  protected:
    SqliteKvStoreTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "dm-sqlite-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~SqliteKvStoreTest() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_;
    ManualClock clock_;
};

TEST_F(SqliteKvStoreTest, KeepsEverythingOverARestart) {
    const auto file = folder_ / "meta.db";
    meta::Revision first = 0;
    meta::LeaseId lease = 0;
    {
        SqliteKvStore store({.file = file}, clock_);
        lease = store.grant_lease(seconds(10));
        first = store.txn({}, {PutOp{"/a", "1"}, PutOp{"/l", "x", lease}}).revision;
        clock_.advance(seconds(9));
    }
    SqliteKvStore store({.file = file}, clock_);
    clock_.advance(seconds(9));
    EXPECT_EQ(store.get("/", true).items.size(), 2U);
    EXPECT_EQ(store.txn({}, {PutOp{"/a", "2"}}).revision, first + 1);
    RecordedWatch watch(store, "/a", first);
    EXPECT_EQ(watch.wait(2)[1].item.created, first);
    clock_.advance(seconds(1));
    EXPECT_EQ(store.get("/", true).items.size(), 1U);
    EXPECT_NE(store.grant_lease(seconds(1)), lease);
}

TEST_F(SqliteKvStoreTest, OldEventsAreForgotten) {
    SqliteKvStore store({.file = ":memory:", .max_events = 10}, clock_);
    const auto first = store.txn({}, {PutOp{"/k", "0"}}).revision;
    meta::Revision last = 0;
    for (int i = 1; i < 50; ++i) last = store.txn({}, {PutOp{"/k", std::to_string(i)}}).revision;
    RecordedWatch old(store, "/k", first);
    EXPECT_EQ(old.wait_end(), WatchEnd::Compacted);
    RecordedWatch recent(store, "/k", last - 3);
    EXPECT_EQ(recent.wait(4).size(), 4U);
}

TEST_F(SqliteKvStoreTest, RefusesFilesThatAreNotItsOwn) {
    const auto file = folder_ / "text";
    std::ofstream(file) << std::string(4096, 'x');
    try {
        SqliteKvStore store({.file = file}, clock_);
        ADD_FAILURE() << "opened";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::HaTxn);
    }
    EXPECT_THROW(SqliteKvStore({.file = folder_ / "no" / "folder"}, clock_), Error);
}

}  // namespace
}  // namespace dm::sqlite
