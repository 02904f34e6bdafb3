#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include <gtest/gtest.h>
#include <re2/re2.h>

#include "core/config/document.h"
#include "core/config/subtask_config.h"

namespace dm::config {
namespace {

std::string file_text(const std::string& name) {
    std::ifstream file(std::string(DM_SOURCE_DIR) + "/tests/cases/config/" + name);
    EXPECT_TRUE(file) << name;
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Inline blocks have the keys of the named ones.
std::string canonical(const std::string& path) {
    static const std::map<std::string, std::string> kSame{{"mysql-instances[].mydumper", "mydumpers.*"},
                                                          {"mysql-instances[].loader", "loaders.*"},
                                                          {"mysql-instances[].syncer", "syncers.*"}};
    const auto found = kSame.find(path);
    return found == kSame.end() ? path : found->second;
}

/// Paths of all scalars, names of list and map entries replaced by `*` below the blocks that have free names.
void collect(const Node& node, const std::string& path, std::map<std::string, std::set<std::string>>& leaves) {
    static const std::set<std::string> kFreeNames{
        "routes",  "filters", "expression-filter", "block-allow-list",        "mydumpers",
        "loaders", "syncers", "validators",        "target-database.session", "from.session"};
    if (node.kind == Node::Kind::Map && !node.fields.empty()) {
        for (const auto& [key, value] : node.fields) {
            collect(value, canonical(path.empty() ? key : path + '.' + (kFreeNames.contains(path) ? "*" : key)),
                    leaves);
        }
    } else if (node.kind == Node::Kind::List && !node.items.empty()) {
        for (const Node& item : node.items) collect(item, path + "[]", leaves);
    } else {
        leaves[path].insert(node.text);
    }
}

std::map<std::string, std::set<std::string>> leaves_of(const std::string& yaml) {
    std::map<std::string, std::set<std::string>> leaves;
    collect(parse_yaml(yaml, {}), {}, leaves);
    return leaves;
}

/// The file must set every key that is printed to something else than the zero value or the default, or it proves
/// nothing.
void expect_all_keys_set(const std::string& written, const std::string& printed, const std::string& printed_default,
                         const std::set<std::string>& exceptions) {
    const auto file = leaves_of(written);
    const auto defaults = leaves_of(printed_default);
    for (const auto& [path, values] : leaves_of(printed)) {
        const auto child = file.lower_bound(path + '.');
        const bool is_block = child != file.end() && child->first.starts_with(path + '.');
        if (exceptions.contains(path) || is_block) continue;
        EXPECT_TRUE(file.contains(path)) << path << " is not in the file";
        const auto known = defaults.find(path);
        EXPECT_TRUE(known == defaults.end() || known->second != values) << path << " has its default";
    }
}

TEST(EveryKey, OfATaskSurvivesPrinting) {
    const std::string text = file_text("every_key_task.yaml");
    const TaskConfig task = parse_task_yaml(text);
    const std::string printed = to_yaml(task, Redact::No);
    EXPECT_EQ(parse_task_yaml(printed), task);
    const TaskConfig minimal = parse_task_yaml(
        "name: x\ntask-mode: all\ntarget-database: {host: x}\nmysql-instances: [{source-id: x, mydumper: {}, loader: "
        "{}, syncer: {}}]\n"
        "mydumpers: {}\n");
    // Reset, removed or exclusive keys: they never come back with a value.
    expect_all_keys_set(
        text, printed, to_yaml(minimal, Redact::No),
        {"enable-heartbeat", "online-ddl", "column-mappings", "black-white-list", "mysql-instances[].black-white-list",
         "mysql-instances[].column-mapping-rules", "name", "mysql-instances[].meta", "mysql-instances[].mydumper",
         "mysql-instances[].loader", "mysql-instances[].syncer", "mysql-instances[].expression-filters",
         "mysql-instances[].filter-rules", "mysql-instances[].route-rules"});
}

std::string top_keys(const std::string& yaml) {
    std::string keys;
    for (const auto& [key, value] : parse_yaml(yaml, {}).fields) keys += key + ' ';
    return keys;
}

/// Keys below the top that the original knows.
constexpr std::string_view kLeaves =
    " target-database host port user password session max-allowed-packet security ssl-ca ssl-cert ssl-key "
    "cert-allowed-cn ssl-ca-base64 ssl-cert-base64 ssl-key-base64 ssl-ca-bytes ssl-cert-bytes "
    "ssl-key-bytes source-id meta binlog-name binlog-pos binlog-gtid route-rules filter-rules "
    "expression-filters column-mapping-rules block-allow-list black-white-list mydumper-config-name "
    "mydumper mydumper-thread loader-config-name loader loader-thread syncer-config-name syncer "
    "syncer-thread validator-config-name mydumper-path threads chunk-filesize statement-size rows where "
    "skip-tz-utc extra-args pool-size dir import-mode on-duplicate on-duplicate-logical "
    "on-duplicate-physical sorting-dir-physical disk-quota-physical checksum-physical analyze "
    "range-concurrency compress-kv-pairs pd-addr worker-count batch queue-size checkpoint-flush-interval "
    "compact multiple-rows safe-mode safe-mode-duration enable-gtid meta-file max-retry auto-fix-gtid "
    "disable-detect enable-ansi-quotes mode validate-interval check-interval row-error-delay "
    "meta-flush-interval batch-query-size max-pending-row-size max-pending-row-count schema-pattern "
    "table-pattern target-schema target-table events sql-pattern action db-name tbl-name do-tables do-dbs "
    "ignore-tables ignore-dbs async-checkpoint-flush ";

/// The original refuses a file with a key that it does not know.
TEST(EveryKey, OfAnExportIsOneOfTheOriginals) {
    const TaskConfig minimal = parse_task_yaml(
        "name: x\ntask-mode: all\ntarget-database: {host: x, security: {ssl-ca: x}}\n"
        "mysql-instances: [{source-id: x, meta: {binlog-name: b.000001}, mydumper: {}, loader: {}, syncer: {}, "
        "validator-config-name: v, route-rules: [r], filter-rules: [f], block-allow-list: l}]\n"
        "routes: {r: {schema-pattern: a, target-schema: b}}\nvalidators: {v: {mode: none}}\n"
        "filters: {f: {schema-pattern: a, action: Do}}\nblock-allow-list: {l: {do-tables: [{db-name: a, tbl-name: "
        "b}]}}\n");
    EXPECT_EQ(top_keys(to_yaml(minimal, Redact::Yes)),
              "name task-mode is-sharding shard-mode strict-optimistic-shard-mode ignore-checking-items meta-schema "
              "enable-heartbeat heartbeat-update-interval heartbeat-report-interval timezone case-sensitive "
              "collation_compatible target-database mysql-instances online-ddl shadow-table-rules trash-table-rules "
              "online-ddl-scheme routes filters column-mappings expression-filter black-white-list block-allow-list "
              "mydumpers loaders syncers validators clean-dump-file ansi-quotes remove-meta experimental ");
    EXPECT_EQ(top_keys(to_yaml(parse_source_yaml("source-id: x"), Redact::Yes)),
              "enable enable-gtid auto-fix-gtid relay-dir meta-dir flavor charset enable-relay relay-binlog-name "
              "relay-binlog-gtid source-id from purge checker server-id tracer case-sensitive filters ");
    for (const auto& [path, values] : leaves_of(to_yaml(minimal, Redact::Yes))) {
        const auto dot = path.rfind('.');
        std::string key = dot == std::string::npos ? std::string() : path.substr(dot + 1);
        while (key.ends_with("[]")) key.resize(key.size() - 2);
        EXPECT_TRUE(key.empty() || kLeaves.find(' ' + key + ' ') != kLeaves.npos) << path;
    }
    TaskConfig strict = minimal;
    strict.strict = true;
    EXPECT_NE(to_yaml(strict, Redact::Yes).find("\nstrict: true\n"), std::string::npos) << "but it is not lost";
}

TEST(EveryKey, OfASubtaskSurvivesStorage) {
    const TaskConfig task = parse_task_yaml(file_text("every_key_task.yaml"));
    std::vector<SourceConfig> sources;
    for (const auto& instance : task.instances) {
        sources.push_back(parse_source_yaml(file_text("every_key_source.yaml")));
        sources.back().source_id = instance.source_id;
    }
    for (auto& subtask : make_subtasks(task, sources)) {
        EXPECT_EQ(subtask_from_toml(to_toml(subtask)), subtask);
        const auto source = std::ranges::find(sources, subtask.source_id, &SourceConfig::source_id);
        apply_source(subtask, *source);
        subtask.use_relay = true;
        EXPECT_EQ(subtask_from_toml(to_toml(subtask)), subtask);
        const std::string hidden = to_toml(subtask, Redact::Yes);
        for (const std::string_view secret : {"target-secret", "source-secret", "c291cmNlLWtleQ=="}) {
            EXPECT_EQ(hidden.find(secret), std::string::npos) << secret;
        }
    }
}

TEST(EveryKey, OfASourceSurvivesPrintingAndStorage) {
    const std::string text = file_text("every_key_source.yaml");
    const SourceConfig source = parse_source_yaml(text);
    const std::string printed = to_yaml(source, Redact::No);
    EXPECT_EQ(parse_source_yaml(printed), source);
    EXPECT_EQ(source_from_toml(to_toml(source)), source);
    expect_all_keys_set(text, printed, to_yaml(parse_source_yaml("source-id: x"), Redact::No),
                        {"auto-fix-gtid", "tracer", "checker.check-interval", "checker.backoff-min",
                         "checker.backoff-jitter", "checker.backoff-factor"});
}

/// The keys of which reading the text warns, list entries as `[]`, names of blocks as `*`.
std::set<std::string> warned_keys(const Warnings& warnings) {
    std::set<std::string> keys;
    for (const auto& warning : warnings) {
        std::string key = warning.substr(warning.find('`') + 1);
        key.resize(key.find('`'));
        static const RE2 kIndex(R"(\[\d+\])");
        RE2::Replace(&key, kIndex, "[]");
        keys.insert(key);
    }
    return keys;
}

TEST(EveryKey, ThatIsDeprecatedWarns) {
    Warnings warnings;
    (void)parse_task_yaml(file_text("every_key_task.yaml"), {.file_name = "t", .key = nullptr, .warnings = &warnings});
    (void)parse_task_yaml(
        "name: t\ntask-mode: all\ntarget-database: {host: h}\nblack-white-list: {l: {}}\n"
        "mysql-instances: [{source-id: s, black-white-list: l, loader: {import-mode: Loader}}]",
        {.file_name = "t", .key = nullptr, .warnings = &warnings});
    EXPECT_EQ(warned_keys(warnings),
              (std::set<std::string>{
                  "is-sharding", "enable-heartbeat", "heartbeat-update-interval", "heartbeat-report-interval",
                  "online-ddl-scheme", "ansi-quotes", "remove-meta", "black-white-list",
                  "target-database.max-allowed-packet", "mysql-instances[].black-white-list",
                  "mysql-instances[].mydumper.skip-tz-utc", "mysql-instances[].loader.on-duplicate",
                  "mysql-instances[].loader.import-mode: Loader", "mysql-instances[].syncer.meta-file",
                  "mysql-instances[].syncer.max-retry", "mysql-instances[].syncer.auto-fix-gtid",
                  "mysql-instances[].syncer.disable-detect", "mysql-instances[].syncer.enable-ansi-quotes"}));
    warnings.clear();
    (void)parse_source_yaml(file_text("every_key_source.yaml"),
                            {.file_name = "s", .key = nullptr, .warnings = &warnings});
    EXPECT_EQ(warned_keys(warnings),
              (std::set<std::string>{"auto-fix-gtid", "meta-dir", "charset", "tracer", "from.max-allowed-packet",
                                     "checker.check-interval", "checker.backoff-min", "checker.backoff-jitter",
                                     "checker.backoff-factor"}));
}

TEST(EveryKey, StorageIgnoresKeysOfLaterVersions) {
    const SourceConfig source = parse_source_yaml("source-id: x");
    EXPECT_EQ(source_from_toml("later = 1\n" + to_toml(source) + "\n[also-later]\nx = [1]\n"), source);
}

}  // namespace
}  // namespace dm::config
