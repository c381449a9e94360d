#pragma once
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

// SQLite as the rest of this room uses it: a connection with its prepared statements, transactions, a pool of readers.
// These throw SQLite::Exception; the public functions of the store turn it into an Error with `describe`.
namespace sluice::store {

// Text of a statement; only literals, since prepared statements are found again by the address of their text.
struct Sql {
  template <std::size_t N>
  consteval Sql(const char (&literal)[N]) : text(literal) {}
  const char* text;
};

// A value whose bytes are bound and read as a blob.
struct Blob {
  std::string_view bytes;
};

// The rows of one statement. The statement is free for its next use when this goes.
class Rows {
 public:
  explicit Rows(SQLite::Statement& statement) : statement_(&statement) {}
  Rows(Rows&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  Rows& operator=(Rows&&) = delete;
  ~Rows();
  bool next() { return statement_->executeStep(); }
  [[nodiscard]] std::int64_t integer(int column) const { return statement_->getColumn(column).getInt64(); }
  [[nodiscard]] bool flag(int column) const { return integer(column) != 0; }
  [[nodiscard]] std::string text(int column) const { return statement_->getColumn(column).getString(); }
  [[nodiscard]] bool null(int column) const { return statement_->isColumnNull(column); }
  [[nodiscard]] Time time(int column) const { return Time(Duration(integer(column))); }
  [[nodiscard]] std::optional<Time> maybe_time(int column) const {
    return null(column) ? std::nullopt : std::optional<Time>(time(column));
  }

 private:
  SQLite::Statement* statement_;
};

class Connection {
 public:
  enum class Use { write, read };
  Connection(const std::filesystem::path& file, Use use);

  // Runs a statement that gives no rows; the number of rows it changed.
  template <class... A>
  int run(Sql sql, const A&... values) {
    SQLite::Statement& statement = prepared(sql);
    Rows guard(statement);
    int index = 0;
    (bind(statement, ++index, values), ...);
    return statement.exec();
  }
  template <class... A>
  [[nodiscard]] Rows query(Sql sql, const A&... values) {
    SQLite::Statement& statement = prepared(sql);
    Rows rows(statement);
    int index = 0;
    (bind(statement, ++index, values), ...);
    return rows;
  }
  // Text that is not a literal or holds several statements; not kept.
  void execute(const std::string& sql) { database_.exec(sql); }
  [[nodiscard]] std::int64_t last_rowid() const { return database_.getLastInsertRowid(); }
  [[nodiscard]] bool in_transaction() const;

 private:
  SQLite::Statement& prepared(Sql sql);
  static void bind(SQLite::Statement& s, int i, std::int64_t v) { s.bind(i, v); }
  static void bind(SQLite::Statement& s, int i, int v) { s.bind(i, v); }
  static void bind(SQLite::Statement& s, int i, bool v) { s.bind(i, v ? 1 : 0); }
  static void bind(SQLite::Statement& s, int i, const std::string& v) { s.bind(i, v); }
  static void bind(SQLite::Statement& s, int i, const char* v) { s.bind(i, v); }
  static void bind(SQLite::Statement& s, int i, Blob v) { s.bind(i, v.bytes.data(), static_cast<int>(v.bytes.size())); }
  static void bind(SQLite::Statement& s, int i, Time v) {
    s.bind(i, static_cast<std::int64_t>(v.time_since_epoch().count()));
  }
  static void bind(SQLite::Statement& s, int i, std::nullopt_t) { s.bind(i); }
  template <class Tag>
  static void bind(SQLite::Statement& s, int i, const Id<Tag>& v) {
    s.bind(i, v.value);
  }
  template <class T>
  static void bind(SQLite::Statement& s, int i, const std::optional<T>& v) {
    if (v) {
      bind(s, i, *v);
    } else {
      s.bind(i);
    }
  }

  SQLite::Database database_;
  std::unordered_map<const char*, std::unique_ptr<SQLite::Statement>> statements_;
};

// Rolled back when it goes without having been committed.
class Transaction {
 public:
  enum class Kind { write, read };
  Transaction(Connection& connection, Kind kind);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Connection& connection_;
};

// A few reading connections, opened when first needed; whoever finds all of them taken waits.
class ReaderPool {
 public:
  ReaderPool(std::filesystem::path file, std::size_t most) : file_(std::move(file)), most_(most) {}

  // A connection for as long as this lives, inside one read transaction: all its queries see one moment.
  class Lease {
   public:
    explicit Lease(ReaderPool& pool);
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();
    Connection* operator->() const { return connection_.get(); }
    Connection& operator*() const { return *connection_; }

   private:
    ReaderPool& pool_;
    std::unique_ptr<Connection> connection_;
    std::optional<Transaction> transaction_;
  };

 private:
  std::unique_ptr<Connection> take();
  void give_back(std::unique_ptr<Connection> connection);

  std::filesystem::path file_;
  std::size_t most_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t open_ = 0;
};

// What a person must know about an exception of SQLite: unavailable for a full or read-only disk and a locked file,
// conflict for a broken uniqueness, failed for a damaged file.
Error describe(const SQLite::Exception& exception, const std::filesystem::path& file);

}  // namespace sluice::store
