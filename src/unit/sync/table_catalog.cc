#include "unit/sync/table_catalog.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "core/binlog/collations.h"
#include "core/sql/lexer.h"
#include "unit/sync/earlier_structure.h"
#include "unit/sync/upstream_view.h"
#include "unit/target/downstream.h"

namespace dm::sync {
namespace {

using schema::ColumnType;

/// What the binlog itself says of a column's charset counts before what is known of the table.
std::vector<binlog::ColumnHint> hints_of(const schema::TableDefinition& definition, const binlog::TableMap& map) {
    std::vector<binlog::ColumnHint> hints;
    hints.reserve(definition.columns.size());
    for (const auto& column : definition.columns) {
        const auto logged = binlog::charset_of_collation(map.columns[hints.size()].collation);
        binlog::ColumnHint hint{.is_unsigned = column.is_unsigned,
                                .charset = logged.empty() ? column.charset : std::string(logged),
                                .fixed_length = 0,
                                .form = {},
                                .elements = column.elements};
        if (column.type == ColumnType::Binary) hint.fixed_length = column.length;
        if (column.type == ColumnType::Uuid) hint.form = binlog::FixedForm::Uuid;
        if (column.type == ColumnType::Inet4) hint.form = binlog::FixedForm::Inet4;
        if (column.type == ColumnType::Inet6) hint.form = binlog::FixedForm::Inet6;
        hints.push_back(std::move(hint));
    }
    return hints;
}

/// MariaDB's system-versioned tables log rows of the past like any others.
void refuse_versioned(const schema::TableDefinition& definition, const model::Location& location) {
    const bool is_versioned = std::ranges::any_of(definition.columns, [](const schema::Column& column) {
        return column.is_row_period || (column.is_hidden && (column.name == "row_start" || column.name == "row_end"));
    });
    if (!is_versioned) return;
    throw Error(ErrorCode::SyncEventUnsupported,
                fmt::format("{} is system-versioned: its rows at {} hold versions of the past, which cannot be told "
                            "to the target",
                            definition.name.quoted(), location.to_string()))
        .with_workaround("Leave the table out by the task's `block-allow-list`, or drop its versioning upstream.");
}

/// MariaDB shows sequences as tables of fixed columns.
bool is_sequence(std::string_view create_table) {
    return create_table.find("\n  `next_not_cached_value` ") != std::string_view::npos &&
           create_table.find(" SEQUENCE=1") != std::string_view::npos;
}

/// Whether the rows have the columns of a sequence, whose four values are of one integer type.
bool has_shape_of_sequence(const binlog::TableMap& map) {
    using binlog::WireType;
    constexpr auto kOthers =
        std::to_array({WireType::LongLong, WireType::LongLong, WireType::Tiny, WireType::LongLong});
    constexpr auto kIntegers =
        std::to_array({WireType::Tiny, WireType::Short, WireType::Int24, WireType::Long, WireType::LongLong});
    constexpr std::size_t kValues = 4;
    if (map.columns.size() != kValues + kOthers.size()) return false;
    for (std::size_t i = 0; i < map.columns.size(); ++i) {
        const WireType type = map.columns[i].type;
        if (map.columns[i].is_nullable || type != (i < kValues ? map.columns[0].type : kOthers.at(i - kValues)))
            return false;
    }
    return std::ranges::find(kIntegers, map.columns[0].type) != kIntegers.end();
}

/// What is known of a table that was altered without its binlog is no longer so.
void ensure_fits(const schema::TableDefinition& known, const binlog::TableMap& map, const model::Location& location) {
    const std::string why = mismatch(known, map);
    if (why.empty()) return;
    throw Error(ErrorCode::SyncColumnCount,
                fmt::format("the known structure of {} is not that of its rows at {}: it has {}", map.name.quoted(),
                            location.to_string(), why))
        .with_workaround(
            "The table was altered without its binlog (`sql_log_bin = 0`, a failover): copy the data again by "
            "`stop-task` and `start-task --remove-meta`, or leave the table out by the task's `block-allow-list`.");
}

bool has_names(const binlog::TableMap& map) {
    return std::ranges::all_of(map.columns, [](const auto& column) { return !column.name.empty(); });
}

}  // namespace

bool is_at_or_before(const model::Location& end, const model::Location& bound, bool by_gtid) {
    const bool has_both = by_gtid && !bound.gtid_set.is_empty() && !end.gtid_set.is_empty();
    return model::compare_locations(end, bound, has_both) != std::strong_ordering::greater;
}

bool has_upper_case(const model::TableName& name) {
    const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    return std::ranges::any_of(name.schema, is_upper) || std::ranges::any_of(name.table, is_upper);
}

TableCatalog::TableCatalog(const Rules& rules, schema::Tracker tracker, schema::Tracker target, Recorder& recorder,
                           SessionLink& upstream, SessionLink& downstream)
    : rules_(rules),
      tracker_(std::move(tracker)),
      target_(std::move(target)),
      recorder_(recorder),
      upstream_(upstream),
      downstream_(downstream) {}

void TableCatalog::load(const checkpoint::CheckpointContent& content, const std::vector<target::TableCopyPoint>& copies,
                        const std::optional<model::Location>& copy_end, bool by_gtid) {
    copy_end_ = copy_end;
    for (const auto& [name, point] : content.tables) {
        if (!point.definition) continue;
        if (name.table.empty()) {
            tracker_.put_schema(name.schema, point.definition->charset, point.definition->collation);
        } else {
            tracker_.put(*point.definition);
        }
    }
    for (const auto& copy : copies) {
        copies_[copy.source] = {.low = copy.low, .high = copy.high, .is_behind = false};
        const auto recorded = content.tables.find(copy.source);
        const bool is_recorded_later = recorded != content.tables.end() && recorded->second.definition &&
                                       !is_at_or_before(recorded->second.location, copy.low, by_gtid);
        if (is_recorded_later || copy.create_table.empty()) continue;
        auto definition =
            tracker_.put_create_table(copy.source, copy.create_table, {.default_schema = copy.source.schema});
        recorder_.set_point(copy.source, {.location = copy.low, .definition = std::move(definition)});
    }
}

CopySpan* TableCatalog::copy_span(const model::TableName& source) {
    const auto found = copies_.find(source);
    return found == copies_.end() ? nullptr : &found->second;
}

bool TableCatalog::is_amid_copy(const model::Location& end, bool by_gtid) const {
    return copy_end_ && is_at_or_before(end, *copy_end_, by_gtid);
}

bool TableCatalog::is_gone(const model::TableName& source, const model::Location& end, bool by_gtid) const {
    return is_amid_copy(end, by_gtid) && !copies_.contains(source) && !tracker_.find(source) &&
           rules_.filter.accepts(source);
}

std::optional<std::vector<model::TableName>> TableCatalog::left_in_schema(const std::string& schema,
                                                                          const model::Location& end,
                                                                          bool by_gtid) const {
    const auto is_later = [&](const auto& copy) {
        return copy.first.schema == schema && is_at_or_before(end, copy.second.low, by_gtid);
    };
    if (std::ranges::none_of(copies_, is_later)) return std::nullopt;
    std::vector<model::TableName> left;
    for (const auto& table : tracker_.tables()) {
        const auto copy = copies_.find(table);
        const bool is_there = copy == copies_.end() || !is_later(*copy);
        if (table.schema == schema && is_there && rules_.filter.accepts(table)) left.push_back(table);
    }
    return left;
}

std::optional<model::TableName> TableCatalog::twin_of(const model::TableName& target) const {
    for (const model::TableName& other : tracker_.tables()) {
        if (!rules_.filter.accepts(other)) continue;
        model::TableName there = rules_.router.route(other);
        if (target.table.empty()) there.table.clear();
        const bool is_twin = there != target && sql::equal_ignoring_case(there.schema, target.schema) &&
                             sql::equal_ignoring_case(there.table, target.table);
        if (is_twin) return other;
    }
    return std::nullopt;
}

/// Of two tables that the target takes for one, rows of the one that has not the target's name are refused.
void TableCatalog::refuse_twin(const model::TableName& source, const model::Location& location) const {
    const model::TableName target = rules_.router.route(source);
    const bool are_one = tracker_.options().is_case_sensitive && !target_.options().is_case_sensitive;
    if (!are_one || !has_upper_case(target)) return;
    const auto twin = twin_of(target);
    if (!twin) return;
    throw Error(ErrorCode::SyncDdlUnsupported,
                fmt::format("rows of {} at {} would go into the table of {}: the target does not tell {} from it "
                            "(lower_case_table_names there)",
                            source.quoted(), location.to_string(), twin->quoted(), target.quoted()))
        .with_workaround(
            "Leave one of the two out by the task's `block-allow-list`, or let a route give it another name. Then "
            "start the task again.");
}

void TableCatalog::learn_all_schemas(const model::Location& location, target::SchemaCharsets at_location) {
    if (at_location.empty()) at_location = target::fetch_schema_charsets(upstream_.get());
    for (const auto& [schema, charset] : at_location) {
        if (!rules_.filter.accepts_schema(schema) || tracker_.find_schema(schema)) continue;
        tracker_.put_schema(schema, charset.charset, charset.collation);
        note_schema(schema, location);
    }
}

void TableCatalog::learn_schemas(const std::vector<sql::RewrittenDdl>& statements, const model::Location& location) {
    for (const auto& statement : statements) {
        const bool needs_charset =
            statement.kind == sql::StatementKind::CreateTable || statement.kind == sql::StatementKind::AlterTable ||
            statement.kind == sql::StatementKind::CreateDatabase || statement.kind == sql::StatementKind::AlterDatabase;
        if (!needs_charset || statement.sources.empty()) continue;
        const std::string& schema = statement.sources.front().schema;
        if (tracker_.find_schema(schema)) continue;
        const auto charset = target::fetch_schema_charset(upstream_.get(), schema);
        if (!charset) continue;
        tracker_.put_schema(schema, charset->charset, charset->collation);
        note_schema(schema, location);
    }
}

void TableCatalog::note_schemas(const std::vector<sql::RewrittenDdl>& statements, const model::Location& location) {
    for (const auto& statement : statements) {
        const bool is_of_schema = statement.kind == sql::StatementKind::CreateDatabase ||
                                  statement.kind == sql::StatementKind::AlterDatabase ||
                                  statement.kind == sql::StatementKind::DropDatabase;
        if (is_of_schema && !statement.sources.empty()) note_schema(statement.sources.front().schema, location);
    }
}

/// Recorded as a table without a name.
void TableCatalog::note_schema(const std::string& schema, const model::Location& location) {
    const model::TableName name{schema, {}};
    const auto known = tracker_.find_schema(schema);
    if (!known) {
        recorder_.remove_point(name);
        return;
    }
    schema::TableDefinition definition;
    definition.name = name;
    definition.charset = known->charset;
    definition.collation = known->collation;
    recorder_.set_point(name, {.location = location,
                               .definition = std::make_shared<const schema::TableDefinition>(std::move(definition))});
}

void TableCatalog::structure_changed(const std::vector<model::TableName>& targets) {
    for (const auto& table : targets) target_.remove(table);
    known_.clear();
}

const SourceTable& TableCatalog::table_of(const std::shared_ptr<const binlog::TableMap>& map, std::uint32_t timestamp,
                                          const model::Location& location, bool by_gtid) {
    const auto found = known_.find(map.get());
    if (found != known_.end()) return found->second.table;
    constexpr std::size_t kMaxKnown = 50000;
    if (known_.size() > kMaxKnown) known_.clear();
    return known_.emplace(map.get(), Known{.map = map, .table = build(*map, timestamp, location, by_gtid)})
        .first->second.table;
}

void TableCatalog::expect_no_generated() {
    images_ = dml::Images::WithoutGenerated;
    known_.clear();
}

std::shared_ptr<const schema::TableDefinition> TableCatalog::source_definition(const binlog::TableMap& map,
                                                                               std::uint32_t timestamp,
                                                                               const model::Location& location) {
    if (auto known = tracker_.find(map.name)) {
        ensure_fits(*known, map, location);
        return known;
    }
    const auto current = fetch_current_table(upstream_.get(), map.name);
    if (current && is_sequence(current->create_table)) return nullptr;
    std::shared_ptr<const schema::TableDefinition> definition;
    std::string why = "is no longer there";
    if (current) {
        definition = tracker_.put_create_table(map.name, current->create_table, {.default_schema = map.name.schema});
        why = mismatch(*definition, map);
        if (!why.empty()) why.insert(0, "has ");
        // Equal types do not prove equal columns, unless their names are in the binlog too.
        const bool is_younger = current->changed_at > static_cast<std::int64_t>(timestamp);
        if (why.empty() && !has_names(map) && is_younger) why = "has been altered since";
    }
    if (!why.empty()) {
        definition = take_from_target(map, definition.get());
        // Nobody has it any more: a sequence that was dropped since cannot be asked for.
        const bool is_like_sequence = tracker_.options().is_mariadb && !current && has_shape_of_sequence(map);
        if (!definition && is_like_sequence) return nullptr;
        ensure(definition != nullptr, ErrorCode::SchemaTableMissing,
               fmt::format("the structure of {} at {} is not known: upstream the table {}, and the target's "
                           "cannot be taken for it; leave the table out with `block-allow-list`, or copy anew: "
                           "`stop-task`, then `start-task --remove-meta`",
                           map.name.quoted(), location.to_string(), why));
        log::warn("the structure of earlier rows is taken from the target",
                  {{"table", map.name.quoted()}, {"location", location.to_string()}, {"upstream", why}});
    }
    recorder_.set_point(map.name, {.location = location, .definition = definition});
    return definition;
}

/// Null if it does not serve.
std::shared_ptr<const schema::TableDefinition> TableCatalog::take_from_target(const binlog::TableMap& map,
                                                                              const schema::TableDefinition* today) {
    const model::TableName target = rules_.router.route(map.name);
    const auto text = target::fetch_table(downstream_.get(), target);
    std::optional<schema::TableDefinition> earlier;
    if (text && !text->empty())
        earlier =
            earlier_structure(today, *target_.put_create_table(target, *text, {.default_schema = target.schema}), map);
    tracker_.remove(map.name);
    if (!earlier) return nullptr;
    tracker_.put(std::move(*earlier));
    return tracker_.find(map.name);
}

std::shared_ptr<const schema::TableDefinition> TableCatalog::target_definition(const model::TableName& source,
                                                                               const model::TableName& target) {
    if (auto known = target_.find(target)) return known;
    const auto text = target::fetch_table(downstream_.get(), target);
    ensure(text.has_value(), ErrorCode::SyncTargetTableMissing,
           fmt::format("the target has no table {} for the rows of {}", target.quoted(), source.quoted()));
    ensure(!text->empty(), ErrorCode::SyncTargetTableMissing,
           fmt::format("{} of the target is a view, not a table for the rows of {}", target.quoted(), source.quoted()));
    return target_.put_create_table(target, *text, {.default_schema = target.schema});
}

SourceTable TableCatalog::build(const binlog::TableMap& map, std::uint32_t timestamp, const model::Location& location,
                                bool by_gtid) {
    SourceTable table;
    table.name = map.name;
    table.is_accepted = rules_.filter.accepts(map.name);
    if (!table.is_accepted) return table;
    constexpr std::array kKinds = {rules::EventKind::Insert, rules::EventKind::Update, rules::EventKind::Delete};
    for (std::size_t i = 0; i < kKinds.size(); ++i)
        table.verdicts.at(i) = rules_.events.judge(rules_.filter.real_name(map.name), kKinds.at(i), {});
    if (std::ranges::all_of(table.verdicts, [](rules::Verdict verdict) { return verdict == rules::Verdict::Skip; }))
        return table;
    table.is_gone = is_gone(map.name, location, by_gtid);
    if (table.is_gone) return table;
    const auto definition = source_definition(map, timestamp, location);
    if (!definition) {
        table.is_accepted = false;
        table.is_sequence = true;
        return table;
    }
    refuse_versioned(*definition, location);
    refuse_twin(map.name, location);
    table.has_transactions = definition->has_transactions();
    const auto hints = hints_of(*definition, map);
    table.layout.emplace(map, hints);
    std::vector<std::string> charsets;
    for (std::size_t i = 0; i < map.columns.size(); ++i) charsets.emplace_back(table.layout->charset(i));
    const auto target = target_definition(map.name, rules_.router.route(map.name));
    const auto vectors = downstream_.get().version().is_tidb ? dml::VectorForm::Text : dml::VectorForm::Bytes;
    table.plan = std::make_shared<const dml::TablePlan>(
        dml::TablePlan::compile(*definition, *target, charsets, images_, vectors));
    return table;
}

}  // namespace dm::sync
