#include "unit/sync/ddl_executor.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "base/retry.h"
#include "core/sql/ddl_parser.h"
#include "core/sql/lexer.h"
#include "core/sql/literal.h"
#include "core/sql/mariadb_clauses.h"
#include "core/sql/sql_mode.h"
#include "unit/sync/found_table.h"
#include "unit/sync/shown_statement.h"
#include "unit/sync/target_warnings.h"
#include "unit/target/downstream.h"
#include "unit/target/server_error.h"

namespace dm::sync {
namespace {

using sql::StatementKind;

/// Statements that do harm, or fail, when they are executed twice.
bool is_unrepeatable(StatementKind kind) {
    return kind == StatementKind::AlterTable || kind == StatementKind::RenameTable ||
           kind == StatementKind::CreateIndex || kind == StatementKind::DropIndex;
}

/// The target is as the statement wants it, by the server's word. Not for a new name that is taken.
bool is_tolerated(const Error& error, StatementKind kind) {
    constexpr int kTableExists = 1050;
    const auto number = target::sql_error_number(error);
    if (!number || !target::is_tolerated_ddl_error(*number)) return false;
    return *number != kTableExists || is_create_table(kind);
}

/// Whether an ALTER TABLE of several actions comes to the same when those are left out that have been done. It does not
/// if a column goes and comes back: the second time its values would be lost.
bool may_be_split(const sql::RewrittenDdl& part, const sql::ParseContext& context) {
    if (part.kind != StatementKind::AlterTable || !sql::has_several_actions(part.text)) return false;
    const auto alter = std::get<sql::AlterTable>(sql::parse_ddl(part.text, context));
    const auto goes = [&](const std::string& name) {
        return std::ranges::any_of(alter.actions, [&](const auto& action) {
            const auto* drop = std::get_if<sql::DropColumn>(&action);
            return drop != nullptr && sql::equal_ignoring_case(drop->name, name);
        });
    };
    return std::ranges::none_of(alter.actions, [&](const auto& action) {
        const auto* add = std::get_if<sql::AddColumn>(&action);
        return add != nullptr && goes(add->column.name);
    });
}

}  // namespace

/// Executes the text of a part, which the target may have no need of. What it says of it is noticed.
void DdlExecutor::run_text(const std::string& text, const sql::RewrittenDdl& part, const StatementEvent& event) {
    sql::SqlSession& session = downstream_.get();
    const StatementKind kind = part.kind;
    std::uint32_t warnings = 0;
    try {
        warnings = session.execute(text).warnings;
    } catch (const Error& error) {
        // All or nothing: if one action was done already, the others were not.
        const bool is_several = kind == StatementKind::AlterTable && sql::has_several_actions(text);
        if (is_several || !is_tolerated(error, kind)) throw;
        log::warn("the target already is as the statement wants it",
                  {{"statement", shown_ddl(text)}, {"error", error.raw_cause()}});
        notices_.pass_over("statement that the target had no need of", event.end.to_string());
    }
    if (warnings == 0 || part.targets.empty()) return;
    const std::string table = part.targets.front().quoted();
    const bool has_found = note_statement_warnings(session, table, sql::is_strict(event.sql_mode), notices_);
    if (!has_found || !part.has_own_condition || !is_create_table(kind)) return;
    if (is_found_otherwise(session, text, part, event, catalog_.target_options()))
        notices_.pass_over("table that the target had, of another structure", table);
}

/// Executes it, then, if the target refuses what it says, its adapted form.
void DdlExecutor::run_adapted(const sql::RewrittenDdl& part, const StatementEvent& event) {
    const sql::AdaptedStatement statement = dialect_.translated(part, event);
    try {
        if (!statement.text.empty()) run_text(statement.text, part, event);
    } catch (const Error& refusal) {
        const auto adapted = dialect_.adapted(statement.text, part, refusal);
        if (!adapted) throw;
        try {
            if (!adapted->text.empty()) run_text(adapted->text, part, event);
        } catch (const Error& second) {
            throw second.with_context(
                fmt::format("also after adapting the statement ({})", fmt::join(adapted->changes, "; ")));
        }
        dialect_.note(*adapted, part);
    }
    if (!statement.changes.empty()) dialect_.note(statement, part);
}

/// MySQL does not exchange a partition with a table if columns were added to one of them, or dropped, without a
/// rebuild: how each came to its columns differs between the servers. Both are rebuilt then. Returns whether that was
/// it.
bool DdlExecutor::are_rebuilt(const sql::RewrittenDdl& part, const Error& refusal) {
    const bool is_instant = target::sql_error_number(refusal) == target::server_error::kExchangeDiffers &&
                            refusal.raw_cause().find("INSTANT COLUMN") != std::string::npos;
    if (!is_instant || part.exchanged_partition.empty()) return false;
    for (const model::TableName& table : part.targets) {
        log::info("the table is rebuilt for EXCHANGE PARTITION", {{"table", table.quoted()}});
        downstream_.get().execute(fmt::format("ALTER TABLE {} FORCE", table.quoted()));
        notices_.mention("table rebuilt for EXCHANGE PARTITION", table.quoted());
    }
    return true;
}

/// A schema that was dropped before the copy came to it is made again for what is done in it until then.
void DdlExecutor::ensure_schema(sql::SqlSession& session, const sql::RewrittenDdl& part, const StatementEvent& event) {
    const bool needs_schema = part.kind == StatementKind::AlterDatabase || is_create_table(part.kind);
    if (!needs_schema || part.targets.empty() || !catalog_.is_amid_copy(event.end, options_.by_gtid)) return;
    const std::string& schema = part.targets.front().schema;
    if (target::has_schema(session, schema)) return;
    const std::string quoted = model::quote_identifier(schema);
    session.execute("CREATE DATABASE IF NOT EXISTS " + quoted);
    notices_.mention("schema that was gone before its copy is made for its statements", quoted);
}

/// How texts are read that the rewriter has made.
sql::ParseContext DdlExecutor::reading() const {
    return {.default_schema = {}, .sql_mode = 0, .is_mariadb = catalog_.tracker().options().is_mariadb};
}

/// Whether the journal lets a part or an action be executed.
bool DdlExecutor::is_to_do(const sql::RewrittenDdl& part, const StatementJournal::Statement& statement) {
    const auto begun = journal_.begin(downstream_.get(), statement);
    if (begun == StatementJournal::Begun::LooksDone) {
        log::warn("the target shows that the statement has been executed already",
                  {{"statement", shown_ddl(part.text)}, {"location", statement.location.to_string()}});
        notices_.mention("statement that an earlier attempt had executed", statement.location.to_string());
    }
    return begun == StatementJournal::Begun::Execute;
}

/// Tables that cannot be exchanged since they are not alike inside are rebuilt first.
void DdlExecutor::run_or_rebuild(const sql::RewrittenDdl& part, const StatementEvent& event) {
    try {
        run_adapted(part, event);
    } catch (const Error& refusal) {
        if (!are_rebuilt(part, refusal)) throw;
        run_adapted(part, event);
    }
}

/// Executes what `is_to_do` has let pass.
void DdlExecutor::run_begun(const sql::RewrittenDdl& part, const StatementEvent& event) {
    try {
        run_or_rebuild(part, event);
    } catch (const Error& error) {
        if (is_unrepeatable(part.kind) && is_certain_refusal(error)) journal_.refused(downstream_.get());
        throw;
    }
}

/// The target has had some of the actions: another source merged into it has come first.
void DdlExecutor::run_actions(const sql::RewrittenDdl& part, StatementJournal::Statement statement,
                              const StatementEvent& event) {
    const auto keep = [](const model::TableName& table) { return table; };
    const auto all = [](const model::TableName&) { return true; };
    const auto actions = sql::split_and_route(part.text, reading(), keep, all, {.splits_alter = true});
    for (const auto& action : actions) {
        ++statement.action;
        const StatementJournal::Statement one{.targets = action.targets,
                                              .part = statement.part,
                                              .location = statement.location,
                                              .action = statement.action,
                                              .partition = {}};
        if (is_to_do(action, one)) run_begun(action, event);
    }
}

/// Whether the target need not have the table that a refused rename is about, which is then noticed.
bool DdlExecutor::is_rename_of_nothing(const sql::RewrittenDdl& part, const StatementEvent& event) {
    sql::SqlSession& session = downstream_.get();
    if (target::fetch_table(session, part.targets[0])) return false;
    // One that has been done before finds the old name gone and the new one there.
    if (target::fetch_table(session, part.targets[1])) {
        log::warn("the table has been renamed already", {{"statement", shown_ddl(part.text)}});
        notices_.mention("statement that an earlier attempt had executed", event.end.to_string());
        return true;
    }
    if (catalog_.tracker().find(part.sources[0])) return false;
    // Views are renamed like tables, and were never tables of the target.
    std::vector<std::string> names;
    for (const model::TableName& name : part.sources) {
        std::string& condition = names.emplace_back("TABLE_SCHEMA=");
        sql::append_quoted(condition, name.schema);
        condition += " AND TABLE_NAME=";
        sql::append_quoted(condition, name.table);
    }
    const auto found = upstream_.get().query(
        fmt::format("SELECT TABLE_TYPE AS k FROM information_schema.TABLES WHERE {}", fmt::join(names, " OR ")));
    bool is_view = found.rows.empty();  // gone by now, perhaps
    for (std::size_t row = 0; row < found.rows.size(); ++row) is_view = is_view || found.text(row, "k") == "VIEW";
    if (!is_view) return false;
    notices_.pass_over("skipped rename of a view", part.sources[0].quoted());
    return true;
}

void DdlExecutor::run_part(const sql::RewrittenDdl& part, std::size_t number, const StatementEvent& event) {
    sql::SqlSession& session = downstream_.get();
    const StatementJournal::Statement statement{.targets = part.targets,
                                                .part = number,
                                                .location = event.end,
                                                .action = 0,
                                                .partition = part.exchanged_partition};
    try {
        if (is_unrepeatable(part.kind)) {
            if (journal_.is_amid_actions(statement)) return run_actions(part, statement, event);
            if (!is_to_do(part, statement)) return;
        }
        ensure_schema(session, part, event);
        try {
            run_begun(part, event);
        } catch (const Error& error) {
            if (!is_tolerated(error, part.kind) || !may_be_split(part, reading())) throw;
            log::warn("the target already has some of the actions, which are executed one by one",
                      {{"statement", shown_ddl(part.text)}, {"error", error.raw_cause()}});
            run_actions(part, statement, event);
        }
    } catch (const Error& error) {
        const bool is_rename = part.kind == StatementKind::RenameTable && part.targets.size() == 2;
        if (is_rename && target::sql_error_number(error) == target::server_error::kNoSuchTable &&
            is_rename_of_nothing(part, event)) {
            return;
        }
        throw error.with_context(fmt::format("executing on the target: {}", shown_ddl(part.text)));
    }
}

void DdlExecutor::execute(const std::vector<sql::RewrittenDdl>& parts, const StatementEvent& event,
                          std::stop_token stop) {
    if (parts.empty()) return;
    const RetryPolicy policy{.max_attempts = options_.max_attempts,
                             .initial_wait = std::chrono::milliseconds(200),
                             .max_wait = std::chrono::seconds(5)};
    std::size_t next = 0;
    retry(policy, clock_, stop, [&] {
        try {
            session_.prepare(downstream_.get(), parts, event);
            for (; next < parts.size(); ++next) run_part(parts[next], next, event);
        } catch (const Error&) {
            journal_.interrupted();
            downstream_.drop();
            upstream_.drop();
            throw;
        }
    });
    // The session's settings were the event's: the next statement gets a new one.
    downstream_.drop();
    for (const auto& part : parts) log::info("statement executed on the target", {{"statement", shown_ddl(part.text)}});
}

}  // namespace dm::sync
