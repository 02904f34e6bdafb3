#include "unit/precheck/server_facts.h"

#include <charconv>

#include "core/sql/lexer.h"

namespace dm::precheck {
namespace {

std::uint64_t to_number(std::string_view digits) {
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

sql::ResultSet query_binlog_status(sql::SqlSession& session) {
    const auto& version = session.version();
    const bool is_renamed = version.flavor == model::Flavor::MySql && version.is_at_least(8, 2);
    return session.query(is_renamed ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS");
}

}  // namespace

std::string ServerFacts::variable(std::string_view name) const {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
}

std::uint64_t ServerFacts::number(std::string_view name) const { return to_number(variable(name)); }

ServerFacts read_server_facts(sql::SqlSession& session) {
    ServerFacts facts;
    facts.version = session.version();
    const auto variables = session.query(
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version','server_id','log_bin','binlog_format',"
        "'binlog_row_image','gtid_mode','max_connections','lower_case_table_names')");
    for (std::size_t row = 0; row < variables.rows.size(); ++row) {
        facts.variables[sql::to_lower(variables.text(row, "Variable_name"))] = variables.text(row, "Value");
    }
    facts.connections_used = to_number(session.query("SHOW GLOBAL STATUS LIKE 'Threads_connected'").text(0, "Value"));
    return facts;
}

BinlogFilters read_binlog_filters(sql::SqlSession& session) {
    const auto status = query_binlog_status(session);
    return {.do_db = status.text(0, "Binlog_Do_DB"), .ignore_db = status.text(0, "Binlog_Ignore_DB")};
}

model::Location read_binlog_end(sql::SqlSession& session) {
    const auto status = query_binlog_status(session);
    ensure(!status.rows.empty(), ErrorCode::MasterStatusEmpty, "the upstream does not say where its binlog is");
    const auto flavor = session.version().flavor;
    const std::string gtids = flavor == model::Flavor::MariaDb
                                  ? session.query("SELECT @@global.gtid_binlog_pos AS g").text(0, "g")
                                  : status.text(0, "Executed_Gtid_Set");
    return {.position = {.file = status.text(0, "File"), .offset = to_number(status.text(0, "Position"))},
            .gtid_set = model::GtidSet::parse(flavor, gtids)};
}

}  // namespace dm::precheck
