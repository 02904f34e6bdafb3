#include "unit/target/copy_checkpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "core/model/task_tables.h"
#include "core/sql/literal.h"
#include "unit/target/server_error.h"

namespace dm::target {
namespace {

constexpr std::array<std::string_view, 3> kStateNames = {"void", "copying", "complete"};
constexpr std::string_view kPlanned = "planned";
constexpr std::string_view kDone = "done";
constexpr std::size_t kMaxChunksPerStatement = 200;

std::string text_literal(std::string_view text) {
    std::string literal;
    sql::append_quoted(literal, text);
    return literal;
}

[[noreturn]] void throw_unreadable(const model::TableName& table, std::string_view what) {
    throw Error(ErrorCode::CopyCheckpoint, fmt::format("cannot read the copy checkpoint {}: {}", table.quoted(), what));
}

std::string to_json(const std::vector<std::string>& literals) { return nlohmann::json(literals).dump(-1, ' ', true); }

/// Reads the rows of one of our own SELECTs.
class RowReader {
  public:
    RowReader(const model::TableName& table, const sql::ResultSet& result, std::size_t row, model::Flavor flavor)
        : table_(table), result_(result), row_(row), flavor_(flavor) {}

    [[nodiscard]] std::string text(std::string_view column) const { return result_.text(row_, column); }

    [[nodiscard]] std::uint64_t number(std::string_view column) const {
        const std::string digits = text(column);
        std::uint64_t value = 0;
        const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (status != std::errc{} || end != digits.data() + digits.size()) {
            throw_unreadable(table_, fmt::format("`{}` is not a number in column {}", digits, column));
        }
        return value;
    }

    [[nodiscard]] model::Location location(std::string_view prefix) const {
        return {
            .position = {.file = text(fmt::format("{}_name", prefix)), .offset = number(fmt::format("{}_pos", prefix))},
            .gtid_set = model::GtidSet::parse(flavor_, text(fmt::format("{}_gtid", prefix)))};
    }

    [[nodiscard]] std::vector<std::string> literals(std::string_view column) const {
        const auto value = nlohmann::json::parse(text(column), nullptr, false);
        if (!value.is_array()) throw_unreadable(table_, fmt::format("column {} holds no list", column));
        std::vector<std::string> list;
        for (const auto& item : value) {
            if (!item.is_string()) throw_unreadable(table_, fmt::format("column {} holds no list of texts", column));
            list.push_back(item.get<std::string>());
        }
        return list;
    }

    [[nodiscard]] CopyState state() const {
        const std::string name = text("state");
        for (std::size_t i = 0; i < kStateNames.size(); ++i) {
            if (name == kStateNames[i]) return static_cast<CopyState>(i);
        }
        throw_unreadable(table_, fmt::format("unknown state `{}`", name));
    }

