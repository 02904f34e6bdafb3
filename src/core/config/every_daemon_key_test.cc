#include <set>

#include <gtest/gtest.h>

#include "core/config/document.h"
#include "core/config/master_config.h"
#include "core/config/worker_config.h"

namespace dm::config {
namespace {

constexpr std::string_view kSecurity = R"(
ssl-ca = "ca.pem"
ssl-cert = "cert.pem"
ssl-key = "key.pem"
cert-allowed-cn = ["a", "b"]
ssl-ca-base64 = "Y2E="
ssl-cert-base64 = "Y2VydA=="
)";

constexpr std::string_view kMaster = R"(
config-file = "old.toml"
name = "m1"
master-addr = "10.0.0.1:8261"
advertise-addr = "10.0.0.2:8261"
peer-urls = "https://10.0.0.1:8291"
advertise-peer-urls = "https://10.0.0.2:8291"
initial-cluster = "m1=https://10.0.0.2:8291"
initial-cluster-state = "existing"
join = "https://10.0.0.3:8261"
data-dir = "data"
log-level = "debug"
log-file = "m.log"
log-format = "json"
log-rotate = "day"
rpc-timeout = "31s"
rpc-rate-limit = 11.5
rpc-rate-burst = 41
max-txn-ops = 2049
max-request-bytes = 1572865
auto-compaction-mode = "revision"
auto-compaction-retention = "5"
quota-backend-bytes = 2147483649
openapi = true
v1-sources-path = "v1"
secret-key-path = "key"
)";

constexpr std::string_view kWorker = R"(
config-file = "old.toml"
name = "w1"
worker-addr = "10.0.0.1:8262"
advertise-addr = "10.0.0.2:8262"
join = "https://10.0.0.3:8261"
keepalive-ttl = 61
relay-keepalive-ttl = 1801
relay-dir = "relay"
redact-info-log = true
log-level = "debug"
log-file = "w.log"
log-format = "json"
log-rotate = "day"
)";

MasterConfig master(const std::string& text) {
    return parse_master_arguments(
               {"-config", "f"}, [&](const std::string&) { return text; }, "host")
        .config;
}

WorkerConfig worker(const std::string& text) {
    return parse_worker_arguments({"-config", "f"}, [&](const std::string&) { return text; }).config;
}

std::map<std::string, std::string> values_of(const std::string& toml) {
    std::map<std::string, std::string> values;
    for (const auto& [key, value] : parse_toml(toml, {}).fields) {
        std::string text = value.text;
        for (const Node& item : value.items) text += item.text + ",";
        values[key] = text;
    }
    return values;
}

/// Every printed key is in the text with the value that is printed, which is not the default; what is printed reads
/// back as the same.
template <typename Parse>
void expect_round_trip(const std::string& text, const std::string& minimal, const Parse& parse,
                       const std::set<std::string>& exceptions) {
    const auto config = parse(text);
    const auto written = values_of(text);
    const auto defaults = values_of(to_toml(parse(minimal)));
    for (const auto& [key, value] : values_of(to_toml(config))) {
        if (exceptions.contains(key)) continue;
        const auto known = written.find(key);
        EXPECT_NE(known, written.end()) << key << " is not in the text";
        EXPECT_TRUE(known == written.end() || known->second == value) << key << " is printed as " << value;
        const auto usual = defaults.find(key);
        EXPECT_TRUE(usual == defaults.end() || usual->second != value) << key << " has its default";
    }
    EXPECT_EQ(parse(to_toml(config)), config);
    for (const auto& [key, value] : written) EXPECT_TRUE(values_of(to_toml(config)).contains(key)) << key;
}

// The file's own name is that of the command line. Keys are hidden, bytes of certificates are never printed.
const std::set<std::string> kExceptions{"config-file",   "ssl-ca-bytes",   "ssl-cert-bytes",
                                        "ssl-key-bytes", "ssl-key-base64", "experimental"};

TEST(EveryDaemonKey, OfAMaster) {
    expect_round_trip(std::string(kMaster) + std::string(kSecurity), "master-addr = \"h:1\"", master, kExceptions);
}

TEST(EveryDaemonKey, OfAWorker) {
    expect_round_trip(std::string(kWorker) + std::string(kSecurity), "worker-addr = \"h:1\"", worker, kExceptions);
}

constexpr std::string_view kPlainSecurity = R"(ssl-ca = ""
ssl-cert = ""
ssl-key = ""
ssl-ca-base64 = ""
ssl-key-base64 = ""
ssl-cert-base64 = ""
)";

TEST(EveryDaemonKey, OfAMasterIsPrintedAsTheOriginalDoes) {
    EXPECT_EQ(to_toml(master("master-addr = \"h:8261\"\nname = \"m1\"")), R"(log-level = "info"
log-file = ""
log-format = "text"
log-rotate = ""
rpc-timeout = "30s"
rpc-rate-limit = 10.0
rpc-rate-burst = 40
master-addr = "h:8261"
advertise-addr = "h:8261"
config-file = "f"
name = "m1"
data-dir = "default.m1"
peer-urls = "http://127.0.0.1:8291"
advertise-peer-urls = "http://127.0.0.1:8291"
initial-cluster = "m1=http://127.0.0.1:8291"
initial-cluster-state = "new"
join = ""
max-txn-ops = 2048
max-request-bytes = 1572864
auto-compaction-mode = "periodic"
auto-compaction-retention = "1h"
quota-backend-bytes = 2147483648
openapi = false
v1-sources-path = ""
)" + std::string(kPlainSecurity) + R"(secret-key-path = ""

[experimental]
  openapi = false
)");
}

TEST(EveryDaemonKey, OfAWorkerIsPrintedAsTheOriginalDoes) {
    EXPECT_EQ(to_toml(worker("worker-addr = \"h:8262\"")), R"(name = "h:8262"
log-level = "info"
log-file = ""
log-format = "text"
log-rotate = ""
redact-info-log = false
join = ""
worker-addr = "h:8262"
advertise-addr = "h:8262"
config-file = "f"
keepalive-ttl = 60
relay-keepalive-ttl = 1800
relay-dir = ""
)" + std::string(kPlainSecurity));
}

}  // namespace
}  // namespace dm::config
