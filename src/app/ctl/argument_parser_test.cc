#include "app/ctl/argument_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dm::ctl {
namespace {

using testing::ElementsAre;

ParsedArguments parse(std::string_view command, const std::vector<std::string>& words) {
    return parse_arguments(*command_tree().find_child(command), words);
}

TEST(SplitLine, FollowsTheShell) {
    EXPECT_THAT(split_line("  start-task  'a b.yaml' \"c\\\"d\" e\\ f # rest"),
                ElementsAre("start-task", "a b.yaml", "c\"d", "e f"));
    EXPECT_THAT(split_line("x ''"), ElementsAre("x", ""));
    EXPECT_THAT(split_line("a#b"), ElementsAre("a#b"));
    EXPECT_TRUE(split_line("   ").empty());
    EXPECT_TRUE(split_line("# only a comment").empty());
}

TEST(SplitLine, TakesAnUnbalancedLineAsOneWord) { EXPECT_THAT(split_line("say 'hello"), ElementsAre("say 'hello")); }

TEST(ParseArguments, MixesFlagsAndArguments) {
    const auto parsed = parse("check-task", {"--error", "3", "t.yaml", "-w=4", "-s", "a,b", "--source=c"});
    EXPECT_EQ(parsed.failure, "");
    EXPECT_THAT(parsed.arguments, ElementsAre("t.yaml"));
    EXPECT_EQ(parsed.flags.number("error", 10), 3);
    EXPECT_EQ(parsed.flags.number("warn", 10), 4);
    EXPECT_THAT(parsed.flags.list("source"), ElementsAre("a", "b", "c"));
}

TEST(ParseArguments, ASwitchTakesNoArgument) {
    const auto parsed = parse("query-status", {"--more", "task"});
    EXPECT_TRUE(parsed.flags.is_on("more"));
    EXPECT_THAT(parsed.arguments, ElementsAre("task"));
    EXPECT_FALSE(parse("query-status", {"--more=false"}).flags.is_on("more"));
}

TEST(ParseArguments, NamesWhatItDoesNotKnow) {
    EXPECT_EQ(parse("query-status", {"--foo=1"}).failure, "unknown flag: --foo");
    EXPECT_EQ(parse("query-status", {"-x"}).failure, "unknown shorthand flag: 'x' in -x");
    EXPECT_EQ(parse("operate-source", {"create", "-w"}).failure, "flag needs an argument: -w");
    EXPECT_EQ(parse("check-task", {"-e", "many"}).failure,
              "invalid argument \"many\" for \"-e, --error\" flag: not a whole number");
    EXPECT_EQ(parse("query-status", {"--more=maybe"}).failure,
              "invalid argument \"maybe\" for \"--more\" flag: use true or false");
}

TEST(ParseArguments, TwoDashesEndTheFlags) {
    const auto parsed = parse("encrypt", {"--", "-secret"});
    EXPECT_EQ(parsed.failure, "");
    EXPECT_THAT(parsed.arguments, ElementsAre("-secret"));
}

}  // namespace
}  // namespace dm::ctl
