#include "base/log.h"

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/log_file.h"

namespace dm::log {
namespace {

std::string field(std::string_view value) { return format_text("t", Level::Info, "a.cc:1", "m", {{"k", value}}); }

TEST(LogTextTest, QuotesOnlyWhatNeedsIt) {
    EXPECT_EQ(field("plain-1.5s"), "[t] [INFO] [a.cc:1] [m] [k=plain-1.5s]");
    EXPECT_EQ(field(""), "[t] [INFO] [a.cc:1] [m] [k=]");
    EXPECT_EQ(field("gr\xc3\xb6\xc3\x9f"
                    "e"),
              "[t] [INFO] [a.cc:1] [m] [k=gr\xc3\xb6\xc3\x9f"
              "e]");
    EXPECT_EQ(field("a b"), R"([t] [INFO] [a.cc:1] [m] [k="a b"])");
    EXPECT_EQ(field("a=b"), R"([t] [INFO] [a.cc:1] [m] [k="a=b"])");
    EXPECT_EQ(field("[x]"), R"([t] [INFO] [a.cc:1] [m] [k="[x]"])");
    EXPECT_EQ(field("a\\b\"\r\n\t\x01"), R"([t] [INFO] [a.cc:1] [m] [k="a\\b\"\r\n\t\u0001"])");
}

TEST(LogTextTest, ReplacesWhatIsNoUtf8) {
    EXPECT_EQ(field("a\xff"
                    "b"),
              R"([t] [INFO] [a.cc:1] [m] [k="a\ufffdb"])");
    EXPECT_EQ(field("\xc3"), R"([t] [INFO] [a.cc:1] [m] [k="\ufffd"])");
    EXPECT_EQ(field("\xe0\x80\x80"), R"([t] [INFO] [a.cc:1] [m] [k="\ufffd\ufffd\ufffd"])");
    EXPECT_EQ(format_json("t", Level::Error, "a.cc:1", "\xff", {}),
              R"({"level":"ERROR","time":"t","caller":"a.cc:1","message":"\ufffd"})");
}

TEST(LogTextTest, LeavesAnEmptyMessageOut) {
    EXPECT_EQ(format_text("t", Level::Fatal, "a.cc:1", "", {{"k", 1}}), "[t] [FATAL] [a.cc:1] [k=1]");
}

TEST(LogTextTest, LeavesPasswordsInAddressesOut) {
    EXPECT_EQ(field("connection='mysql://u:p:w@h:1/d/t'"),
              R"([t] [INFO] [a.cc:1] [m] [k="connection='mysql://u:******@h:1/d/t'"])");
    EXPECT_EQ(field("x://a:b@c,y://d:e@f"), "[t] [INFO] [a.cc:1] [m] [k=x://a:******@c,y://d:******@f]");
    for (const auto* plain : {"http://h:1", "http://h:1/a:b@c", "mysql://u@h", "x://", "http://h:1,http://k:2"})
        EXPECT_EQ(field(plain), fmt::format("[t] [INFO] [a.cc:1] [m] [k={}]", plain));
    EXPECT_EQ(format_json("t", Level::Info, "a.cc:1", "x://u:p@h", {}),
              R"({"level":"INFO","time":"t","caller":"a.cc:1","message":"x://u:******@h"})");
}

class LogFileTest : public testing::Test {
  protected:
    LogFileTest() { std::filesystem::create_directory(folder_); }
    ~LogFileTest() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::multiset<std::string> all_lines() const {
        std::multiset<std::string> lines;
        for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
            std::ifstream file(entry.path());
            for (std::string line; std::getline(file, line);) lines.insert(line);
        }
        return lines;
    }

    const std::filesystem::path folder_ =
        std::filesystem::path(testing::TempDir()) / ("log_file_test_" + std::to_string(getpid()));
};

TEST_F(LogFileTest, RotatesBySizeAndKeepsEveryLine) {
    {
        LogFile file((folder_ / "dm.log").string(), 100);
        for (int i = 0; i < 200; ++i) file.write_line("line " + std::to_string(i));
    }
    LogFile again((folder_ / "dm.log").string(), 100);
    again.write_line("the end");
    EXPECT_EQ(all_lines().size(), 201U);
    const std::regex backup(R"(dm-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log)");
    int backups = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
        const std::string name = entry.path().filename().string();
        if (name == "dm.log") continue;
        ++backups;
        EXPECT_TRUE(std::regex_match(name, backup)) << name;
    }
    EXPECT_GE(backups, 1);
}

TEST_F(LogFileTest, AFileOfTheLimitIsRotatedWhenItIsOpenedAgain) {
    const std::string path = (folder_ / "plain").string();
    LogFile(path, 10).write_line("123456789");
    LogFile(path, 10).write_line("next");
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    EXPECT_EQ(line, "next");
    EXPECT_EQ(all_lines().size(), 2U);
}

TEST_F(LogFileTest, ADirectoryIsRefused) {
    try {
        const LogFile file(folder_.string(), 100);
        FAIL() << "a directory is no log file";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::LoggerInit);
    }
}

TEST_F(LogFileTest, LevelsAreReadInAnyCase) {
    configure({.level = "WARN"});
    EXPECT_FALSE(is_enabled(Level::Info));
    EXPECT_TRUE(is_enabled(Level::Warn));
    configure({.level = "info", .hides_values = true});
    EXPECT_TRUE(is_enabled(Level::Info));
    EXPECT_TRUE(hides_values());
    configure({});
    EXPECT_FALSE(hides_values());
}

}  // namespace
}  // namespace dm::log
