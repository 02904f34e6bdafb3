// Golden binlogs of real servers: the dump of every event, and every row against what the server selected.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "core/binlog/event_dump.h"
#include "core/binlog/memory_event_source.h"
#include "core/binlog/payload_reader.h"
#include "core/binlog/row_decoder.h"
#include "core/binlog/stream_position.h"

namespace dm::binlog {
namespace {

namespace fs = std::filesystem;
using model::Value;
using model::ValueKind;

std::string read_file(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    EXPECT_TRUE(stream.is_open()) << path;
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> split(const std::string& line, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(line);
    for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
    return parts;
}

std::string from_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return bytes;
}

ColumnHint parse_hint(const std::vector<std::string>& parts) {
    static const std::map<std::string, FixedForm> kForms{
        {"-", FixedForm::None}, {"uuid", FixedForm::Uuid}, {"inet4", FixedForm::Inet4}, {"inet6", FixedForm::Inet6}};
    ColumnHint hint;
    hint.is_unsigned = parts.at(1) == "1";
    if (parts.at(2) != "-") hint.charset = parts[2];
    hint.form = kForms.at(parts.at(3));
    hint.fraction_digits = static_cast<std::uint8_t>(std::stoi(parts.at(4)));
    if (parts.at(5) != "-") {
        for (const std::string& element : split(parts[5], ',')) hint.elements.push_back(from_hex(element));
    }
    return hint;
}

/// Hints of a folder's tables as information_schema gave them; of others, what the table map itself says.
HintSource load_hints(const fs::path& folder) {
    std::map<std::string, std::vector<ColumnHint>> tables;
    for (const std::string& line : split(read_file(folder / "all_types.hints"), '\n')) {
        const auto parts = split(line, '\t');
        tables[parts.at(0)].push_back(parse_hint(parts));
    }
    return [tables](const TableMap& table) {
        const auto found = tables.find(table.name.schema + "." + table.name.table);
        if (found == tables.end() || found->second.size() != table.columns.size()) return hints_from_metadata(table);
        return found->second;
    };
}

/// A value as the .rows file has it.
std::string cell(const Value& value) {
    switch (value.kind()) {
        case ValueKind::Null:
            return "NULL";
        case ValueKind::Int:
            return std::to_string(value.as_int());
        case ValueKind::UInt:
            return std::to_string(value.as_uint());
        case ValueKind::Float:
        case ValueKind::Double:
            return fmt::format("d:{:.17g}", value.as_double());
        case ValueKind::Number:
            return std::string(value.text());
        default:
            break;
    }
    constexpr std::size_t kLongest = 200;
    const std::string_view text = value.text();
    if (text.size() > kLongest) {
        return fmt::format("#{}:{:08x}", text.size(),
                           crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size()));
    }
    std::string hex;
    for (const char c : text) hex += fmt::format("{:02X}", static_cast<unsigned char>(c));
    return hex;
}

bool is_same_cell(const std::string& ours, const std::string& servers) {
    if (ours.starts_with("d:") && servers.starts_with("d:"))
        return std::strtod(ours.c_str() + 2, nullptr) == std::strtod(servers.c_str() + 2, nullptr);
    // The error value of an ENUM, which the server shows as its empty member.
    if (servers.empty() && ours == "0") return true;
    return ours == servers;
}

/// Tables by name, rows by their first column.
using Tables = std::map<std::string, std::map<std::string, std::vector<std::string>>>;

/// Applies all row events of a file to empty tables.
class Replayer {
  public:
    explicit Replayer(HintSource hints) : hints_(std::move(hints)) {}

    void take(const Event& event) {
        if (const auto* map = event.get_if<TableMapEvent>()) {
            names_[map->table_id] = map->table->name.table;
            layouts_.insert_or_assign(map->table_id, RowLayout(*map->table, hints_(*map->table)));
        }
        if (const auto* rows = event.get_if<RowsEvent>()) apply(*rows);
        if (const auto* payload = event.get_if<TransactionPayload>()) {
            PayloadReader reader(*payload, decoder);
            while (const auto inner = reader.next()) take(*inner);
        }
    }

    Tables tables;
    EventDecoder decoder;

