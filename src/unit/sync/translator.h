#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>

#include "core/binlog/event_decoder.h"
#include "core/binlog/stream_position.h"
#include "core/checkpoint/safe_mode.h"
#include "core/dml/causality_keys.h"
#include "unit/sync/ddl_handler.h"
#include "unit/sync/event_reader.h"
#include "unit/sync/look_ahead.h"
#include "unit/sync/notices.h"
#include "unit/sync/pipeline.h"
#include "unit/sync/prepared_reader.h"
#include "unit/sync/prepared_transactions.h"
#include "unit/sync/progress.h"
#include "unit/sync/recorder.h"
#include "unit/sync/repeated_changes.h"
#include "unit/sync/sync_metrics.h"
#include "unit/sync/table_catalog.h"
#include "unit/sync/undone_changes.h"

namespace dm::sync {

/// How the translation ended without an error.
enum class StreamEnd : std::uint8_t {
    Ended,    ///< the source has no more
    Stopped,  ///< at a transaction's end, as asked
    Cut,      ///< asked to stop at once
    Reached,  ///< the location to run to
    Recopy,   ///< a statement made copies void
};

/// What the translator works with. All of it outlives it.
struct TranslatorContext {
    const Rules& rules;
    SessionLink& upstream;
    SessionLink& downstream;
    TableCatalog& catalog;
    DdlHandler& ddl;
    EventReader& reader;
    PreparedReader& prepared;
    Recorder& recorder;
    Progress& progress;
    Notices& notices;
    SyncMetrics& metrics;
    Clock& clock;
};

/// Turns events into row changes with their keys, and executes statements that change structures, at which everything
/// before them is applied and recorded first. Rows of an XA transaction count from its commit, with the commit's
/// location, and not at all if it is rolled back. What it asks the servers is asked again while they fail for passing
/// reasons. One thread runs it; `request_stop` may be called from any.
class Translator {
  public:
    struct Options {
        model::Location start;
        bool by_gtid = false;
        checkpoint::SafeMode safe_mode;
        /// Safe mode ends after this time in any case; nothing: only at its exit.
        std::optional<Clock::Duration> safe_mode_time;
        std::optional<model::Location> run_until;
        std::string server;                            ///< the upstream's name when the run began; empty: not known
        std::size_t max_prepared_bytes = 16UL << 20U;  ///< of XA transactions kept from preparation to commit
        std::size_t max_ahead_bytes = 8UL << 20U;      ///< of a transaction whose end is awaited
    };
    Translator(Options options, TranslatorContext context, ReaderQueue& input, SequencerQueue& output);

    /// Runs until the input ends, stop is requested, or there is nothing more to do. Then closes the output.
    StreamEnd run(std::stop_token stop);
    /// Ends at the next transaction's end. Push a Wake to the input too, for it may be waiting.
    void request_stop() noexcept { is_stopping_ = true; }
    /// What an earlier run applied may follow the place that was reached; after run.
    [[nodiscard]] bool may_repeat() const noexcept { return safe_mode_.is_on(); }
    /// Tables whose copy became void; after run.
    [[nodiscard]] const std::vector<model::TableName>& void_copies() const noexcept { return void_copies_; }

  private:
    void handle(const ReaderItem& item);
    void handle_events(std::shared_ptr<const EventChunk> chunk);
    void handle_event(ByteView bytes, const std::shared_ptr<const void>& owner);
    void handle_body(const binlog::Event& event, const std::shared_ptr<const void>& owner);
    void handle_payload(const binlog::Event& event, const std::shared_ptr<const void>& owner);
    void handle_rows(const binlog::RowsEvent& rows, const std::shared_ptr<const void>& owner);
    void apply_rows(const StagedRows& rows);
    const SourceTable* table_of(const StagedRows& rows);
    const SourceTable* table_for_images(const StagedRows& rows, const SourceTable& table);
    void handle_query(const binlog::Query& query);
    bool handle_xa(std::string_view statement);
    void handle_xa_prepare(const binlog::XaPrepare& prepare);
    void apply_prepared(std::optional<PreparedTransactions::Prepared> prepared, const std::string& id);
    std::optional<PreparedReader::Traces> traces_of(const std::string& id);
    model::BinlogPosition start_of_prepared(const PreparedReader::Traces& traces, const std::string& id) const;
    void take_back_prepared(const std::string& id);
    void undo(std::vector<UndoneChanges::Range> ranges);
    void take_back(const model::BinlogPosition& start, std::vector<UndoneChanges::Range> ranges);
    void handle_heartbeat(const binlog::Heartbeat& heartbeat);
    void handle_broken();
    void ensure_server_has(const model::Location& from);
    bool is_handled();
    void check_other(const binlog::Event& event);
    [[nodiscard]] checkpoint::Boundary commit() const;
    [[nodiscard]] EventPlace place();
    void push_rows(const StagedRows& rows, const SourceTable& table, bool is_safe);
    void tell_of_replacing(const dml::TablePlan& plan);
    void track(const DdlHandler::Prepared& prepared, const StatementEvent& event);
    void execute_ddl(const DdlHandler::Prepared& prepared, const StatementEvent& event);
    void end_transaction();
    bool drain();
    void retry_over_cuts(std::string_view what, const std::function<void()>& work);
    [[nodiscard]] bool is_covered(const model::Location& bound) const;
    [[nodiscard]] model::Location recorded(const model::Location& location) const;
    void end(StreamEnd how) { end_ = how; }
    void push(SequencerItem item, std::size_t bytes);
    void hand_on();
    void end_if_asked();

    Options options_;
    TranslatorContext context_;
    ReaderQueue& input_;
    SequencerQueue& output_;
    std::stop_token stop_;
    std::atomic<bool> is_stopping_ = false;

    binlog::EventDecoder decoder_;
    binlog::StreamPosition position_;
    std::map<std::uint64_t, std::shared_ptr<const binlog::TableMap>> tables_;  // by the stream's table ids
    LookAhead ahead_;
    PreparedTransactions prepared_;
    UndoneChanges undone_;              // of the current transaction
    model::BinlogPosition rows_start_;  // of the transaction of the last rows
    dml::CausalityKeys keys_;
    SequencerItems gathered_;  // not yet queued
    std::size_t gathered_bytes_ = 0;
    checkpoint::SafeMode safe_mode_;
    Clock::TimePoint started_;
    std::uint32_t timestamp_ = 0;                    // of the current event
    std::uint64_t committed_us_ = 0;                 // of the current transaction
    std::shared_ptr<const TransactionPlace> place_;  // of the current transaction; null until it is wanted
    RepeatedChanges changes_;
    bool skips_alter_ = false;  // the current transaction is the first half of a two-phase ALTER, or its undoing
    std::uint64_t ticket_ = 0;
    std::uint64_t handed_on_ = 0;  // rows events
    std::optional<StreamEnd> end_;
    std::vector<model::TableName> void_copies_;
    std::set<model::TableName> told_;  // tables of which it was said what safe mode may do
};

}  // namespace dm::sync
