#include "io/files/local_file_store.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::files {
namespace {

class LocalFileStoreTest : public testing::Test {
  protected:
    LocalFileStoreTest() : root_(testing::TempDir() + "dm_files_XXXXXX") {
        if (mkdtemp(root_.data()) == nullptr) throw std::runtime_error("mkdtemp");
        store_ = std::make_unique<LocalFileStore>(root_);
    }
    ~LocalFileStoreTest() override { std::filesystem::remove_all(root_); }

    std::string root_;
    std::unique_ptr<LocalFileStore> store_;
};

TEST_F(LocalFileStoreTest, AppendsAndReadsParts) {
    store_->append("a/b/1", "hello ");
    store_->append("a/b/1", "world");
    store_->sync("a/b/1");
    EXPECT_EQ(store_->size("a/b/1"), 11U);
    EXPECT_EQ(store_->read("a/b/1", 6, 100), "world");
    EXPECT_EQ(store_->read("a/b/1", 11, 100), "");
    EXPECT_EQ(store_->read("a/b/1", 99, 100), "");
}

TEST_F(LocalFileStoreTest, ReplaceLeavesNoDraft) {
    store_->replace("meta", "old");
    store_->replace("meta", "new");
    EXPECT_EQ(store_->read("meta", 0, 100), "new");
    EXPECT_EQ(store_->list(""), std::vector<std::string>{"meta"});
}

TEST_F(LocalFileStoreTest, ListIsSortedAndByPrefix) {
    store_->append("b", "1");
    store_->append("a/2", "1");
    store_->append("a/1", "1");
    EXPECT_EQ(store_->list("a/"), (std::vector<std::string>{"a/1", "a/2"}));
}

TEST_F(LocalFileStoreTest, RemovingWhatIsNotThereIsFine) {
    store_->remove("nothing");
    store_->append("x", "1");
    store_->remove("x");
    EXPECT_FALSE(store_->contains("x"));
    EXPECT_THROW(static_cast<void>(store_->size("x")), Error);
}

TEST_F(LocalFileStoreTest, NamesStayInside) {
    EXPECT_THROW(store_->append("../x", "1"), Error);
    EXPECT_THROW(store_->append("/etc/x", "1"), Error);
    EXPECT_THROW(store_->append("a/../../x", "1"), Error);
    EXPECT_THROW(store_->append("", "1"), Error);
}

}  // namespace
}  // namespace dm::files
