#include "io/sqlite/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/error.h"
#include "base/log.h"

namespace dm::sqlite {

namespace {

void check(sqlite3* database, bool is_ok, std::string_view what) {
    if (is_ok) return;
    const char* file = database == nullptr ? nullptr : sqlite3_db_filename(database, "main");
    throw Error(ErrorCode::HaTxn,
                fmt::format("cannot {} the embedded store {}; check the file and the space on its disk", what,
                            file == nullptr ? "" : file))
        .with_cause(database == nullptr ? "out of memory" : sqlite3_errmsg(database));
}

}  // namespace

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
void Database::Closer::operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }

Statement& Statement::bind(int index, std::int64_t value) {
    check(database_, sqlite3_bind_int64(statement_.get(), index, value) == SQLITE_OK, "query");
    return *this;
}

Statement& Statement::bind(int index, std::string_view value) {
    // A null pointer would bind NULL instead of no bytes.
    const char* data = value.empty() ? "" : value.data();
    check(database_, sqlite3_bind_blob64(statement_.get(), index, data, value.size(), SQLITE_TRANSIENT) == SQLITE_OK,
          "query");
    return *this;
}

bool Statement::step() {
    const int result = sqlite3_step(statement_.get());
    if (result == SQLITE_ROW) return true;
    const Error error = Error(ErrorCode::HaTxn, "the embedded store failed").with_cause(sqlite3_errmsg(database_));
    sqlite3_reset(statement_.get());
    if (result != SQLITE_DONE) throw error;
    return false;
}

void Statement::run() {
    while (step()) {
    }
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string Statement::bytes(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return data == nullptr ? std::string() : std::string(data, size);
}

Database::Database(const std::string& file) {
    sqlite3* raw = nullptr;
    const int result =
        sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    database_.reset(raw);
    check(raw, result == SQLITE_OK, fmt::format("open {} as", file));
    sqlite3_busy_timeout(raw, 2000);
}

void Database::execute(const std::string& statements) {
    check(database_.get(), sqlite3_exec(database_.get(), statements.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK,
          "write");
}

Statement Database::prepare(std::string_view statement) {
    sqlite3_stmt* raw = nullptr;
    check(database_.get(),
          sqlite3_prepare_v2(database_.get(), statement.data(), static_cast<int>(statement.size()), &raw, nullptr) ==
              SQLITE_OK,
          "query");
    return {database_.get(), raw};
}

Transaction::Transaction(Database& database) : database_(database) { database_.execute("BEGIN IMMEDIATE"); }

Transaction::~Transaction() {
    if (!is_open_) return;
    try {
        database_.execute("ROLLBACK");
    } catch (...) {
        log::error("a transaction of the embedded store could not be rolled back", {{"error", current_error().what()}});
    }
}

void Transaction::commit() {
    database_.execute("COMMIT");
    is_open_ = false;
}

}  // namespace dm::sqlite
