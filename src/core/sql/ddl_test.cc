#include "core/sql/ddl.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/sql/case_file.h"
#include "core/sql/sql_mode.h"

namespace dm::sql {
namespace {

const std::string kCases = std::string(DM_SOURCE_DIR) + "/tests/cases/sql/";

ParseContext context_of(const TestCase& one) {
    ParseContext context{.default_schema = "db"};
    for (const auto& [name, value] : one.directives) {
        if (name == "schema") context.default_schema = value;
        if (name == "mariadb") context.is_mariadb = true;
        if (name == "tidb") context.is_tidb = true;
        if (name == "lower") context.lowers_names = true;
        if (name == "version") context.server_version = std::stoi(value);
        if (name == "mode" && value == "ANSI_QUOTES") context.sql_mode |= kModeAnsiQuotes;
        if (name == "mode" && value == "NO_BACKSLASH_ESCAPES") context.sql_mode |= kModeNoBackslashEscapes;
    }
    return context;
}

std::string_view role_name(TableMention::Role role) {
    switch (role) {
        case TableMention::Role::Target:
            return "target";
        case TableMention::Role::RenameFrom:
            return "from";
        case TableMention::Role::RenameTo:
            return "to";
        case TableMention::Role::LikeSource:
            return "like";
        case TableMention::Role::ForeignParent:
            return "parent";
        case TableMention::Role::Companion:
            return "companion";
    }
    return "";
}

/// Kind, flags, then one line per table with the text it was read from.
std::string describe(const TestCase& one) {
    const StatementInfo info = classify(one.input, context_of(one));
    std::string text(kind_name(info.kind));
    if (info.is_temporary) text += " temporary";
    if (info.has_if_exists) text += " if-exists";
    text += '\n';
    for (const auto& mention : info.tables) {
        text += mention.is_schema_only
                    ? "schema " + mention.name.schema
                    : std::string(role_name(mention.role)) + ' ' + mention.name.schema + '.' + mention.name.table;
        text += " <" + one.input.substr(mention.span.begin, mention.span.size()) + ">\n";
    }
    return text;
}

/// Routes schema db to out unless a directive says otherwise; prints the statements and what they touch.
std::string rewrite(const TestCase& one) {
    const auto split = [](const std::string& name) {
        const auto dot = name.find('.');
        return dot == std::string::npos ? model::TableName{name, ""}
                                        : model::TableName{name.substr(0, dot), name.substr(dot + 1)};
    };
    const RouteFunction route = [&](const model::TableName& name) {
        for (const auto& [key, value] : one.directives) {
            const auto words = words_of(value);
            if (key == "route" && split(words.at(0)) == name) return split(words.at(1));
        }
        return model::TableName{name.schema == "db" ? "out" : name.schema, name.table};
    };
    const AcceptFunction accept = [&](const model::TableName& name) {
        for (const auto& [key, value] : one.directives) {
            if (key == "reject" && split(value) == name) return false;
        }
        return true;
    };
    SplitOptions options;
    options.splits_alter = one.directive("split") == "yes";
    options.splits_rename = one.directive("split") == "rename";
    std::string text;
    for (const auto& ddl : split_and_route(one.input, context_of(one), route, accept, options)) {
        text += ddl.text + "\n  [" + std::string(kind_name(ddl.kind)) + ']';
        for (std::size_t i = 0; i < ddl.sources.size(); ++i) {
            text += ' ' + ddl.sources[i].schema + '.' + ddl.sources[i].table + "->" + ddl.targets[i].schema + '.' +
                    ddl.targets[i].table;
        }
        text += '\n';
    }
    return text;
}

template <typename Run>
void run_file(const std::string& file, const Run& run) {
    const auto guarded = [&](const TestCase& one) -> std::string {
        try {
            return run(one);
        } catch (const Error& error) {
            return "error " + std::to_string(static_cast<int>(error.code())) + ": " + error.message() + "\n";
        }
    };
    run_cases(kCases + file, guarded, [&](const TestCase& one, const std::string& actual) {
        EXPECT_EQ(actual, one.expected) << file << ": " << one.title << "\n" << one.input;
    });
}

TEST(Classify, ReadsTheCases) { run_file("classify.test", describe); }
TEST(SplitAndRoute, WritesTheCases) { run_file("rewrite.test", rewrite); }

TEST(Classify, EveryTruncationIsAnswerOrError) {
    for (const char* file : {"classify.test", "rewrite.test"}) {
        for (const auto& one : read_cases(kCases + file)) {
            for (std::size_t size = 0; size < one.input.size(); ++size) {
                try {
                    (void)classify(one.input.substr(0, size), context_of(one));
                } catch (const Error& error) {
                    EXPECT_EQ(error.code(), ErrorCode::ParseSql) << one.input.substr(0, size);
                }
            }
        }
    }
}

}  // namespace
}  // namespace dm::sql
