#include "core/sql/sql_mode.h"

#include <gtest/gtest.h>

namespace dm::sql {
namespace {

std::string mode(std::string_view base, std::uint64_t bits, bool is_from_mariadb, const char* target) {
    return statement_sql_mode(base, bits, is_from_mariadb, model::parse_server_version(target));
}

TEST(StatementSqlModeTest, meanings_are_the_events_and_the_rest_is_the_sessions) {
    EXPECT_EQ(mode("REAL_AS_FLOAT,PIPES_AS_CONCAT,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO", kModeHighNotPrecedence,
                   false, "8.0.36"),
              "ALLOW_INVALID_DATES,HIGH_NOT_PRECEDENCE,NO_DIR_IN_CREATE");
    EXPECT_EQ(mode("STRICT_ALL_TABLES", kModeRealAsFloat | kModePadCharToFullLength | kModeNoAutoValueOnZero, false,
                   "5.6.51"),
              "STRICT_ALL_TABLES,REAL_AS_FLOAT,NO_AUTO_VALUE_ON_ZERO,PAD_CHAR_TO_FULL_LENGTH,NO_DIR_IN_CREATE");
    EXPECT_EQ(mode("", kModeStrictAllTables | kModeNoUnsignedSubtraction, false, "8.0.36"),
              "NO_UNSIGNED_SUBTRACTION,NO_DIR_IN_CREATE");
}

TEST(StatementSqlModeTest, quotes_are_always_read_as_the_rewriter_writes_them) {
    EXPECT_EQ(mode("REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ANSI,NO_BACKSLASH_ESCAPES,NO_DIR_IN_CREATE",
                   kModeAnsiQuotes | kModeNoBackslashEscapes, false, "8.0.36"),
              "NO_DIR_IN_CREATE");
}

TEST(StatementSqlModeTest, oracles_words_are_mariadbs_only) {
    constexpr std::uint64_t kBits = kModeOracle | kModeAnsiQuotes;
    EXPECT_EQ(mode("", kBits, true, "10.11.6-MariaDB"), "ORACLE,NO_DIR_IN_CREATE");
    EXPECT_EQ(mode("", kBits, true, "5.7.44"), "NO_DIR_IN_CREATE");
    EXPECT_EQ(mode("", kBits, false, "5.7.44"), "NO_DIR_IN_CREATE");
}

TEST(StatementSqlModeTest, fractions_of_a_second_are_cut_or_rounded_as_upstream) {
    const std::string round = "TIME_ROUND_FRACTIONAL,NO_DIR_IN_CREATE";
    const std::string truncate = "TIME_TRUNCATE_FRACTIONAL,NO_DIR_IN_CREATE";
    const std::string plain = "NO_DIR_IN_CREATE";
    EXPECT_EQ(mode("", 0, false, "10.11.6-MariaDB"), round);
    EXPECT_EQ(mode("TIME_ROUND_FRACTIONAL", 0, true, "10.11.6-MariaDB"), plain);
    EXPECT_EQ(mode("", kModeRoundFractions, true, "10.11.6-MariaDB"), round);
    EXPECT_EQ(mode("", kModeTruncateFractions, false, "10.11.6-MariaDB"), plain);
    EXPECT_EQ(mode("", 0, true, "8.0.36"), truncate);
    EXPECT_EQ(mode("", kModeRoundFractions, true, "8.0.36"), plain);
    EXPECT_EQ(mode("", kModeTruncateFractions, false, "8.0.36"), truncate);
    // These have no word for it.
    EXPECT_EQ(mode("", 0, true, "5.7.44"), plain);
    EXPECT_EQ(mode("", 0, false, "10.3.39-MariaDB"), plain);
    EXPECT_EQ(mode("", 0, true, "8.0.11-TiDB-v7.5.0"), plain);
}

}  // namespace
}  // namespace dm::sql
