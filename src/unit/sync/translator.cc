#include "unit/sync/translator.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "core/binlog/collations.h"
#include "core/binlog/payload_reader.h"
#include "core/binlog/row_decoder.h"
#include "core/dml/key_fineness.h"
#include "core/sql/set_statement.h"
#include "core/sql/statement_charset.h"
#include "unit/sync/binlog_history.h"
#include "unit/sync/row_images.h"
#include "unit/sync/shown_statement.h"

namespace dm::sync {
namespace {

constexpr std::size_t kHandedOnBytes = 64UL << 10U;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n;";
    const auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// The file that a LOAD DATA in statement format reads, and its end if that failed: the statement itself is a Query.
bool is_file_of_load(binlog::EventType type) {
    using enum binlog::EventType;
    return type == BeginLoadQuery || type == AppendBlock || type == CreateFile || type == ExecLoad ||
           type == DeleteFile;
}

}  // namespace

Translator::Translator(Options options, TranslatorContext context, ReaderQueue& input, SequencerQueue& output)
    : options_(std::move(options)),
      context_(context),
      input_(input),
      output_(output),
      position_(options_.start),
      ahead_(options_.max_ahead_bytes),
      prepared_(options_.max_prepared_bytes),
      safe_mode_(options_.safe_mode),
      started_(context.clock.now()) {}

StreamEnd Translator::run(std::stop_token stop) {
    stop_ = stop;
    end_.reset();
    while (!end_) {
        const auto item = input_.pop(stop);
        if (!item) {
            end(stop.stop_requested() ? StreamEnd::Cut : StreamEnd::Ended);
            break;
        }
        handle(*item);
        end_if_asked();
        hand_on();
    }
    output_.close();
    return *end_;
}

void Translator::end_if_asked() {
    if (!end_ && is_stopping_ && !position_.is_in_transaction()) end(StreamEnd::Stopped);
}

void Translator::handle(const ReaderItem& item) {
    switch (item.kind) {
        case ReaderItem::Kind::Events:
            handle_events(item.events);
            break;
        case ReaderItem::Kind::StreamBroken:
            handle_broken();
            break;
        case ReaderItem::Kind::Wake:
            break;
    }
}

/// A server that is asked for what follows a GTID set does not say that its binlog has begun anew meanwhile. One that
/// is away is not asked: then reading fails, too, and comes here again.
void Translator::ensure_server_has(const model::Location& from) {
    if (!options_.by_gtid || !context_.recorder.knows_server() || from == options_.start) return;
    context_.upstream.drop();  // the name of the upstream may lead to another server than it did
    try {
        sql::SqlSession& upstream = context_.upstream.get();
        if (fetch_server_name(upstream) != options_.server) return context_.recorder.forget_server();
        ensure_same_history(upstream, from);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::SyncBinlogPurged) throw;
        log::warn("the upstream could not be asked whether its binlog is still the same", {{"error", error.what()}});
        context_.upstream.drop();
    }
}

void Translator::handle_broken() {
    const model::Location from = position_.transaction_end();
    ensure_server_has(from);
    changes_.begin_again();
    ahead_.begin_again();
    decoder_ = binlog::EventDecoder();
    tables_.clear();
    prepared_.forget_places();
    undone_.begin_transaction();
    position_ = binlog::StreamPosition(from);
    place_.reset();
    binlog::StartPoint start{.position = from.position, .gtid_set = std::nullopt};
    if (options_.by_gtid) start.gtid_set = from.gtid_set;
    context_.reader.resume_from(std::move(start));
}

void Translator::push(SequencerItem item, std::size_t bytes) {
    gathered_.push_back(std::move(item));
    gathered_bytes_ += bytes;
    if (gathered_bytes_ >= kHandedOnBytes) hand_on();
}

void Translator::hand_on() {
    if (gathered_.empty()) return;
    const std::size_t bytes = std::exchange(gathered_bytes_, 0);
    if (!output_.push(std::exchange(gathered_, {}), bytes, stop_)) end(StreamEnd::Cut);
}

model::Location Translator::recorded(const model::Location& location) const {
    if (options_.by_gtid) return location;
    // Without GTIDs the set grows from nothing: a part of the truth would be worse than none.
    return {.position = location.position, .gtid_set = model::GtidSet(location.gtid_set.flavor())};
}

