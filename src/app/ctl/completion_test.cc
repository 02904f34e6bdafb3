#include "app/ctl/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dm::ctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

TEST(CompletionTest, OffersCommandsAndTheirParts) {
    EXPECT_THAT(completions("", "list-m"), ElementsAre("list-member"));
    EXPECT_THAT(completions("", "e"), ElementsAre("encrypt", "exit"));
    EXPECT_THAT(completions("", ""), Not(Contains("get-config"))) << "hidden";
    EXPECT_THAT(completions("config ", "ta"), ElementsAre("task", "task-template"));
    EXPECT_THAT(completions("help ", "start-t"), ElementsAre("start-task"));
    EXPECT_THAT(completions("help ", "ex"), IsEmpty());
}

TEST(CompletionTest, OffersFlagsAndTheirFewValues) {
    EXPECT_THAT(completions("query-status shop ", "--w"), ElementsAre("--watch"));
    EXPECT_THAT(completions("query-status --output ", ""), ElementsAre("json", "table"));
    EXPECT_THAT(completions("", "--"), ElementsAre("--help", "--source"));
    EXPECT_THAT(completions("start-task ", "my"), IsEmpty()) << "a file's name";
    EXPECT_THAT(completions("query-status --source ", ""), IsEmpty());
}

}  // namespace
}  // namespace dm::ctl
