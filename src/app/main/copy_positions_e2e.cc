#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/main/process.h"
#include "base/error.h"
#include "base/log.h"
#include "io/mysql/mysql_session.h"
#include "unit/copy/start_point.h"

/// Takes places in a live server's binlog as the copy does and prints what reads see there, so often.
/// One line each, fields apart by tabs: LOW, the rows, HIGH. A place is "file:offset set"; the rows are the largest `n`
/// of each `w` of the table d.t (w, n), as "w:n,w:n". The place "snapshot" has no HIGH; "unguarded" is what a naive
/// program would take for LOW.
namespace dm {
namespace {

struct Options {
    mysql::ConnectOptions server;
    std::string place;
    int looks = 1;
};

const model::TableName kTable{"d", "t"};

std::string place_text(const model::Location& location) {
    return fmt::format("{}:{} {}", location.position.file, location.position.offset, location.gtid_set.to_string());
}

std::string visible_rows(sql::SqlSession& session) {
    const auto result = session.query("SELECT w, MAX(n) AS n FROM d.t GROUP BY w");
    std::string text;
    for (std::size_t i = 0; i < result.rows.size(); ++i)
        text += fmt::format("{}{}:{}", text.empty() ? "" : ",", result.text(i, "w"), result.text(i, "n"));
    return text;
}

/// What the server says of itself, with nothing that makes the reads wait for it.
model::Location measure_unguarded(sql::SqlSession& session) {
    const model::ServerVersion& version = session.version();
    const bool is_mariadb = version.flavor == model::Flavor::MariaDb;
    const auto status =
        session.query(!is_mariadb && version.is_at_least(8, 2) ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS");
    std::string set = status.text(0, "Executed_Gtid_Set");
    if (is_mariadb) set = session.query("SELECT @@GLOBAL.gtid_binlog_pos AS g").text(0, "g");
    return {.position = {.file = status.text(0, "File"), .offset = std::stoull(status.text(0, "Position"))},
            .gtid_set = model::GtidSet::parse(version.flavor, set)};
}

std::string measure(const std::string& place, sql::SqlSession& session, sql::SqlSession& helper) {
    SystemClock clock;
    const copy::LockPatience patience{.clock = clock, .stop = {}};
    if (place == "snapshot") {
        const auto location = copy::open_snapshot(session, helper, copy::LocationUse::ByGtid, kTable, patience);
        std::string line = fmt::format("{}\t{}\t", place_text(location), visible_rows(session));
        session.execute("COMMIT");
        return line;
    }
    const auto use = place == "gtid" ? copy::LocationUse::ByGtid : copy::LocationUse::ByPosition;
    const auto low =
        place == "unguarded" ? measure_unguarded(session) : copy::measure_low(session, use, {&kTable, 1}, patience);
    const std::string rows = visible_rows(session);
    return fmt::format("{}\t{}\t{}", place_text(low), rows, place_text(copy::measure_high(session)));
}

int look(const Options& options) {
    log::configure({.file = "/dev/stderr"});  // the other holds nothing but looks
    const auto connect = mysql::make_connector(options.server);
    const auto session = connect();
    const auto helper = connect();
    session->execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    for (int i = 0; i < options.looks; ++i) std::cout << measure(options.place, *session, *helper) << '\n';
    return 0;
}

int run(int argc, char** argv) {
    CLI::App app("Places in the binlog and what reads see there");
    Options options;
    app.add_option("--port", options.server.port)->required();
    app.add_option("--user", options.server.user)->required();
    app.add_option("--password", options.server.password);
    app.add_option("--looks", options.looks);
    app.add_option("place", options.place)
        ->required()
        ->check(CLI::IsMember(std::vector<std::string>{"gtid", "position", "snapshot", "unguarded"}));
    CLI11_PARSE(app, argc, argv);
    return look(options);
}

}  // namespace
}  // namespace dm

int main(int argc, char** argv) {
    return dm::process::run([&] { return dm::run(argc, argv); });
}
