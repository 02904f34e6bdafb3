#include "unit/target/sync_checkpoint.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "core/model/task_tables.h"
#include "core/schema/definition_json.h"
#include "core/sql/literal.h"
#include "unit/target/downstream.h"

namespace dm::target {
namespace {

constexpr std::size_t kMaxRowsPerStatement = 50;
constexpr std::uint64_t kLargestOffset = std::numeric_limits<std::uint32_t>::max();

std::string text_literal(std::string_view text) {
    std::string literal;
    sql::append_quoted(literal, text);
    return literal;
}

/// The column is 32 bits wide. A larger offset is only recorded beside a GTID set, which then is what counts.
std::uint64_t recorded_offset(const model::Location& location) {
    if (location.position.offset <= kLargestOffset) return location.position.offset;
    ensure(SyncCheckpoint::can_record(location), ErrorCode::BinlogUnsupported,
           fmt::format(
               "the location {} cannot be recorded: beyond 4 GiB only GTIDs can be; set `enable-gtid` of the source",
               location.to_string()));
    return kLargestOffset;
}

std::string location_values(const model::Location& location) {
    return fmt::format("{},{},{}", text_literal(location.position.file), recorded_offset(location),
                       text_literal(location.gtid_set.to_string()));
}

std::uint64_t number_of(const std::string& digits) {
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

/// What the global row has in the column for structures, `null` where nothing is known.
std::string server_to_json(const std::string& server) {
    return server.empty() ? "null" : nlohmann::json{{"server", server}}.dump(-1, ' ', true);
}

std::string server_from_json(const std::string& text) {
    const auto value = nlohmann::json::parse(text, nullptr, false);
    if (!value.is_object() || !value.contains("server") || !value["server"].is_string()) return {};
    return value["server"].get<std::string>();
}

model::Location location_of(const sql::ResultSet& result, std::size_t row, const std::string& prefix,
                            model::Flavor flavor) {
    const std::uint64_t offset = number_of(result.text(row, prefix + "_pos"));
    return {.position = {.file = result.text(row, prefix + "_name"), .offset = std::max<std::uint64_t>(offset, 4)},
            .gtid_set = model::GtidSet::parse(flavor, result.text(row, prefix + "_gtid"))};
}

}  // namespace

SyncCheckpoint::SyncCheckpoint(std::string_view meta_schema, std::string_view task, std::string_view source_id,
                               model::Flavor flavor)
    : table_(model::task_table(meta_schema, task, model::kSyncCheckpointSuffix)),
      statements_(model::task_table(meta_schema, task, model::kSyncStatementSuffix)),
      source_id_(source_id),
      flavor_(flavor) {}

void SyncCheckpoint::prepare(sql::SqlSession& session) const {
    ensure_meta_schema(session, table_.schema);
    const auto& version = session.version();
    // MySQL 5.6 has no JSON; everywhere else the type is the original's.
    const bool has_json = version.flavor == model::Flavor::MariaDb || version.is_at_least(5, 7);
    session.execute(
        fmt::format("CREATE TABLE IF NOT EXISTS {} ("
                    "id VARCHAR(32) NOT NULL,"
                    "cp_schema VARCHAR(128) NOT NULL,"
                    "cp_table VARCHAR(128) NOT NULL,"
                    "binlog_name VARCHAR(128),"
                    "binlog_pos INT UNSIGNED,"
                    "binlog_gtid TEXT,"
                    "exit_safe_binlog_name VARCHAR(128) DEFAULT '',"
                    "exit_safe_binlog_pos INT UNSIGNED DEFAULT 0,"
                    "exit_safe_binlog_gtid TEXT,"
                    "table_info {} NOT NULL,"
                    "is_global BOOLEAN,"
                    "create_time timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,"
                    "update_time timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,"
                    "UNIQUE KEY uk_id_schema_table (id, cp_schema, cp_table))",
                    table_.quoted(), has_json ? "JSON" : "LONGTEXT"));
    session.execute(
        fmt::format("CREATE TABLE IF NOT EXISTS {} ("
                    "id VARCHAR(32) NOT NULL PRIMARY KEY,"
                    "location LONGTEXT NOT NULL,"
                    "part INT UNSIGNED NOT NULL,"
                    "structure_before LONGTEXT NOT NULL,"
                    "update_time timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP) "
                    "DEFAULT CHARSET=utf8mb4",
                    statements_.quoted()));
}

checkpoint::CheckpointContent SyncCheckpoint::load(sql::SqlSession& session) const {
    const auto result =
        session.query(fmt::format("SELECT "
                                  "cp_schema,cp_table,binlog_name,binlog_pos,binlog_gtid,exit_safe_binlog_name,exit_"
                                  "safe_binlog_pos,exit_safe_binlog_gtid,"
                                  "table_info,is_global FROM {} WHERE id={}",
                                  table_.quoted(), text_literal(source_id_)));
    checkpoint::CheckpointContent content;
    for (std::size_t row = 0; row < result.rows.size(); ++row) {
        model::Location location = location_of(result, row, "binlog", flavor_);
        if (result.text(row, "is_global") == "1") {
            content.global = std::move(location);
            const model::Location exit = location_of(result, row, "exit_safe_binlog", flavor_);
            if (!exit.is_zero()) content.safe_mode_exit = exit;
            content.server = server_from_json(result.text(row, "table_info"));
            continue;
        }
        const model::TableName name{result.text(row, "cp_schema"), result.text(row, "cp_table")};
        checkpoint::TablePoint point{.location = std::move(location), .definition = nullptr};
        const std::string structure = result.text(row, "table_info");
        // Structures in the form of another program are not read: they are asked for anew.
        if (schema::is_definition_json(structure)) {
            auto definition = schema::definition_from_json(structure);
            definition.name = name;
            point.definition = std::make_shared<const schema::TableDefinition>(std::move(definition));
        }
        content.tables.emplace(name, std::move(point));
    }
    return content;
}

bool SyncCheckpoint::can_record(const model::Location& location) {
    return location.position.offset <= kLargestOffset || !location.gtid_set.is_empty();
}

void SyncCheckpoint::save(sql::SqlSession& session, const checkpoint::CheckpointImage& image) const {
    const std::string id = text_literal(source_id_);
    const std::string head = fmt::format(
        "INSERT INTO {} "
        "(id,cp_schema,cp_table,binlog_name,binlog_pos,binlog_gtid,exit_safe_binlog_name,exit_safe_binlog_pos,"
        "exit_safe_binlog_gtid,table_info,is_global) VALUES ",
        table_.quoted());
    constexpr std::string_view kTail =
        " ON DUPLICATE KEY UPDATE "
        "binlog_name=VALUES(binlog_name),binlog_pos=VALUES(binlog_pos),binlog_gtid=VALUES(binlog_gtid),"
        "exit_safe_binlog_name=VALUES(exit_safe_binlog_name),exit_safe_binlog_pos=VALUES(exit_safe_binlog_pos),"
        "exit_safe_binlog_gtid=VALUES(exit_safe_binlog_gtid),table_info=VALUES(table_info),is_global=VALUES(is_global)";
    session.execute("BEGIN");
    for (const auto& table : image.removed) {
        session.execute(fmt::format("DELETE FROM {} WHERE id={} AND cp_schema={} AND cp_table={}", table_.quoted(), id,
                                    text_literal(table.schema), text_literal(table.table)));
    }
    std::string rows;
    std::size_t count = 0;
    const auto write = [&] {
        if (count > 0) session.execute(head + rows + std::string(kTail));
        rows.clear();
        count = 0;
    };
    for (const auto& [table, point] : image.changed) {
        const std::string structure = point.definition ? schema::definition_to_json(*point.definition) : "null";
        rows += fmt::format("{}({},{},{},{},'',0,'',{},0)", count == 0 ? "" : ",", id, text_literal(table.schema),
                            text_literal(table.table), location_values(point.location), text_literal(structure));
        if (++count == kMaxRowsPerStatement) write();
    }
    write();
    const std::string exit = image.safe_mode_exit ? location_values(*image.safe_mode_exit) : "'',0,''";
    rows = fmt::format("({},'','',{},{},{},1)", id, location_values(image.global), exit,
                       text_literal(server_to_json(image.server)));
    count = 1;
    write();
    session.execute("COMMIT");
}

std::optional<StatementUnderWay> SyncCheckpoint::load_statement(sql::SqlSession& session) const {
    const auto result = session.query(fmt::format("SELECT location,part,structure_before FROM {} WHERE id={}",
                                                  statements_.quoted(), text_literal(source_id_)));
    if (result.rows.empty()) return std::nullopt;
    return StatementUnderWay{.location = result.text(0, "location"),
                             .part = static_cast<std::size_t>(number_of(result.text(0, "part"))),
                             .before = result.text(0, "structure_before")};
}

void SyncCheckpoint::save_statement(sql::SqlSession& session, const StatementUnderWay& statement) const {
    session.execute(fmt::format("REPLACE INTO {} (id,location,part,structure_before) VALUES ({},{},{},{})",
                                statements_.quoted(), text_literal(source_id_), text_literal(statement.location),
                                statement.part, text_literal(statement.before)));
}

}  // namespace dm::target
