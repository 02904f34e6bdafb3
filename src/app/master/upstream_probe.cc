#include "app/master/upstream_probe.h"

#include <charconv>
#include <random>
#include <set>

#include <fmt/format.h>

#include "base/log.h"

namespace dm::master {
namespace {

constexpr std::uint32_t kFirstServerId = 429496729;
constexpr std::uint32_t kServerIdSpread = 100'000;

std::string variable(sql::SqlSession& session, std::string_view name) {
    const auto result = session.query(fmt::format("SHOW GLOBAL VARIABLES LIKE '{}'", name));
    return result.text(0, "Value");
}

void add_id(std::set<std::uint32_t>& ids, const std::string& text) {
    std::uint32_t id = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), id).ec == std::errc{}) ids.insert(id);
}

/// MySQL has SHOW REPLICAS since 8.0.22 and SHOW SLAVE HOSTS until 8.3.
bool shows_replicas(const model::ServerVersion& version) {
    if (version.flavor != model::Flavor::MySql) return false;
    return version.is_at_least(8, 1) || (version.is_at_least(8, 0) && version.patch >= 22);
}

/// Ids that are in use around this server. A server that does not tell its replicas is no obstacle.
std::set<std::uint32_t> used_server_ids(sql::SqlSession& session) {
    std::set<std::uint32_t> ids;
    add_id(ids, variable(session, "server_id"));
    try {
        const auto replicas = session.query(shows_replicas(session.version()) ? "SHOW REPLICAS" : "SHOW SLAVE HOSTS");
        for (std::size_t row = 0; row < replicas.rows.size(); ++row) {
            add_id(ids, replicas.text(row, "Server_id"));  // in 8.0.22 and later Server_Id
        }
    } catch (const Error& error) {
        log::warn("the upstream does not list its replicas; a server id is chosen without them",
                  {{"error", error.what()}});
    }
    return ids;
}

std::uint32_t choose_server_id(sql::SqlSession& session) {
    const auto used = used_server_ids(session);
    std::random_device entropy;
    std::uniform_int_distribution<std::uint32_t> spread(0, kServerIdSpread - 1);
    std::uint32_t id = kFirstServerId + spread(entropy);
    while (used.contains(id)) ++id;
    return id;
}

}  // namespace

void adjust_source(config::SourceConfig& source, sql::SqlSession& session) {
    const model::Flavor flavor = session.version().flavor;
    if (source.flavor.empty()) source.flavor = model::flavor_name(flavor);
    ensure(source.flavor == model::flavor_name(flavor), ErrorCode::FlavorUnsupported,
           fmt::format("source {} is configured with flavor {}, but the server is {}; correct `flavor` or leave it out",
                       source.source_id.str(), source.flavor, model::flavor_name(flavor)));
    if (source.server_id == 0) source.server_id = choose_server_id(session);
    if (variable(session, "log_bin") == "OFF") {
        log::warn("the upstream's binary log is off: only full copies are possible",
                  {{"source", source.source_id.str()}});
    }
    if (!source.enable_gtid || flavor == model::Flavor::MariaDb) return;
    const std::string mode = variable(session, "gtid_mode");
    ensure(
        mode == "ON", ErrorCode::CheckGtidMode,
        fmt::format("source {} has `enable-gtid: true`, but the server's gtid_mode is {}; switch it ON there or leave "
                    "`enable-gtid` out",
                    source.source_id.str(), mode.empty() ? "not known" : mode));
}

}  // namespace dm::master