void Translator::handle_events(std::shared_ptr<const EventChunk> chunk) {
    ahead_.add(std::move(chunk));
    while (const auto piece = ahead_.next()) {
        if (piece->undone) undone_.foresee(*piece->undone);
        for (std::size_t number = piece->begin; number < piece->end; ++number) {
            handle_event(piece->chunk->event(number), piece->chunk);
            end_if_asked();
            if (end_) return;
        }
    }
}

void Translator::handle_event(ByteView bytes, const std::shared_ptr<const void>& owner) {
    const binlog::Event event = decoder_.decode(bytes);
    if (event.header.timestamp != 0) timestamp_ = event.header.timestamp;
    const bool has_ended = position_.advance(event);
    if (event.get_if<binlog::TransactionPayload>() != nullptr) {
        handle_payload(event, owner);
        return;
    }
    handle_body(event, owner);
    if (has_ended) end_transaction();
}

void Translator::handle_payload(const binlog::Event& event, const std::shared_ptr<const void>& owner) {
    binlog::PayloadReader reader(*event.get_if<binlog::TransactionPayload>(), decoder_);
    bool has_ended = false;
    while (!end_) {
        const auto inner = reader.next();
        if (!inner) break;
        has_ended = position_.advance_inner(*inner) || has_ended;
        handle_body(*inner, owner);
    }
    if (has_ended && !end_) end_transaction();
}

void Translator::handle_body(const binlog::Event& event, const std::shared_ptr<const void>& owner) {
    if (const auto* rows = event.get_if<binlog::RowsEvent>()) {
        const auto since = context_.metrics.now();
        const std::uint64_t before = handed_on_;
        handle_rows(*rows, owner);
        context_.metrics.rows_handled(change_kind(rows->kind), handed_on_ > before, since);
    } else if (const auto* map = event.get_if<binlog::TableMapEvent>()) {
        tables_[map->table_id] = map->table;
    } else if (const auto* query = event.get_if<binlog::Query>()) {
        handle_query(*query);
    } else if (const auto* begin = event.get_if<binlog::GtidEvent>()) {
        committed_us_ = begin->immediate_commit_us;
    } else if (const auto* gtid = event.get_if<binlog::MariaDbGtidEvent>()) {
        skips_alter_ = gtid->is_start_alter || gtid->is_rollback_alter;
        if (gtid->is_xa_prepare) prepared_.open(position_.transaction_end().position);
    } else if (const auto* prepare = event.get_if<binlog::XaPrepare>()) {
        handle_xa_prepare(*prepare);
    } else if (const auto* heartbeat = event.get_if<binlog::Heartbeat>()) {
        handle_heartbeat(*heartbeat);
    } else if (event.get_if<binlog::FormatDescription>() != nullptr) {
        tables_.clear();
        (void)prepared_.take_open();
        undone_.begin_transaction();
    } else {
        check_other(event);
    }
}

/// A quiet upstream: what is to be reached may lie behind events that are not sent.
void Translator::handle_heartbeat(const binlog::Heartbeat& heartbeat) {
    if (!options_.run_until || options_.by_gtid || position_.is_in_transaction()) return;
    const model::BinlogPosition now{.file = std::string(heartbeat.file), .offset = heartbeat.position};
    if (model::compare_positions(now, options_.run_until->position) != std::strong_ordering::less)
        end(StreamEnd::Reached);
}

void Translator::check_other(const binlog::Event& event) {
    const std::string where = position_.start().to_string();
    if (const auto* incident = event.get_if<binlog::Incident>()) {
        throw Error(ErrorCode::SyncEventUnsupported,
                    fmt::format("the upstream logged at {} that changes are missing from its binlog: {}", where,
                                incident->message))
            .with_workaround("Copy the data again: stop the task and start it with `--remove-meta`.");
    } else if (const auto* unknown = event.get_if<binlog::Unknown>()) {
        if (is_file_of_load(unknown->type)) return;
        ensure(unknown->is_ignorable, ErrorCode::SyncEventUnsupported,
               fmt::format("the event at {} is of the unknown type {}", where, static_cast<int>(unknown->type)));
        context_.notices.pass_over("unknown event", where);
    }
}

