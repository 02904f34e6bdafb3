#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/config/ctl_config.h"
#include "core/config/document.h"
#include "core/config/go_text.h"
#include "core/config/master_config.h"
#include "core/config/subtask_config.h"
#include "core/config/worker_config.h"

/// docs/user/configuration.md against the parsers: every key has a row, every example is accepted and changes nothing
/// but its key, every default is the real one.
namespace dm::config {
namespace {

struct Row {
    std::string key;
    std::vector<std::string> cells;  ///< type, default, takes, example, meaning
};

struct Section {
    std::string text;
    std::vector<Row> rows;
};

std::string without_ticks(std::string_view cell) {
    if (cell.size() > 1 && cell.front() == '`' && cell.back() == '`') cell = cell.substr(1, cell.size() - 2);
    return std::string(cell);
}

/// The cells between the bars; `\|` is a bar inside.
std::vector<std::string> cells_of(std::string_view line) {
    std::vector<std::string> cells;
    std::string cell;
    for (std::size_t i = 1; i < line.size(); ++i) {
        if (line[i] == '|') {
            const auto begin = cell.find_first_not_of(' ');
            cells.push_back(begin == std::string::npos ? ""
                                                       : cell.substr(begin, cell.find_last_not_of(' ') - begin + 1));
            cell.clear();
        } else if (line[i] != '\\' || i + 1 == line.size() || line[i + 1] != '|') {
            cell += line[i];
        } else {
            cell += line[++i];
        }
    }
    return cells;
}

std::map<std::string, Section> sections() {
    std::ifstream file(std::string(DM_SOURCE_DIR) + "/docs/user/configuration.md");
    std::map<std::string, Section> found;
    std::string heading;
    std::size_t columns = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("#")) heading = line.substr(line.find_first_not_of("# "));
        Section& section = found[heading];
        section.text += line + '\n';
        if (line.starts_with("| key | type |")) columns = cells_of(line).size();
        if (line.empty()) columns = 0;
        if (columns == 0 || !line.starts_with("| `")) continue;
        auto cells = cells_of(line);
        EXPECT_EQ(cells.size(), columns) << line;
        std::string key = without_ticks(cells.front());
        if (key.ends_with('*')) key.pop_back();
        cells.erase(cells.begin());
        for (const auto& cell : cells) EXPECT_FALSE(cell.empty()) << line;
        section.rows.push_back({.key = key, .cells = std::move(cells)});
    }
    return found;
}

Node& child(Node& node, const std::string& name) {
    if (node.kind == Node::Kind::List) return node.items.at(0);
    const auto found = std::ranges::find(node.fields, name, &NodeField::first);
    if (found == node.fields.end()) throw std::runtime_error("no key " + name);
    return found->second;
}

Node& node_at(Node& root, const std::vector<std::string>& path) {
    Node* node = &root;
    for (const auto& name : path) node = &child(*node, name);
    return *node;
}

void set_field(Node& map, const NodeField& field) {
    map.kind = Node::Kind::Map;
    std::erase_if(map.fields, [&](const NodeField& each) { return each.first == field.first; });
    map.fields.push_back(field);
}

/// One kind of file: a small one to begin with, and how it is read and printed.
struct File {
    std::function<Node(const std::string&)> parse;
    std::function<std::string(const Node&)> print;
    std::function<std::string(const std::string&)> read_and_print;  ///< with all keys; throws if it is not accepted
    std::string base;
};

constexpr std::string_view kTask = R"(
name: t
task-mode: all
shard-mode: optimistic
target-database: {host: h, security: {ssl-ca: x}}
mysql-instances:
- source-id: mysql-01
  meta: {binlog-name: bin.000001}
- {source-id: b, route-rules: [r], filter-rules: [f], expression-filters: [e], block-allow-list: l,
   mydumper-config-name: m, loader-config-name: l, syncer-config-name: s, validator-config-name: v}
routes: {r: {schema-pattern: a, target-schema: b}}
filters: {f: {schema-pattern: a, events: [all], action: Ignore}}
expression-filter: {e: {schema: a, table: b, insert-value-expr: "c > 1"}}
block-allow-list: {l: {}}
mydumpers: {m: {}}
loaders: {l: {}}
syncers: {s: {}}
validators: {v: {mode: none}}
)";

std::string read_task(const std::string& text) {
    const TaskConfig task = parse_task_yaml(text);
    std::vector<SourceConfig> sources;
    for (const auto& instance : task.instances) {
        sources.push_back(parse_source_yaml("source-id: " + instance.source_id.str()));
    }
    (void)make_subtasks(task, sources);
    return to_yaml(task, Redact::No);
}

Node yaml(const std::string& text) { return parse_yaml(text, {}); }
Node toml(const std::string& text) { return parse_toml(text, {}); }

FileReader reader_of(const std::string& text) {
    return [text](const std::string&) { return text; };
}

const File& task_file() {
    static const File kFile{
        .parse = yaml, .print = print_yaml, .read_and_print = read_task, .base = std::string(kTask)};
    return kFile;
}

const File& source_file() {
    static const File kFile{
        .parse = yaml,
        .print = print_yaml,
        .read_and_print = [](const std::string& text) { return to_yaml(parse_source_yaml(text), Redact::No); },
        .base = "source-id: s\npurge: {}\nchecker: {}\n"};
    return kFile;
}

const File& master_file() {
    static const File kFile{
        .parse = toml,
        .print = print_toml,
        .read_and_print =
            [](const std::string& text) {
                return to_toml(parse_master_arguments({"-config", "f"}, reader_of(text), "host").config);
            },
        .base = "master-addr = \"h:1\"\n"};
    return kFile;
}