  private:
    const model::TableName& table_;
    const sql::ResultSet& result_;
    std::size_t row_;
    model::Flavor flavor_;
};

std::string location_values(const model::Location& location) {
    return fmt::format("{},{},{}", text_literal(location.position.file), location.position.offset,
                       text_literal(location.gtid_set.to_string()));
}

}  // namespace

CopyCheckpoint::CopyCheckpoint(std::string_view meta_schema, std::string_view task, std::string_view source_id,
                               model::Flavor flavor)
    : table_(model::task_table(meta_schema, task, model::kCopyCheckpointSuffix)),
      source_id_(source_id),
      flavor_(flavor) {}

void CopyCheckpoint::prepare(sql::SqlSession& session) const {
    ensure_meta_schema(session, table_.schema);
    session.execute(
        fmt::format("CREATE TABLE IF NOT EXISTS {} ("
                    "id VARCHAR(64) NOT NULL,"
                    "cp_schema VARCHAR(64) NOT NULL,"
                    "cp_table VARCHAR(64) NOT NULL,"
                    "chunk BIGINT UNSIGNED NOT NULL,"
                    "state VARCHAR(16) NOT NULL,"
                    "target_schema VARCHAR(64) NOT NULL DEFAULT '',"
                    "target_table VARCHAR(64) NOT NULL DEFAULT '',"
                    "owns_target BOOLEAN NOT NULL DEFAULT 0,"
                    "was_empty BOOLEAN NOT NULL DEFAULT 0,"
                    "lower_bound LONGTEXT,"
                    "upper_bound LONGTEXT,"
                    "low_name VARCHAR(255) NOT NULL DEFAULT '',"
                    "low_pos BIGINT UNSIGNED NOT NULL DEFAULT 0,"
                    "low_gtid LONGTEXT,"
                    "high_name VARCHAR(255) NOT NULL DEFAULT '',"
                    "high_pos BIGINT UNSIGNED NOT NULL DEFAULT 0,"
                    "high_gtid LONGTEXT,"
                    "table_structure LONGTEXT,"
                    "late_indexes LONGTEXT,"
                    "rows_done BIGINT UNSIGNED NOT NULL DEFAULT 0,"
                    "bytes_done BIGINT UNSIGNED NOT NULL DEFAULT 0,"
                    "create_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,"
                    "update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,"
                    "PRIMARY KEY (id, cp_schema, cp_table, chunk)"
                    ") DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
                    table_.quoted()));
    const auto columns = session.query(
        fmt::format("SELECT COLUMN_NAME AS c FROM information_schema.COLUMNS WHERE TABLE_SCHEMA={} AND TABLE_NAME={}",
                    text_literal(table_.schema), text_literal(table_.table)));
    const bool is_current = columns.rows.empty() || std::ranges::any_of(columns.rows, [](const auto& row) {
                                return row.at(0) == "late_indexes";
                            });
    if (is_current) return;
    execute_ddl(session,
                fmt::format("ALTER TABLE {} ADD COLUMN late_indexes LONGTEXT AFTER table_structure", table_.quoted()));
}

bool CopyCheckpoint::exists(sql::SqlSession& session) const {
    return !session
                .query(fmt::format("SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA={} AND TABLE_NAME={}",
                                   text_literal(table_.schema), text_literal(table_.table)))
                .rows.empty();
}

std::string CopyCheckpoint::where(const model::TableName& source) const {
    return fmt::format("id={} AND cp_schema={} AND cp_table={}", text_literal(source_id_), text_literal(source.schema),
                       text_literal(source.table));
}

std::optional<model::Location> CopyCheckpoint::load_floor(sql::SqlSession& session) const {
    if (!exists(session)) return std::nullopt;
    const auto result = session.query(fmt::format("SELECT low_name,low_pos,low_gtid FROM {} WHERE {} AND chunk=0",
                                                  table_.quoted(), where(model::TableName{})));
    if (result.rows.empty()) return std::nullopt;
    return RowReader(table_, result, 0, flavor_).location("low");
}

void CopyCheckpoint::save_floor(sql::SqlSession& session, const model::Location& floor,
                                const SchemaCharsets& charsets) const {
    nlohmann::json defaults = nlohmann::json::object();
    for (const auto& [schema, pair] : charsets) defaults[schema] = {pair.charset, pair.collation};
    session.execute(
        fmt::format("REPLACE INTO {} (id,cp_schema,cp_table,chunk,state,low_name,low_pos,low_gtid,table_structure) "
                    "VALUES ({},'','',0,'floor',{},{})",
                    table_.quoted(), text_literal(source_id_), location_values(floor), text_literal(defaults.dump())));
}

SchemaCharsets CopyCheckpoint::load_floor_charsets(sql::SqlSession& session) const {
    SchemaCharsets charsets;
    if (!exists(session)) return charsets;
    const auto result = session.query(
        fmt::format("SELECT table_structure FROM {} WHERE {} AND chunk=0", table_.quoted(), where(model::TableName{})));
    const std::string text = result.rows.empty() ? std::string() : result.text(0, "table_structure");
    if (text.empty()) return charsets;
    const auto defaults = nlohmann::json::parse(text, nullptr, false);
    if (!defaults.is_object()) throw_unreadable(table_, "the floor holds no character sets of schemas");
    for (const auto& [schema, pair] : defaults.items()) {
        const bool is_pair = pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string();
        if (!is_pair) throw_unreadable(table_, fmt::format("the floor holds no character set of {}", schema));
        charsets[schema] = {.charset = pair[0].get<std::string>(), .collation = pair[1].get<std::string>()};
    }
    return charsets;
}

std::optional<model::Location> CopyCheckpoint::load_end(sql::SqlSession& session) const {
    if (!exists(session)) return std::nullopt;
    const auto result = session.query(fmt::format(
        "SELECT high_name,high_pos,high_gtid FROM {} WHERE {} AND chunk=0 AND state='floor' AND high_name<>''",
        table_.quoted(), where(model::TableName{})));
    if (result.rows.empty()) return std::nullopt;
    return RowReader(table_, result, 0, flavor_).location("high");
}

void CopyCheckpoint::save_end(sql::SqlSession& session, const model::Location& end) const {
    session.execute(fmt::format("UPDATE {} SET high_name={},high_pos={},high_gtid={} WHERE {} AND chunk=0",
                                table_.quoted(), text_literal(end.position.file), end.position.offset,
                                text_literal(end.gtid_set.to_string()), where(model::TableName{})));
}

std::map<model::TableName, TableCopyRecord> CopyCheckpoint::load_tables(sql::SqlSession& session) const {
    std::map<model::TableName, TableCopyRecord> records;
    if (!exists(session)) return records;
    const auto result = session.query(fmt::format(
        "SELECT "
        "cp_schema,cp_table,state,target_schema,target_table,owns_target,was_empty,low_name,low_pos,low_"
        "gtid,high_name,high_pos,high_gtid,"
        "table_structure,late_indexes,rows_done,bytes_done FROM {} WHERE id={} AND chunk=0 AND cp_table<>''",
        table_.quoted(), text_literal(source_id_)));
    for (std::size_t i = 0; i < result.rows.size(); ++i) {
        const RowReader row(table_, result, i, flavor_);
        TableCopyRecord record;
        record.state = row.state();
        record.point = {.source = {row.text("cp_schema"), row.text("cp_table")},
                        .low = row.location("low"),
                        .high = row.location("high"),
                        .create_table = row.text("table_structure"),
                        .is_complete = record.state == CopyState::Complete};
        record.target = {row.text("target_schema"), row.text("target_table")};
        record.owns_target = row.number("owns_target") != 0;
        record.was_empty = row.number("was_empty") != 0;
        record.rows = row.number("rows_done");
        record.bytes = row.number("bytes_done");
        if (!row.text("late_indexes").empty()) record.late_indexes = row.literals("late_indexes");
        const model::TableName source = record.point.source;
        records.emplace(source, std::move(record));
    }
    return records;
}

std::vector<TableCopyPoint> CopyCheckpoint::load_table_points(sql::SqlSession& session) const {
    std::vector<TableCopyPoint> points;
    for (auto& [source, record] : load_tables(session)) {
        if (record.state != CopyState::Void) points.push_back(std::move(record.point));
    }
    return points;
}

void CopyCheckpoint::save_tables(sql::SqlSession& session, std::span<const TableCopyRecord* const> records) const {
    if (records.empty()) return;
    std::string statement = fmt::format(
        "REPLACE INTO {} "
        "(id,cp_schema,cp_table,chunk,state,target_schema,target_table,owns_target,was_empty,low_name,low_pos,low_gtid,"
        "high_name,high_pos,high_gtid,table_structure,late_indexes,rows_done,bytes_done) VALUES ",
        table_.quoted());
    for (const TableCopyRecord* record : records) {
        statement += fmt::format("{}({},{},{},0,'{}',{},{},{:d},{:d},{},{},{},{},{},{})",
                                 record == records.front() ? "" : ",", text_literal(source_id_),
                                 text_literal(record->point.source.schema), text_literal(record->point.source.table),
                                 kStateNames.at(static_cast<std::size_t>(record->state)),
                                 text_literal(record->target.schema), text_literal(record->target.table),
                                 record->owns_target, record->was_empty, location_values(record->point.low),
                                 location_values(record->point.high), text_literal(record->point.create_table),
                                 record->late_indexes.empty() ? "NULL" : text_literal(to_json(record->late_indexes)),
                                 record->rows, record->bytes);
    }
    session.execute(statement);
}

void CopyCheckpoint::save_table(sql::SqlSession& session, const TableCopyRecord& record) const {
    const TableCopyRecord* const only = &record;
    save_tables(session, std::span(&only, 1));
}

std::vector<ChunkRecord> CopyCheckpoint::load_chunks(sql::SqlSession& session, const model::TableName& source) const {
    const auto result = session.query(fmt::format(
        "SELECT chunk,state,lower_bound,upper_bound,rows_done,bytes_done FROM {} WHERE {} AND chunk>0 ORDER BY chunk",
        table_.quoted(), where(source)));
    std::vector<ChunkRecord> chunks;
    for (std::size_t i = 0; i < result.rows.size(); ++i) {
        const RowReader row(table_, result, i, flavor_);
        ChunkRecord chunk{.number = static_cast<std::int64_t>(row.number("chunk")),
                          .range = {.lower = row.literals("lower_bound"), .upper = row.literals("upper_bound")},
                          .is_done = row.text("state") == kDone,
                          .rows = row.number("rows_done"),
                          .bytes = row.number("bytes_done")};
        const bool follows =
            chunks.empty() ? chunk.number == 1 && chunk.range.lower.empty()
                           : chunk.number == chunks.back().number + 1 && chunk.range.lower == chunks.back().range.upper;
        if (!follows)
            throw_unreadable(
                table_, fmt::format("chunk {} of {} does not follow the one before", chunk.number, source.quoted()));
        chunks.push_back(std::move(chunk));
    }
    return chunks;
}

void CopyCheckpoint::save_chunks(sql::SqlSession& session, const model::TableName& source,
                                 const std::vector<ChunkRecord>& chunks) const {
    for (std::size_t begin = 0; begin < chunks.size(); begin += kMaxChunksPerStatement) {
        std::string statement = fmt::format(
            "REPLACE INTO {} (id,cp_schema,cp_table,chunk,state,lower_bound,upper_bound,rows_done,bytes_done) VALUES ",
            table_.quoted());
        const std::size_t end = std::min(chunks.size(), begin + kMaxChunksPerStatement);
        for (std::size_t i = begin; i < end; ++i) {
            const ChunkRecord& chunk = chunks[i];
            statement +=
                fmt::format("{}({},{},{},{},'{}',{},{},{},{})", i == begin ? "" : ",", text_literal(source_id_),
                            text_literal(source.schema), text_literal(source.table), chunk.number,
                            chunk.is_done ? kDone : kPlanned, text_literal(to_json(chunk.range.lower)),
                            text_literal(to_json(chunk.range.upper)), chunk.rows, chunk.bytes);
        }
        session.execute(statement);
    }
}

void CopyCheckpoint::drop_chunks(sql::SqlSession& session, const model::TableName& source) const {
    session.execute(fmt::format("DELETE FROM {} WHERE {} AND chunk>0", table_.quoted(), where(source)));
}

void CopyCheckpoint::drop_all_chunks(sql::SqlSession& session) const {
    session.execute(fmt::format("DELETE FROM {} WHERE id={} AND chunk>0", table_.quoted(), text_literal(source_id_)));
}

void CopyCheckpoint::drop_table(sql::SqlSession& session, const model::TableName& source) const {
    // In this order: a table that starts anew must never find chunks of its former copy.
    drop_chunks(session, source);
    session.execute(fmt::format("UPDATE {} SET state='void' WHERE {} AND chunk=0", table_.quoted(), where(source)));
}

void CopyCheckpoint::forget_table(sql::SqlSession& session, const model::TableName& source) const {
    session.execute(fmt::format("DELETE FROM {} WHERE {}", table_.quoted(), where(source)));
}

}  // namespace dm::target