/// Whether the current transaction is at or before a location given by the copy.
bool Translator::is_covered(const model::Location& bound) const {
    if (options_.by_gtid && !bound.gtid_set.is_empty() && position_.current_gtid())
        return bound.gtid_set.contains(*position_.current_gtid());
    return model::compare_positions(position_.end().position, bound.position) != std::strong_ordering::greater;
}

/// Whether a change was handled before the stream broke. Each change of a transaction is to be asked about once.
bool Translator::is_handled() {
    const auto verdict =
        changes_.take({.end = position_.end().position, .gtid = position_.current_gtid(), .timestamp = timestamp_});
    if (verdict == RepeatedChanges::Verdict::Lost) {
        context_.notices.pass_over("transaction that the upstream lost after a part of it was applied",
                                   position_.start().to_string());
    }
    return verdict == RepeatedChanges::Verdict::Repeated;
}

void Translator::handle_rows(const binlog::RowsEvent& rows, const std::shared_ptr<const void>& owner) {
    const bool is_xa = prepared_.is_open();
    const auto found = tables_.find(rows.table_id);
    const std::size_t number = found == tables_.end() ? 0 : undone_.count();
    if (number == 0) rows_start_ = position_.transaction_end().position;
    // Rows that are put aside are put aside anew when the stream breaks.
    if (!is_xa && is_handled()) return;
    // The server closes statements that changed nothing with an event for no table.
    constexpr std::uint64_t kNoTable = 0xFFFFFF;
    if (found == tables_.end() && rows.rows.empty() && rows.table_id >= kNoTable) return;
    ensure(found != tables_.end(), ErrorCode::BinlogMalformed, [&] {
        return fmt::format("rows at {} are of table number {}, which was not announced", position_.start().to_string(),
                           rows.table_id);
    });
    if (rules::is_system_schema(found->second->name.schema)) return;
    StagedRows staged{.event = rows, .table = found->second, .owner = owner, .number = number};
    staged.is_void = undone_.is_foreseen(number);
    if (!is_xa) {
        apply_rows(staged);
    } else if (context_.rules.filter.accepts(staged.table->name)) {
        prepared_.add(std::move(staged));
    }
}

void Translator::apply_rows(const StagedRows& rows) {
    // Before its own start a table may have another structure than the copy found: look no further.
    CopySpan* span = context_.catalog.copy_span(rows.table->name);
    if (span != nullptr && !span->is_behind && is_covered(span->low)) return;
    const SourceTable& table = *table_of(rows);
    if (table.is_gone) context_.notices.mention("rows of a table that was gone before its copy", table.name.quoted());
    if (table.is_sequence) context_.notices.pass_over("rows of a sequence", table.name.quoted());
    if (!table.is_accepted || !table.plan) return;
    if (table.has_transactions ? rows.is_void : rows.is_undone) return;
    const auto verdict = table.verdicts.at(static_cast<std::size_t>(rows.event.kind));
    if (verdict == rules::Verdict::Skip) return;
    ensure(verdict != rules::Verdict::Error, ErrorCode::SyncFilteredError, [&] {
        return fmt::format("a filter with action Error matches rows of {} at {}", table.name.quoted(),
                           position_.start().to_string());
    });
    bool is_safe = safe_mode_.is_on() || changes_.may_be_applied();
    if (span != nullptr && !span->is_behind) {
        const bool is_within = is_covered(span->high);
        is_safe = is_safe || is_within;
        // Positions only grow; GTIDs may come out of order.
        if (!is_within && !options_.by_gtid) span->is_behind = true;
    }
    const SourceTable* fitting = table_for_images(rows, table);
    if (fitting != nullptr) push_rows(rows, *fitting, is_safe);
}

const SourceTable* Translator::table_of(const StagedRows& rows) {
    const SourceTable* found = nullptr;
    retry_over_cuts("structure of a table", [&] {
        found = &context_.catalog.table_of(rows.table, timestamp_, recorded(position_.end()), options_.by_gtid);
    });
    return found;
}

