#include "unit/sync/statement_journal.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "base/error.h"
#include "unit/target/downstream.h"
#include "unit/target/server_error.h"

namespace dm::sync {
namespace {

/// The counter moves by itself: without it the text is the structure only.
std::string without_counter(std::string text) {
    constexpr std::string_view kCounter = " AUTO_INCREMENT=";
    // Behind the closing parenthesis of the columns: a comment may contain the words.
    const auto options = text.rfind("\n)");
    const auto begin = options == std::string::npos ? options : text.find(kCounter, options);
    if (begin == std::string::npos) return text;
    auto end = begin + kCounter.size();
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
    return text.erase(begin, end - begin);
}

std::string structures(sql::SqlSession& session, const std::vector<model::TableName>& tables) {
    std::string all;
    for (const auto& table : tables) {
        if (table.table.empty()) continue;
        const auto text = target::fetch_table(session, table);
        all += fmt::format("{}: {}\n", table.quoted(), text ? without_counter(*text) : "missing");
    }
    return all;
}

/// The primary key's columns, or all: what puts rows in an order that both sides of an exchange share.
std::vector<std::string> ordering_columns(sql::SqlSession& session, const model::TableName& table) {
    std::vector<std::string> columns;
    const auto key = session.query(fmt::format("SHOW KEYS FROM {} WHERE Key_name='PRIMARY'", table.quoted()));
    for (std::size_t row = 0; row < key.rows.size(); ++row)
        columns.push_back(model::quote_identifier(key.text(row, "Column_name")));
    if (!columns.empty()) return columns;
    const auto all = session.query(fmt::format("SHOW COLUMNS FROM {}", table.quoted()));
    for (std::size_t row = 0; row < all.rows.size(); ++row)
        columns.push_back(model::quote_identifier(all.text(row, "Field")));
    return columns;
}

/// FNV-1a: the same in every build, unlike std::hash.
std::uint64_t hash_of(const sql::ResultSet& result, std::uint64_t hash) {
    const auto mix = [&](std::string_view text) {
        for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3ULL;
    };
    for (const auto& row : result.rows) {
        for (const auto& cell : row) mix(cell ? fmt::format("{}:{},", cell->size(), *cell) : "-,");
    }
    return hash;
}

constexpr std::string_view kExchange = "exchange ";
constexpr std::string_view kEmpty = "empty";

/// What stands for the rows of a table or of one partition: the first and the last.
std::string ends_of(sql::SqlSession& session, const std::string& place, const std::vector<std::string>& columns) {
    const auto row = [&](std::string_view direction) {
        return session.query(fmt::format("SELECT * FROM {} ORDER BY {}{} LIMIT 1", place,
                                         fmt::join(columns, fmt::format("{},", direction)), direction));
    };
    const auto first = row("");
    if (first.rows.empty()) return std::string(kEmpty);
    constexpr std::uint64_t kStart = 0xCBF29CE484222325ULL;
    return fmt::format("{:016x}", hash_of(row(" DESC"), hash_of(first, kStart)));
}

std::string exchange_text(std::string_view partition, std::string_view table) {
    return fmt::format("{}{} {}", kExchange, partition, table);
}

/// Both sides of an exchange.
std::string sides(sql::SqlSession& session, const StatementJournal::Statement& statement) {
    const model::TableName& table = statement.targets.at(0);
    const auto columns = ordering_columns(session, table);
    const std::string partition =
        fmt::format("{} PARTITION ({})", table.quoted(), model::quote_identifier(statement.partition));
    return exchange_text(ends_of(session, partition, columns),
                         ends_of(session, statement.targets.at(1).quoted(), columns));
}

/// Whether the exchange that found `before` has been executed, now that `now` is there.
bool is_exchanged(std::string_view before, std::string_view now, const StatementJournal::Statement& statement) {
    const auto space = before.find(' ', kExchange.size());
    const std::string_view partition = before.substr(0, space).substr(std::min(kExchange.size(), before.size()));
    const std::string_view table = space == std::string_view::npos ? "" : before.substr(space + 1);
    const bool are_alike = partition == table;
    if (now == before && (!are_alike || partition == kEmpty)) return false;
    if (now == exchange_text(table, partition) && !are_alike) return true;
    throw Error(ErrorCode::SyncDdlUnsupported,
                fmt::format("an earlier attempt may have exchanged partition {} of {} with {}, and their rows do not "
                            "tell whether it has",
                            model::quote_identifier(statement.partition), statement.targets.at(0).quoted(),
                            statement.targets.at(1).quoted()))
        .with_workaround(
            "Compare the partition and the table with the upstream's. Exchange them by hand if that has not been done, "
            "let a filter with a sql-pattern skip the statement, and start the task again.");
}

std::string action_head(std::size_t action) { return action == 0 ? "" : fmt::format("action {}\n", action); }

/// The number that `action_head` has put before a record; 0 if it is of a whole part.
std::size_t action_of(std::string_view record) {
    constexpr std::string_view kAction = "action ";
    std::size_t number = 0;
    if (record.starts_with(kAction))
        (void)std::from_chars(record.data() + kAction.size(), record.data() + record.size(), number);
    return number;
}

}  // namespace

bool is_certain_refusal(const Error& error) {
    constexpr auto kOpen = std::to_array<int>({1105, 1317, 1969, 3024});  // unknown, interrupted, time limits
    const auto number = target::sql_error_number(error);
    if (!number || target::is_connection_lost(error) || std::ranges::find(kOpen, *number) != kOpen.end()) return false;
    const bool is_of_client = *number >= 2000 && *number < 3000;
    const bool is_of_cluster = *number >= 8000 && error.retry_class() == RetryClass::Resume;
    return !is_of_client && !is_of_cluster;
}

/// A server may go on with a statement whose client is gone.
void StatementJournal::end_earlier(sql::SqlSession& session) {
    if (!has_failed_ || connection_ == 0) return;
    constexpr int kNoSuchThread = 1094;
    try {
        if (connection_ != session.connection_id()) session.execute(fmt::format("KILL {}", connection_));
    } catch (const Error& error) {
        if (target::sql_error_number(error) != kNoSuchThread) throw;
    }
    const bool is_gone =
        session.query(fmt::format("SELECT 1 FROM information_schema.PROCESSLIST WHERE ID={}", connection_))
            .rows.empty();
    if (is_gone) {
        has_failed_ = false;
        return;
    }
    throw Error(
        ErrorCode::DbExecuteFailed,
        fmt::format("the target still works on the statement of connection {}, which was told to end", connection_))
        .with_retry(RetryClass::Resume);
}

std::string StatementJournal::text_of(const model::Location& location) const {
    return by_gtid_ ? location.gtid_set.to_string() : location.position.to_string();
}

bool StatementJournal::is_last(const Statement& statement) const {
    return last_ && last_->part == statement.part && last_->location == text_of(statement.location);
}

bool StatementJournal::is_amid_actions(const Statement& statement) const {
    return is_last(statement) && action_of(last_->before) > 0;
}

StatementJournal::Begun StatementJournal::begin(sql::SqlSession& session, const Statement& statement) {
    end_earlier(session);
    const std::string head = action_head(statement.action);
    connection_ = session.connection_id();
    target::StatementUnderWay now{.location = text_of(statement.location), .part = statement.part, .before = head};
    if (last_ && last_->location == now.location && last_->part > now.part) return Begun::IsDone;
    const bool was_begun = is_last(statement);
    if (was_begun && action_of(last_->before) > statement.action) return Begun::IsDone;
    const bool is_exchange = !statement.partition.empty();
    now.before += is_exchange ? sides(session, statement) : structures(session, statement.targets);
    // Nothing behind the head: it was refused.
    if (was_begun && action_of(last_->before) == statement.action && last_->before.size() > head.size()) {
        const bool is_done =
            is_exchange ? is_exchanged(last_->before, now.before, statement) : last_->before != now.before;
        return is_done ? Begun::LooksDone : Begun::Execute;
    }
    checkpoint_.save_statement(session, now);
    last_ = std::move(now);
    return Begun::Execute;
}

void StatementJournal::refused(sql::SqlSession& session) {
    if (!last_) return;
    last_->before = action_head(action_of(last_->before));
    checkpoint_.save_statement(session, *last_);
}

}  // namespace dm::sync
