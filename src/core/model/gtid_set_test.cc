#include "core/model/gtid_set.h"

#include <random>
#include <set>

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::model {
namespace {

constexpr const char* kA = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
constexpr const char* kB = "ffffffff-71ca-11e1-9e33-c80aa9429562";

GtidSet mysql(const std::string& text) { return GtidSet::parse(Flavor::MySql, text); }
GtidSet mariadb(const std::string& text) { return GtidSet::parse(Flavor::MariaDb, text); }
std::string a(const std::string& rest) { return kA + rest; }
std::string b(const std::string& rest) { return kB + rest; }

ErrorCode code_of(Flavor flavor, const std::string& text) {
    try {
        (void)GtidSet::parse(flavor, text);
    } catch (const Error& error) {
        EXPECT_FALSE(error.message().empty());
        return error.code();
    }
    return ErrorCode::NotSet;
}

TEST(Uuid, TextRoundTrip) {
    const auto uuid = parse_uuid(kA);
    ASSERT_TRUE(uuid);
    EXPECT_EQ(uuid_text(*uuid), kA);
    EXPECT_EQ(parse_uuid("3E11FA4771CA11E19E33C80AA9429562"), uuid);
    EXPECT_FALSE(parse_uuid(""));
    EXPECT_FALSE(parse_uuid("3e11fa47-71ca-11e1-9e33-c80aa942956"));
    EXPECT_FALSE(parse_uuid("3e11fa47-71ca-11e1-9e33-c80aa942956g"));
    EXPECT_FALSE(parse_uuid("3e11fa47071ca-11e1-9e33-c80aa9429562"));
}

TEST(GtidSet, MySqlCanonicalText) {
    EXPECT_EQ(mysql("").to_string(), "");
    EXPECT_EQ(mysql(a(":1")).to_string(), a(":1"));
    EXPECT_EQ(mysql(b(":5-9:1-2") + ",\n " + a(":3:1:2:10-11")).to_string(), a(":1-3:10-11") + "," + b(":1-2:5-9"));
    EXPECT_EQ(mysql("3E11FA4771CA11E19E33C80AA9429562 : 1 - 2 , ,").to_string(), a(":1-2"));
    EXPECT_EQ(mysql(a(":1-5,") + a(":3-7") + "," + a(":8")).to_string(), a(":1-8"));
}

TEST(GtidSet, MySqlTags) {
    const GtidSet set = mysql(a(":Tag_1:1-2:5:1:zz:9") + "," + a(":4-6"));
    EXPECT_EQ(set.to_string(), a(":4-6:tag_1:1-2:5:zz:9"));
    EXPECT_TRUE(set.contains(Gtid{MySqlGtid{*parse_uuid(kA), "tag_1", 5}}));
    EXPECT_FALSE(set.contains(Gtid{MySqlGtid{*parse_uuid(kA), "", 9}}));
    EXPECT_EQ(mysql(set.to_string()), set);
    EXPECT_EQ(gtid_text(MySqlGtid{*parse_uuid(kA), "tag_1", 5}), a(":tag_1:5"));
    EXPECT_EQ(gtid_text(MySqlGtid{*parse_uuid(kA), "", 5}), a(":5"));
}

TEST(GtidSet, RefusesWhatIsNotASet) {
    for (const std::string text : {"x", "3e11fa47:1", "0-1-2"})
        EXPECT_EQ(code_of(Flavor::MySql, text), ErrorCode::GtidSetInvalid) << text;
    for (const std::string rest : {"", ":", ":0", ":-1", ":2-1", ":1-", ":1:x", ":1-2-3", ":9223372036854775807",
                                   ":1.5", ":taggggggggggggggggggggggggggggggg:1", ":ta-g:1"}) {
        EXPECT_EQ(code_of(Flavor::MySql, a(rest)), ErrorCode::GtidSetInvalid) << rest;
    }
    for (const std::string text : {"0-1", "0-1-", "a-1-2", "0-1-2-3", "4294967296-1-2", "-1-1-1"}) {
        EXPECT_EQ(code_of(Flavor::MariaDb, text), ErrorCode::GtidSetInvalid) << text;
    }
}

TEST(GtidSet, MySqlContainment) {
    EXPECT_TRUE(mysql(a(":1-10")).contains(mysql(a(":2-3:5"))));
    EXPECT_TRUE(mysql(a(":1-10")).contains(mysql("")));
    EXPECT_FALSE(mysql(a(":1-4:6-10")).contains(mysql(a(":4-6"))));
    EXPECT_FALSE(mysql(a(":1-4")).contains(mysql(b(":1"))));
    EXPECT_FALSE(mysql("").contains(mysql(b(":1"))));
    EXPECT_EQ(mysql(""), mariadb(""));
}

TEST(GtidSet, MariaDb) {
    GtidSet set = mariadb("1-20-3, 0-1-100\n");
    EXPECT_EQ(set.to_string(), "0-1-100,1-20-3");
    EXPECT_TRUE(set.contains(Gtid{MariaDbGtid{0, 7, 100}}));
    EXPECT_FALSE(set.contains(Gtid{MariaDbGtid{0, 1, 101}}));
    EXPECT_FALSE(set.contains(Gtid{MariaDbGtid{2, 1, 1}}));
    set.add(MariaDbGtid{0, 2, 101});
    set.add(MariaDbGtid{0, 1, 50});
    EXPECT_EQ(set.to_string(), "0-2-101,1-20-3");
    EXPECT_TRUE(set.contains(mariadb("0-1-100")));
    EXPECT_FALSE(mariadb("0-1-100").contains(set));
    EXPECT_EQ(mariadb("0-1-5,0-2-9,0-3-7").to_string(), "0-2-9");
    EXPECT_EQ(mariadb("0-1-18446744073709551615").to_string(), "0-1-18446744073709551615");
}

TEST(GtidSet, MergeIsUnion) {
    GtidSet set = mysql(a(":1-3:7"));
    set.merge(mysql(a(":4-6:t:1") + "," + b(":1")));
    EXPECT_EQ(set.to_string(), a(":1-7:t:1") + "," + b(":1"));
    GtidSet empty(Flavor::MySql);
    empty.merge(mariadb("0-1-5"));
    EXPECT_EQ(empty.flavor(), Flavor::MariaDb);
}

TEST(GtidSet, RandomAddsBehaveLikeASetOfNumbers) {
    std::mt19937 random(20240611);
    for (int round = 0; round < 50; ++round) {
        GtidSet set;
        std::set<std::uint64_t> model;
        for (int i = 0; i < 60; ++i) {
            const std::uint64_t begin = 1 + random() % 80;
            const std::uint64_t end = begin + 1 + random() % 6;
            set.add(GtidSet::SidTag{*parse_uuid(kA), ""}, {begin, end});
            for (std::uint64_t n = begin; n < end; ++n) model.insert(n);
        }
        for (std::uint64_t n = 1; n < 100; ++n) {
            EXPECT_EQ(set.contains(Gtid{MySqlGtid{*parse_uuid(kA), "", n}}), model.contains(n)) << n;
        }
        EXPECT_EQ(GtidSet::parse(Flavor::MySql, set.to_string()), set);
        const auto& intervals = set.mysql().begin()->second;
        for (std::size_t i = 1; i < intervals.size(); ++i) EXPECT_LT(intervals[i - 1].end, intervals[i].begin);
    }
}

}  // namespace
}  // namespace dm::model