/// The table with a plan that reads only what the images have; `table` is not to be used any more. Null if the stream
/// has ended.
const SourceTable* Translator::table_for_images(const StagedRows& rows, const SourceTable& table) {
    const auto missed = missed_columns(rows.event, *table.plan);
    if (missed.empty()) return &table;
    const SourceTable* fitting = &table;
    const auto is_generated = [&](std::size_t column) { return table.plan->is_generated(column); };
    if (context_.catalog.expects_generated() && std::ranges::all_of(missed, is_generated)) {
        // MariaDB 11.8 logs generated columns with inserted rows only, whatever binlog_row_image says.
        if (!drain()) {
            end(StreamEnd::Cut);
            return nullptr;
        }
        context_.catalog.expect_no_generated();
        fitting = table_of(rows);
    }
    ensure_complete(rows.event, *fitting->plan, position_.start());
    return fitting;
}

/// That of the current event's transaction, as far as its time is known.
checkpoint::Boundary Translator::commit() const {
    return {.sequence = 0, .location = {}, .timestamp = timestamp_, .committed_us = committed_us_};
}

EventPlace Translator::place() {
    if (!place_) {
        place_ = std::make_shared<const TransactionPlace>(
            TransactionPlace{.file = position_.end().position.file, .gtid = position_.current_gtid()});
    }
    return {.transaction = place_, .start = position_.start().position.offset, .end = position_.end().position.offset};
}

/// In safe mode rows are replaced as wholes, by whatever key they meet under.
void Translator::tell_of_replacing(const dml::TablePlan& plan) {
    if ((plan.coarser_key().empty() && plan.covers_target()) || !told_.insert(plan.source()).second) return;
    if (!plan.coarser_key().empty())
        context_.notices.mention(dml::kCoarserKey, plan.source().quoted(), 1, plan.coarser_key());
    if (!plan.covers_target())
        context_.notices.mention("safe mode resets columns that only the target has", plan.source().quoted());
}

void Translator::push_rows(const StagedRows& rows_event, const SourceTable& table, bool is_safe) {
    const binlog::RowsEvent& event = rows_event.event;
    const auto since = context_.metrics.now();
    auto decoded = binlog::decode_rows(event, *table.layout, rows_event.owner);
    auto item = std::make_shared<RowsItem>();
    item->plan = table.plan;
    item->kind = change_kind(event.kind);
    if (rows_event.is_undone) item->kind = turned_round(item->kind, decoded);
    item->is_safe = is_safe;
    if (is_safe) tell_of_replacing(*table.plan);
    item->timestamp = timestamp_;
    item->place = place();
    item->before = std::move(decoded.before);
    item->after = std::move(decoded.after);
    const std::size_t rows = std::max(item->before.size(), item->after.size());
    item->key_ends.reserve(rows);
    for (std::size_t row = 0; row < rows; ++row) {
        const auto before = item->kind == dml::ChangeKind::Insert ? model::Row{} : item->before.row(row);
        const auto after = item->kind == dml::ChangeKind::Delete ? model::Row{} : item->after.row(row);
        keys_.append(*item->plan, before, after, item->keys);
        item->key_ends.push_back(static_cast<std::uint32_t>(item->keys.size()));
    }
    if (rows == 0) return;
    context_.metrics.rows_decoded(item->kind, rows, since);
    ++handed_on_;
    const std::size_t bytes = item->before.bytes() + item->after.bytes() + event.rows.size();
    item->bytes = bytes;
    push(SequencerItem{std::shared_ptr<const RowsItem>(std::move(item))}, bytes);
}

