#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

/// The little of SQLite that the store needs. Failures throw Error{HaTxn}. Not thread-safe.
namespace dm::sqlite {

class Database;

/// A prepared statement. Parameters and columns count from 1 and 0. Must not outlive its database.
class Statement {
  public:
    Statement& bind(int index, std::int64_t value);
    Statement& bind(int index, std::string_view value);  ///< bytes; copied
    /// Moves to the next row; false at the end, after which the statement is ready to be bound again.
    bool step();
    /// Runs to the end.
    void run();
    [[nodiscard]] std::int64_t number(int column) const;
    [[nodiscard]] std::string bytes(int column) const;

  private:
    friend class Database;  // makes statements
    struct Finalizer {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    Statement(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}

    sqlite3* database_;
    std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

class Database {
  public:
    /// Opens or creates the file; ":memory:" is private to this object.
    explicit Database(const std::string& file);

    void execute(const std::string& statements);
    [[nodiscard]] Statement prepare(std::string_view statement);

  private:
    struct Closer {
        void operator()(sqlite3* database) const noexcept;
    };
    std::unique_ptr<sqlite3, Closer> database_;
};

/// Rolls back unless committed.
class Transaction {
  public:
    explicit Transaction(Database& database);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

  private:
    Database& database_;
    bool is_open_ = true;
};

}  // namespace dm::sqlite