  private:
    void apply(const RowsEvent& event) {
        const auto layout = layouts_.find(event.table_id);
        if (layout == layouts_.end()) return;
        auto& table = tables[names_[event.table_id]];
        const DecodedRows rows = decode_rows(event, layout->second);
        for (std::size_t i = 0; i < rows.before.size(); ++i) table.erase(cell(rows.before.row(i)[0]));
        for (std::size_t i = 0; i < rows.after.size(); ++i) {
            std::vector<std::string> cells;
            for (const Value& value : rows.after.row(i)) cells.push_back(cell(value));
            table[cells[0]] = cells;
        }
    }

    HintSource hints_;
    std::map<std::uint64_t, RowLayout> layouts_;
    std::map<std::uint64_t, std::string> names_;
};

class Golden : public testing::TestWithParam<std::string> {
  protected:
    fs::path folder() const { return fs::path(DM_SOURCE_DIR) / "tests/fixtures/binlog" / GetParam(); }
};

TEST_P(Golden, EveryEventDumpsAsRecorded) {
    const std::string binlog = read_file(folder() / "all_types.binlog");
    const std::string dump = dump_file(as_bytes(binlog), "bin.000002", load_hints(folder()));
    if (std::getenv("DM_WRITE_DUMPS") != nullptr) std::ofstream(folder() / "all_types.dump", std::ios::binary) << dump;
    const auto expected = split(read_file(folder() / "all_types.dump"), '\n');
    const auto actual = split(dump, '\n');
    for (std::size_t i = 0; i < std::min(expected.size(), actual.size()); ++i)
        ASSERT_EQ(actual[i], expected[i]) << "line " << i + 1;
    EXPECT_EQ(actual.size(), expected.size());
}

TEST_P(Golden, RowsAreWhatTheServerSelects) {
    const std::string binlog = read_file(folder() / "all_types.binlog");
    Replayer replayer(load_hints(folder()));
    BinlogFileReader reader(as_bytes(binlog));
    while (const auto bytes = reader.next()) replayer.take(replayer.decoder.decode(*bytes));
    std::size_t compared = 0;
    std::map<std::string, std::size_t> rows_of_table;
    for (const std::string& line : split(read_file(folder() / "all_types.rows"), '\n')) {
        auto expected = split(line + "\t.", '\t');
        expected.pop_back();
        const std::string table = expected.front();
        expected.erase(expected.begin());
        ++rows_of_table[table];
        const auto& rows = replayer.tables[table];
        const auto found = rows.find(expected.front());
        ASSERT_NE(found, rows.end()) << line;
        ASSERT_EQ(found->second.size(), expected.size()) << table;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            EXPECT_TRUE(is_same_cell(found->second[i], expected[i]))
                << table << " id " << expected[0] << " column " << i << ": ours " << found->second[i] << " server's "
                << expected[i];
            ++compared;
        }
    }
    for (const auto& [table, count] : rows_of_table) EXPECT_EQ(replayer.tables[table].size(), count) << table;
    EXPECT_GT(compared, 900U);
}

TEST_P(Golden, StreamFromAnyTransactionEndContinuesTheSame) {
    const std::string binlog = read_file(folder() / "all_types.binlog");
    // Locations by the end of each transaction, read from the start of the file.
    std::vector<model::Location> ends;
    MemoryEventSource whole({{"bin.000002", binlog}});
    whole.start({});
    EventDecoder decoder;
    StreamPosition position({});
    while (const auto bytes = whole.next({})) {
        const Event event = decoder.decode(*bytes);
        bool ended = position.advance(event);
        if (const auto* payload = event.get_if<TransactionPayload>()) {
            PayloadReader reader(*payload, decoder);
            while (const auto inner = reader.next()) ended = position.advance_inner(*inner) || ended;
        }
        if (ended) ends.push_back(position.transaction_end());
    }
    ASSERT_GT(ends.size(), 40U);
    for (const bool by_gtid : {false, true}) {
        const std::size_t middle = ends.size() / 2;
        MemoryEventSource rest({{"bin.000002", binlog}});
        StartPoint from{ends[middle].position, {}};
        if (by_gtid) from.gtid_set = ends[middle].gtid_set;
        rest.start(from);
        EventDecoder again;
        StreamPosition resumed(ends[middle]);
        std::size_t count = middle;
        while (const auto bytes = rest.next({})) {
            const Event event = again.decode(*bytes);
            bool ended = resumed.advance(event);
            if (const auto* payload = event.get_if<TransactionPayload>()) {
                PayloadReader reader(*payload, again);
                while (const auto inner = reader.next()) ended = resumed.advance_inner(*inner) || ended;
            }
            if (!ended || event.get_if<Rotate>() != nullptr) continue;
            ASSERT_LT(++count, ends.size());
            EXPECT_EQ(resumed.transaction_end().to_string(), ends[count].to_string());
        }
        // The last one is the rotate to the next file.
        EXPECT_GE(count + 2, ends.size());
    }
}