void Translator::handle_query(const binlog::Query& query) {
    const std::string_view text = trimmed(query.statement);
    if (text.empty() || text == "BEGIN" || text == "COMMIT" || skips_alter_) return;
    if (handle_xa(text)) return;
    if (const auto undone = undone_.undone_by(text)) return undo(*undone);
    const bool is_amid = position_.is_in_transaction();
    if (is_amid && !prepared_.is_open() && is_handled()) return;
    StatementEvent event{.statement = {},
                         .default_schema = std::string(query.default_schema),
                         .sql_mode = query.sql_mode.value_or(0),
                         .time_zone = std::string(query.time_zone),
                         .server_collation = query.server_collation,
                         .explicit_timestamp_defaults = query.is_explicit_timestamp_default,
                         .utf8mb4_collation = query.utf8mb4_collation,
                         .charset_collations = query.charset_collations,
                         .error_code = query.error_code,
                         .timestamp = timestamp_,
                         .microseconds = query.microseconds,
                         .end = recorded(position_.end())};
    try {
        const std::string statement = sql::statement_to_utf8(
            text, query.client_collation ? binlog::charset_of_collation(*query.client_collation) : std::string_view{});
        event.statement = sql::without_set_statement(
            statement, {.sql_mode = event.sql_mode, .is_mariadb = context_.catalog.tracker().options().is_mariadb});
    } catch (const Error& error) {
        throw error.with_context(fmt::format("statement at {}", event.end.to_string()));
    }
    const auto since = context_.metrics.now();
    retry_over_cuts("collations", [&] { context_.ddl.learn(event); });
    const auto prepared = context_.ddl.prepare(event);
    const bool is_wanted = !prepared.tracked.empty() || !prepared.executed.empty();
    context_.metrics.query_handled(is_wanted, since);
    if (!prepared.void_copies.empty()) {
        void_copies_ = prepared.void_copies;
        end(StreamEnd::Recopy);
        return;
    }
    if (!is_wanted) return;
    retry_over_cuts("character sets of schemas", [&] { context_.catalog.learn_schemas(prepared.tracked, event.end); });
    if (!prepared.needs_barrier()) {
        track(prepared, event);
        return;
    }
    execute_ddl(prepared, event);
}

void Translator::retry_over_cuts(std::string_view what, const std::function<void()>& work) {
    const Progress::HeldUp held_up(context_.progress, commit());
    retry_over({&context_.upstream, &context_.downstream}, what, kServerPolicy, context_.clock, stop_, work);
}

void Translator::track(const DdlHandler::Prepared& prepared, const StatementEvent& event) {
    context_.ddl.track(prepared, event);
    context_.catalog.note_schemas(prepared.tracked, event.end);
}

bool Translator::drain() {
    const auto since = context_.metrics.now();
    push(SequencerItem{FlushRequest{.ticket = ++ticket_}}, 1);
    hand_on();
    const bool is_drained = !end_ && context_.progress.wait_drained(ticket_, stop_);
    context_.metrics.drained(since);
    return is_drained;
}

void Translator::execute_ddl(const DdlHandler::Prepared& prepared, const StatementEvent& event) {
    context_.recorder.hold(true);
    if (!drain() || !context_.recorder.flush(stop_)) {
        end(StreamEnd::Cut);
        return;
    }
    const auto since = context_.metrics.now();
    const Progress::HeldUp held_up(context_.progress, commit());
    try {
        context_.ddl.execute(prepared, event, stop_);
    } catch (const Error& error) {
        throw error.with_context(
            fmt::format("{}, origin SQL: [{}]", locations(place(), place()), shown_statement(event.statement)));
    }
    track(prepared, event);
    std::vector<model::TableName> targets;
    for (const auto& part : prepared.executed) {
        if (!part.targets.empty()) targets.push_back(part.targets.front());
    }
    if (!prepared.executed.empty()) context_.metrics.ddl_executed(targets, since);
    // The rows of CREATE TABLE ... SELECT follow in its transaction: there is no place to go on from before their end.
    if (!position_.is_in_transaction()) {
        push(SequencerItem{TransactionEnd{
                 .location = event.end, .timestamp = timestamp_, .committed_us = committed_us_}},
             1);
    }
    if (!drain() || !context_.recorder.flush(stop_)) {
        end(StreamEnd::Cut);
        return;
    }
    context_.recorder.hold(false);
}

void Translator::end_transaction() {
    changes_.end_transaction();
    undone_.begin_transaction();
    skips_alter_ = false;
    place_.reset();
    (void)prepared_.take_open();
    if (end_) return;
    const model::Location location = recorded(position_.transaction_end());
    push(SequencerItem{TransactionEnd{.location = location, .timestamp = timestamp_, .committed_us = committed_us_}},
         sizeof(TransactionEnd));
    const bool has_time_passed = options_.safe_mode_time && context_.clock.now() - started_ >= *options_.safe_mode_time;
    if (has_time_passed) safe_mode_.leave();
    safe_mode_.pass(location);
    if (options_.run_until &&
        model::compare_locations(location, *options_.run_until, options_.by_gtid) != std::strong_ordering::less) {
        end(StreamEnd::Reached);
    }
}

}  // namespace dm::sync
