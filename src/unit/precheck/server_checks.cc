#include "unit/precheck/server_checks.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/sql/lexer.h"

namespace dm::precheck {
namespace {

struct Expectation {
    std::string_view item;
    std::string_view variable;
    std::string_view wanted;
    std::string_view reason;
    std::string_view instruction;
};

CheckItem expect(const ServerFacts& facts, const Expectation& wish) {
    CheckItem item{.name = std::string(wish.item),
                   .about = fmt::format("check whether {} is {}", wish.variable, wish.wanted)};
    const std::string value = facts.variable(wish.variable);
    if (sql::equal_ignoring_case(value, wish.wanted)) return item;
    item.add(CheckState::Fail,
             fmt::format("{} is {}, and should be {}: {}", wish.variable, value.empty() ? "not known" : value,
                         wish.wanted, wish.reason),
             std::string(wish.instruction));
    item.instruction = wish.instruction;
    return item;
}

std::set<std::string> split(std::string_view list, bool is_case_sensitive) {
    std::set<std::string> names;
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        std::string_view name = list.substr(0, comma);
        while (name.starts_with(' ')) name.remove_prefix(1);
        if (!name.empty()) names.insert(is_case_sensitive ? std::string(name) : sql::to_lower(name));
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return names;
}

/// Binary log images exist since MySQL 5.6.2 and MariaDB 10.1.6.
bool has_row_image(const model::ServerVersion& version) {
    if (version.flavor == model::Flavor::MySql)
        return version.is_at_least(5, 7) || (version.is_at_least(5, 6) && version.patch >= 2);
    return version.is_at_least(10, 2) || (version.is_at_least(10, 1) && version.patch >= 6);
}

}  // namespace

CheckItem check_version(const ServerFacts& facts) {
    CheckItem item{.name = "mysql_version", .about = "check whether the server's version is one that has been tried"};
    const std::string text = facts.variable("version");
    const auto& version = facts.version;
    const bool is_mysql = version.flavor == model::Flavor::MySql;
    if (version.major == 0) {
        item.add(CheckState::Fail, fmt::format("the server's version '{}' cannot be read", text));
    } else if (text.find("TiDB") != std::string::npos) {
        item.add(CheckState::Warn, fmt::format("the source is TiDB ({}): it writes no MySQL binary log, so only full "
                                               "copies are possible",
                                               text));
    } else if (is_mysql ? !version.is_at_least(5, 6) : !version.is_at_least(10, 1)) {
        item.add(CheckState::Warn,
                 fmt::format("version suggested at least {}, got {}: older binary logs were not tried",
                             is_mysql ? "5.6.0" : "10.1.0 (MariaDB)", text));
    } else if (version.is_at_least(is_mysql ? 10 : 13, 0)) {
        item.add(CheckState::Warn,
                 fmt::format("version suggested earlier than {}, got {}: its binary log was not tried",
                             is_mysql ? "10.0.0" : "13.0.0 (MariaDB)", text));
    }
    return item;
}

CheckItem check_server_id(const ServerFacts& facts) {
    CheckItem item{.name = "mysql_server_id", .about = "check whether server_id is set and not 0"};
    const std::string id = facts.variable("server_id");
    if (!id.empty() && id != "0") return item;
    const std::string_view statement = "SET GLOBAL server_id = 1;";
    item.add(CheckState::Fail,
             fmt::format("server_id is {}: a server without an id of its own refuses replicas",
                         id.empty() ? "not set" : "0"),
             fmt::format("{} (any number that no other server of the replication uses; also in the server's option "
                         "file)",
                         statement));
    item.state = CheckState::Warn;
    return item;
}

CheckItem check_binlog_enabled(const ServerFacts& facts) {
    return expect(facts, {.item = "mysql_binlog_enable",
                          .variable = "log_bin",
                          .wanted = "ON",
                          .reason = "without a binary log there are no changes to replicate",
                          .instruction = "put `log-bin` under [mysqld] in the server's option file and restart it"});
}

CheckItem check_binlog_format(const ServerFacts& facts) {
    return expect(facts, {.item = "mysql_binlog_format",
                          .variable = "binlog_format",
                          .wanted = "ROW",
                          .reason = "other formats hold statements, whose effect cannot be repeated exactly",
                          .instruction = "SET GLOBAL binlog_format = 'ROW'; sessions that are open keep their format "
                                         "until they reconnect"});
}

CheckItem check_binlog_row_image(const ServerFacts& facts) {
    if (!has_row_image(facts.version))
        return {.name = "mysql_binlog_row_image", .about = "check whether binlog_row_image is FULL"};
    return expect(facts, {.item = "mysql_binlog_row_image",
                          .variable = "binlog_row_image",
                          .wanted = "FULL",
                          .reason = "other images leave columns out that are needed to repeat a change safely",
                          .instruction = "SET GLOBAL binlog_row_image = 'FULL'; sessions that are open keep their "
                                         "images until they reconnect"});
}

CheckItem check_binlog_filters(const BinlogFilters& filters, const std::set<std::string>& schemas,
                               bool is_case_sensitive) {
    CheckItem item{.name = "binlog_do_db/binlog_ignore_db check",
                   .about = "check whether all migrated schemas are written to the binary log"};
    const auto do_db = split(filters.do_db, is_case_sensitive);
    const auto ignore_db = split(filters.ignore_db, is_case_sensitive);
    std::vector<std::string> missing;
    for (const auto& schema : schemas) {
        const std::string name = is_case_sensitive ? schema : sql::to_lower(schema);
        if (do_db.empty() ? ignore_db.contains(name) : !do_db.contains(name)) missing.push_back(schema);
    }
    if (missing.empty()) return item;
    item.add(CheckState::Warn,
             fmt::format("these dbs [{}] are {}: their changes are not in the binary log and would be lost",
                         fmt::join(missing, " "), do_db.empty() ? "in binlog_ignore_db" : "not in binlog_do_db"),
             do_db.empty() ? "take them out of `binlog-ignore-db` in the server's option file and restart it"
                           : "add them as `binlog-do-db` in the server's option file and restart it");
    item.state = CheckState::Fail;
    return item;
}

namespace {

void check_connections(CheckItem& item, const ServerFacts& facts, std::uint64_t needed, CheckState worst,
                       std::string_view knob) {
    const std::uint64_t most = facts.number("max_connections");
    if (most == 0) return;
    const std::uint64_t used = std::min(facts.connections_used, most);
    const std::string instruction =
        fmt::format("SET GLOBAL max_connections = {}; or lower {}", used + needed + 10, knob);
    if (needed > most) {
        item.add(worst, fmt::format("max_connections is {}, less than the {} that this task needs", most, needed),
                 instruction);
    } else if (needed > most - used) {
        item.add(CheckState::Warn,
                 fmt::format("max_connections is {} and {} are in use, which leaves less than the {} that this task "
                             "needs",
                             most, used, needed),
                 instruction);
    }
}

}  // namespace

CheckItem check_reader_connections(const ServerFacts& facts, std::uint64_t needed) {
    CheckItem item{.name = "dumper_conn_number_checker",
                   .about = "check whether the source has room for the connections that read existing data"};
    check_connections(item, facts, needed, CheckState::Fail, "`threads` of mydumpers");
    return item;
}

CheckItem check_writer_connections(const ServerFacts& facts, std::uint64_t needed) {
    CheckItem item{.name = "loader_conn_number_checker",
                   .about = "check whether the target has room for the connections that write existing data"};
    check_connections(item, facts, needed, CheckState::Warn, "`pool-size` of loaders");
    return item;
}

}  // namespace dm::precheck
