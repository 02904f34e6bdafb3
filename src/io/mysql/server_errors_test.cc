#include "io/mysql/server_errors.h"

#include <gtest/gtest.h>

namespace dm::mysql {
namespace {

TEST(ServerErrors, LostConnectionsAreTransient) {
    for (const unsigned number : {1053U, 1927U, 2002U, 2003U, 2006U, 2013U}) {
        EXPECT_TRUE(is_connection_error(number)) << number;
        EXPECT_EQ(retry_class_of(number), RetryClass::Resume) << number;
    }
}

TEST(ServerErrors, BusyServersAreTransientOnTheSameConnection) {
    for (const unsigned number : {1021U, 1040U, 1205U, 1213U, 1290U, 1836U, 8002U, 8022U, 9001U, 9007U}) {
        EXPECT_FALSE(is_connection_error(number)) << number;
        EXPECT_EQ(retry_class_of(number), RetryClass::Resume) << number;
    }
}

TEST(ServerErrors, TidbSaysWithWordsWhatPasses) {
    EXPECT_EQ(retry_class_of(1105, "Information schema is out of date"), RetryClass::Resume);
    EXPECT_EQ(retry_class_of(1105, "cannot convert datum from bit/hex literal to type vector"), RetryClass::Never);
    EXPECT_EQ(retry_class_of(1213, "anything"), RetryClass::Resume);
}

TEST(ServerErrors, WrongStatementsAreNot) {
    for (const unsigned number : {1044U, 1045U, 1054U, 1062U, 1064U, 1142U, 1146U, 1406U}) {
        EXPECT_EQ(retry_class_of(number), RetryClass::Never) << number;
    }
}

TEST(ServerErrors, AFullServerComesWithAdvice) {
    EXPECT_NE(advice_for(1021).find("room"), std::string_view::npos);
    EXPECT_NE(advice_for(1114).find("room"), std::string_view::npos);
    EXPECT_TRUE(advice_for(1062).empty());
}

}  // namespace
}  // namespace dm::mysql
