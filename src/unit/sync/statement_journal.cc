#include "unit/sync/statement_journal.h"

#include <cctype>

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

}  // namespace

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

bool StatementJournal::begin(sql::SqlSession& session, const Statement& statement) {
    end_earlier(session);
    target::StatementUnderWay now{
        .location = by_gtid_ ? statement.location.gtid_set.to_string() : statement.location.position.to_string(),
        .part = statement.part,
        .before = structures(session, statement.targets)};
    connection_ = session.connection_id();
    const bool was_begun = last_ && last_->location == now.location;
    if (was_begun && last_->part > now.part) return false;
    if (was_begun && last_->part == now.part) return last_->before == now.before;
    checkpoint_.save_statement(session, now);
    last_ = std::move(now);
    return true;
}

}  // namespace dm::sync
