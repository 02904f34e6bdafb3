#include "core/sql/collations.h"

#include <gtest/gtest.h>

#include "core/sql/test_versions.h"

namespace dm::sql {
namespace {

using namespace testing;

TEST(AdaptCollation, TidbNeverMakesEqualWhatWasNot) {
    for (const auto& [upstream, target] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
             {"utf8mb4_0900_ai_ci", "utf8mb4_0900_ai_ci"},
             {"utf8mb4_unicode_520_ci", "utf8mb4_0900_ai_ci"},
             {"utf8mb4_uca1400_ai_ci", "utf8mb4_0900_ai_ci"},
             {"uca1400_ai_ci", "utf8mb4_0900_ai_ci"},
             {"utf8mb4_0900_as_cs", "utf8mb4_bin"},
             {"utf8mb4_swedish_ci", "utf8mb4_bin"},
             {"latin1_swedish_ci", "latin1_bin"},
             {"utf8mb3_general_ci", "utf8mb3_general_ci"},
             {"cp1251_general_ci", "utf8mb4_bin"}}) {
        EXPECT_EQ(adapt_collation(upstream, kTidb), target) << upstream;
    }
}

TEST(AdaptCollation, MapsTheNewestCollationsOfEachFamily) {
    EXPECT_EQ(adapt_collation("utf8mb4_0900_ai_ci", kMariaDb1011), "utf8mb4_uca1400_nopad_ai_ci");
    EXPECT_EQ(adapt_collation("utf8mb4_0900_as_cs", kMariaDb1011), "utf8mb4_uca1400_nopad_as_cs");
    EXPECT_EQ(adapt_collation("utf8mb4_0900_bin", kMariaDb1011), "utf8mb4_nopad_bin");
    EXPECT_EQ(adapt_collation("utf8mb4_de_pb_0900_ai_ci", kMariaDb1011), "utf8mb4_uca1400_german2_nopad_ai_ci");
    EXPECT_EQ(adapt_collation("utf8mb4_ru_0900_as_cs", kMariaDb1011), "utf8mb4_uca1400_nopad_as_cs");
    EXPECT_EQ(adapt_collation("utf8mb4_uca1400_swedish_nopad_as_ci", kMySql97), "utf8mb4_sv_0900_as_cs");
    EXPECT_EQ(adapt_collation("utf8mb4_uca1400_croatian_ai_ci", kMySql97), "utf8mb4_hr_0900_ai_ci");
    EXPECT_EQ(adapt_collation("utf8mb4_0900_ai_ci", kMariaDb105), "utf8mb4_unicode_520_nopad_ci");
    EXPECT_EQ(adapt_collation("utf8mb4_uca1400_ai_ci", kMySql97), "utf8mb4_0900_ai_ci");
    EXPECT_EQ(adapt_collation("utf8mb4_uca1400_nopad_as_cs", kMySql97), "utf8mb4_0900_as_cs");
    EXPECT_EQ(adapt_collation("uca1400_as_ci", kMySql97), "utf8mb4_0900_as_ci");
    EXPECT_EQ(adapt_collation("utf8mb3_uca1400_ai_ci", kMySql97), "utf8mb3_unicode_520_ci");
    EXPECT_EQ(adapt_collation("latin1_swedish_nopad_ci", kMySql97), "latin1_swedish_ci");
    EXPECT_EQ(adapt_collation("utf8mb4_uca1400_ai_ci", kMySql57), "utf8mb4_unicode_520_ci");
    EXPECT_EQ(adapt_collation("utf8mb4_general_ci", kMariaDb1011), "utf8mb4_general_ci");
}

TEST(AdaptKeyCollation, TellsApartWhatUpstreamDoes) {
    EXPECT_EQ(adapt_key_collation("utf8mb4_0900_ai_ci", kMariaDb1011), "utf8mb4_uca1400_nopad_ai_ci");
    EXPECT_EQ(adapt_key_collation("utf8mb4_0900_ai_ci", kMariaDb105), "utf8mb4_unicode_520_nopad_ci");
    EXPECT_EQ(adapt_key_collation("utf8mb4_es_0900_ai_ci", kMariaDb1011), "utf8mb4_uca1400_spanish_nopad_ai_ci");
    EXPECT_EQ(adapt_key_collation("utf8mb4_es_0900_ai_ci", kMariaDb105), "utf8mb4_nopad_bin");
    EXPECT_EQ(adapt_key_collation("utf8mb4_sv_0900_ai_ci", kMariaDb1011), "utf8mb4_nopad_bin");
    EXPECT_EQ(adapt_key_collation("utf8mb4_sv_0900_as_cs", kMariaDb1011), "utf8mb4_uca1400_swedish_nopad_as_cs");
    EXPECT_EQ(adapt_key_collation("utf8mb4_uca1400_swedish_ai_ci", kMySql97), "utf8mb4_bin");
    EXPECT_EQ(adapt_key_collation("utf8mb4_general_nopad_ci", kMySql97), "utf8mb4_0900_bin");
    EXPECT_EQ(adapt_key_collation("utf8mb4_unicode_520_ci", kTidb), "utf8mb4_bin");
    EXPECT_EQ(adapt_key_collation("utf8mb4_general_ci", kMySql97), "utf8mb4_general_ci");
}

TEST(AdaptKeyCollation, WhereTrailingSpacesAreLostAnywayTheNearestRemains) {
    EXPECT_EQ(adapt_key_collation("utf8mb4_0900_ai_ci", kMySql57), "utf8mb4_unicode_520_ci");
    EXPECT_EQ(adapt_key_collation("latin1_swedish_nopad_ci", kMySql97), "latin1_swedish_ci");
    EXPECT_EQ(adapt_key_collation("utf8mb4_0900_as_cs", kMySql57), "utf8mb4_bin");
}

TEST(IsAsFine, KnowsWhatIsAlike) {
    using Pair = std::pair<std::string_view, std::string_view>;
    for (const auto& [source, target] : {Pair{"latin1_swedish_ci", "latin1_swedish_ci"},
                                         {"utf8_general_ci", "utf8mb3_general_ci"},
                                         {"utf8mb3_general_ci", "utf8mb4_general_ci"},
                                         {"utf8mb4_general_ci", "utf8mb4_general_nopad_ci"},
                                         {"cp1251_general_ci", "utf8mb4_bin"},
                                         {"utf8mb4_0900_ai_ci", "utf8mb4_0900_as_cs"},
                                         {"utf8mb4_uca1400_ai_ci", "utf8mb4_unicode_520_ci"},
                                         {"utf8mb4_ru_0900_ai_ci", "utf8mb4_uca1400_nopad_ai_ci"},
                                         {"utf8mb4_general_ci", "binary"},
                                         {"binary", "utf8mb4_nopad_bin"},
                                         {"", "utf8mb4_general_ci"}}) {
        EXPECT_TRUE(is_as_fine(source, target)) << source << " " << target;
    }
}

TEST(IsAsFine, DoubtsTheRest) {
    using Pair = std::pair<std::string_view, std::string_view>;
    for (const auto& [source, target] : {Pair{"utf8mb4_bin", "utf8mb4_general_ci"},
                                         {"utf8mb4_0900_ai_ci", "utf8mb4_bin"},
                                         {"utf8mb4_0900_ai_ci", "utf8mb4_uca1400_ai_ci"},
                                         {"utf8mb4_0900_as_cs", "utf8mb4_0900_ai_ci"},
                                         {"utf8mb4_sv_0900_ai_ci", "utf8mb4_0900_ai_ci"},
                                         {"utf8mb4_unicode_520_ci", "utf8mb4_0900_ai_ci"},
                                         {"utf8mb4_general_ci", "latin1_bin"},
                                         {"latin1_swedish_ci", "utf8mb4_swedish_ci"},
                                         {"binary", "utf8mb4_bin"},
                                         {"utf8mb4_bin", ""}}) {
        EXPECT_FALSE(is_as_fine(source, target)) << source << " " << target;
    }
}

}  // namespace
}  // namespace dm::sql
