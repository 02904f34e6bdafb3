#include "app/worker/unit_factory.h"

#include <utility>

#include "base/log.h"
#include "base/retry.h"
#include "core/rules/table_filter.h"
#include "core/rules/table_router.h"
#include "io/mysql/binlog_stream.h"
#include "io/mysql/db_options.h"
#include "io/mysql/mysql_session.h"
#include "unit/copy/copy_unit.h"
#include "unit/sync/sync_unit.h"
#include "unit/target/downstream.h"
#include "unit/target/fence.h"
#include "unit/target/sync_checkpoint.h"

namespace dm::worker {
namespace {

/// Some 3 seconds: connections that are cut, not servers that are away.
constexpr RetryPolicy kConnectPolicy{
    .max_attempts = 6, .initial_wait = std::chrono::milliseconds(100), .max_wait = std::chrono::seconds(2)};

constexpr auto kAnswerTimeout = std::chrono::seconds(5);

target::SessionVariables user_variables(const config::DbConfig& db) { return {db.session.begin(), db.session.end()}; }

void warn_of_no_effect(const target::SessionVariables& variables, std::string_view side) {
    for (const auto& [name, value] : variables) {
        if (target::is_own_variable(name))
            log::warn("a session variable of the configuration has no effect", {{"side", side}, {"variable", name}});
    }
}

sql::SqlConnector upstream_connector(const config::SubTaskConfig& config) {
    warn_of_no_effect(user_variables(config.from), "upstream");
    return target::with_session_variables(
        mysql::make_connector(mysql::connect_options(config.from, ErrorScope::Upstream)),
        target::upstream_session_variables(user_variables(config.from)));
}

sql::SqlConnector downstream_connector(const config::SubTaskConfig& config, const sql::SqlConnector& upstream) {
    warn_of_no_effect(user_variables(config.to), "downstream");
    const auto session = upstream();
    const std::string sql_mode = session->query("SELECT @@GLOBAL.sql_mode AS mode").text(0, "mode");
    sql::SqlConnector connect = mysql::make_connector(mysql::connect_options(config.to, ErrorScope::Downstream));
    const auto downstream = connect();
    const model::ServerVersion& version = downstream->version();
    target::SessionVariables variables = target::charset_variables(*session, *downstream);
    for (auto& variable :
         target::downstream_session_variables({.user_variables = user_variables(config.to),
         .upstream_sql_mode = sql_mode,
         .checks_constraints = version.flavor == model::Flavor::MariaDb && version.is_at_least(10, 2)}))
        variables.push_back(std::move(variable));
    return target::with_session_variables(std::move(connect), std::move(variables));
}

/// Whether replication of this source has recorded a place already.
bool has_sync_checkpoint(const config::SubTaskConfig& config, const sql::SqlConnector& downstream,
                         model::Flavor flavor) {
    const auto session = downstream();
    const target::SyncCheckpoint checkpoint(config.meta_schema, config.name.str(), config.source_id.str(), flavor);
    checkpoint.prepare(*session);
    return checkpoint.load(*session).global.has_value();
}

std::unique_ptr<target::Unit> make_copy(const config::SubTaskConfig& config, const UnitSurroundings& surroundings,
                                        sql::SqlConnector upstream, sql::SqlConnector downstream) {
    copy::CopyOptions options = copy::copy_options(config);
    const auto online = config::online_ddl_names(config);
    options.is_sync_fresh = !has_sync_checkpoint(config, downstream, upstream()->version().flavor);
    return std::make_unique<copy::CopyUnit>(
        std::move(options),
        copy::CopyEnvironment{
            .upstream = std::move(upstream),
            .downstream = std::move(downstream),
            .filter = std::make_shared<const rules::TableFilter>(config.block_allow, config.case_sensitive, online),
            .router = std::make_shared<const rules::TableRouter>(config.route_rules, config.case_sensitive, online),
            .clock = &surroundings.clock});
}

std::unique_ptr<target::Unit> make_sync(const config::SubTaskConfig& config, const UnitSurroundings& surroundings,
                                        sql::SqlConnector upstream, sql::SqlConnector downstream) {
    const mysql::BinlogStream::Options stream{.connect = mysql::connect_options(config.from, ErrorScope::Upstream),
                                              .host_name = surroundings.worker};
    return std::make_unique<sync::SyncUnit>(
        config,
        sync::SyncUnit::Dependencies{.upstream = std::move(upstream),
                                     .downstream = std::move(downstream),
                                     .open_source = [stream] { return std::make_unique<mysql::BinlogStream>(stream); },
                                     .clock = surroundings.clock,
                                     .metrics = surroundings.metrics,
                                     .worker_name = surroundings.worker});
}

}  // namespace

UnitFactory make_unit_factory(UnitSurroundings surroundings) {
    return [surroundings = std::move(surroundings)](UnitKind kind, const config::SubTaskConfig& config,
                                                    std::stop_token stop) {
        const sql::SqlConnector upstream = upstream_connector(config);
        std::unique_ptr<target::Unit> unit;
        const auto make = [&] {
            const target::Fence fence(
                {.meta_schema = config.meta_schema, .task = config.name, .source = config.source_id},
                downstream_connector(config, upstream), surroundings.clock, stop);
            unit = kind == UnitKind::Copy ? make_copy(config, surroundings, upstream, fence.connector())
                                          : make_sync(config, surroundings, upstream, fence.connector());
        };
        retry(kConnectPolicy, surroundings.clock, stop, make, [&](const Error& error, Clock::Duration wait) {
            log::warn("connecting for a unit failed, it is tried again",
                      {{"task", config.name.str()}, {"wait_ms", wait.count() / 1'000'000}, {"error", error.what()}});
        });
        return unit;
    };
}

sql::SqlConnector source_connector(const config::DbConfig& source) {
    mysql::ConnectOptions options = mysql::connect_options(source, ErrorScope::Upstream);
    options.connect_timeout = kAnswerTimeout;
    options.read_timeout = kAnswerTimeout;
    options.write_timeout = kAnswerTimeout;
    return mysql::make_connector(std::move(options));
}

}  // namespace dm::worker