TEST_P(Golden, GtidSetsAreWhatTheServerSays) {
    const std::string executed = split(read_file(folder() / "all_types.gtids"), '\n').at(0);
    const bool is_mariadb = GetParam().starts_with("mariadb");
    EXPECT_EQ(model::GtidSet::parse(is_mariadb ? model::Flavor::MariaDb : model::Flavor::MySql, executed).to_string(),
              executed);
    const std::string next = read_file(folder() / "all_types.next");
    BinlogFileReader reader(as_bytes(next));
    EventDecoder decoder;
    std::string previous;
    while (const auto bytes = reader.next()) {
        const Event event = decoder.decode(*bytes);
        if (const auto* gtids = event.get_if<PreviousGtids>()) previous = gtids->set.to_string();
        if (const auto* gtids = event.get_if<MariaDbGtidList>()) previous = gtids->set.to_string();
    }
    EXPECT_EQ(previous, executed);
    const std::string dump = read_file(folder() / "all_types.dump");
    const std::string last = dump.substr(dump.rfind("gtid-set: ") + 10);
    EXPECT_EQ(last.substr(0, last.find('\n')), executed);
}

/// The two servers that log all metadata.
class GoldenMetadata : public Golden {};

TEST_P(GoldenMetadata, MetadataAgreesWithTheStructure) {
    const std::string binlog = read_file(folder() / "all_types.binlog");
    const HintSource known = load_hints(folder());
    BinlogFileReader reader(as_bytes(binlog));
    EventDecoder decoder;
    std::size_t compared = 0;
    while (const auto bytes = reader.next()) {
        const Event event = decoder.decode(*bytes);
        const auto* map = event.get_if<TableMapEvent>();
        if (map == nullptr || !map->table->name.table.starts_with("t_")) continue;
        const auto logged = hints_from_metadata(*map->table);
        const auto expected = known(*map->table);
        for (std::size_t i = 0; i < logged.size(); ++i, ++compared) {
            EXPECT_EQ(logged[i].is_unsigned, expected[i].is_unsigned) << map->table->name.quoted() << " " << i;
            const bool is_text = !expected[i].charset.empty() && expected[i].form == FixedForm::None;
            // Neither JSON's charset nor, with MINIMAL, that of ENUM and SET is logged.
            const bool is_logged =
                map->table->columns[i].type != WireType::Json && map->table->name.table != "t_minimal";
            if (is_text && is_logged) {
                EXPECT_EQ(logged[i].charset, expected[i].charset) << map->table->name.quoted() << " " << i;
            }
            if (!logged[i].elements.empty()) {
                EXPECT_EQ(logged[i].elements, expected[i].elements);
            }
        }
    }
    EXPECT_GT(compared, 200U);
}

std::string test_name(const testing::TestParamInfo<std::string>& server) {
    std::string name = server.param;
    for (char& c : name) c = c == '-' || c == '.' ? '_' : c;
    return name;
}

INSTANTIATE_TEST_SUITE_P(Servers, Golden, testing::Values("mariadb-10.11", "mariadb-11.8", "mysql-5.6", "mysql-9.7"),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Servers, GoldenMetadata, testing::Values("mariadb-11.8", "mysql-9.7"), test_name);

}  // namespace
}  // namespace dm::binlog