const File& worker_file() {
    static const File kFile{.parse = toml,
                            .print = print_toml,
                            .read_and_print =
                                [](const std::string& text) {
                                    return to_toml(parse_worker_arguments({"-config", "f"}, reader_of(text)).config);
                                },
                            .base = "worker-addr = \"h:1\"\n"};
    return kFile;
}

struct Place {
    std::string heading;
    const File& file;
    std::vector<std::string> path;
};

std::vector<Place> places() {
    const File& task = task_file();
    return {{"Task file", task, {}},
            {"servers", task, {"target-database"}},
            {"TLS", task, {"target-database", "security"}},
            {"mysql-instances", task, {"mysql-instances", "0"}},
            {"meta", task, {"mysql-instances", "0", "meta"}},
            {"block-allow-list", task, {"block-allow-list", "l"}},
            {"routes", task, {"routes", "r"}},
            {"filters", task, {"filters", "f"}},
            {"expression-filter", task, {"expression-filter", "e"}},
            {"mydumpers", task, {"mydumpers", "m"}},
            {"loaders", task, {"loaders", "l"}},
            {"syncers", task, {"syncers", "s"}},
            {"validators", task, {"validators", "v"}},
            {"Source file", source_file(), {}},
            {"purge", source_file(), {"purge"}},
            {"checker", source_file(), {"checker"}},
            {"dm-master", master_file(), {}},
            {"dm-worker", worker_file(), {}}};
}

/// What cannot stand beside the key.
void make_room(Node& root, Node& map, const std::string& key) {
    const auto drop = [](Node& from, const std::function<bool(const std::string&)>& test) {
        std::erase_if(from.fields, [&](const NodeField& field) { return test(field.first); });
    };
    if (key == "mysql-instances") {
        static const std::set<std::string> kUsed{"routes",  "filters", "expression-filter", "mydumpers",
                                                 "loaders", "syncers", "validators"};
        drop(root, [](const std::string& name) { return kUsed.contains(name); });
    }
    if (key.ends_with("-expr")) drop(map, [](const std::string& name) { return name.ends_with("-expr"); });
}

void check_example(const Place& place, const Row& row) {
    const Node example = place.file.parse(without_ticks(row.cells[3]));
    ASSERT_EQ(example.fields.size(), 1U);
    ASSERT_EQ(example.fields.front().first, row.key);
    Node root = place.file.parse(place.file.base);
    Node& map = node_at(root, place.path);
    make_room(root, map, row.key);
    set_field(map, example.fields.front());
    std::string printed;
    ASSERT_NO_THROW(printed = place.file.read_and_print(place.file.print(root)));
    Node result = place.file.parse(printed);
    EXPECT_NO_THROW(EXPECT_FALSE(child(node_at(result, place.path), row.key).is_null()));
}

/// A default in code style is compared; "required", "none" and the like are for people.
void check_default(const Place& place, const Row& row) {
    const std::string& cell = row.cells[1];
    static const std::set<std::string> kComputed{
        "shadow-table-rules", "trash-table-rules", "advertise-addr", "advertise-peer-urls", "name", "data-dir"};
    if (!cell.starts_with('`') || kComputed.contains(row.key)) return;
    Node base = place.file.parse(place.file.base);
    const Node& given = node_at(base, place.path);
    if (given.find(row.key) != nullptr) return;
    Node printed = place.file.parse(place.file.read_and_print(place.file.base));
    const Node* actual = node_at(printed, place.path).find(row.key);
    const std::string expected = without_ticks(cell);
    if (actual == nullptr) {
        EXPECT_EQ(row.key, "strict") << "only keys of our own are left out where they have their default";
    } else if (expected == "[]" || expected == "{}") {
        EXPECT_TRUE(actual->items.empty() && actual->fields.empty() && actual->text.empty());
    } else {
        EXPECT_EQ(actual->text, expected == "\"\"" ? "" : expected);
    }
}

TEST(DocumentedKeys, AreAllKeysWithTrueDefaultsAndExamplesThatWork) {
    const auto found = sections();
    std::size_t count = 0;
    for (const Place& place : places()) {
        ASSERT_TRUE(found.contains(place.heading)) << place.heading;
        const Section& section = found.at(place.heading);
        std::set<std::string> keys;
        for (const Row& row : section.rows) {
            SCOPED_TRACE(place.heading + ": " + row.key);
            EXPECT_TRUE(keys.insert(row.key).second) << "two rows";
            check_example(place, row);
            check_default(place, row);
            ++count;
        }
        Node printed = place.file.parse(place.file.read_and_print(place.file.base));
        for (const auto& [key, value] : node_at(printed, place.path).fields) {
            if (&place.file == &master_file() || &place.file == &worker_file()) {
                if (key.starts_with("ssl-")) continue;
            }
            EXPECT_TRUE(keys.contains(key) || section.text.find('`' + key + '`') != std::string::npos)
                << place.heading << " has no row for " << key;
        }
    }
    EXPECT_GT(count, 150U);
}

TEST(DocumentedKeys, OfDmctlWork) {
    const auto found = sections();
    const auto& rows = found.at("dmctl").rows;
    EXPECT_EQ(rows.size(), 2U);
    for (const Row& row : rows) {
        const auto start = parse_ctl_arguments({"--config", "f"}, reader_of(without_ticks(row.cells[3])), "");
        EXPECT_NE(start.config, CtlConfig{}) << row.key;
    }
    EXPECT_EQ(duration_text(CtlConfig{}.rpc_timeout), without_ticks(rows[1].cells[1]));
}

}  // namespace
}  // namespace dm::config
