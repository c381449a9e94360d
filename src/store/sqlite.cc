#include "store/sqlite.h"

#include <sqlite3.h>
#include <sys/statvfs.h>

namespace sluice::store {
namespace {

constexpr int kBusyMilliseconds = 5000;

// SQLite calls some failures for want of room, as of its -shm file, an I/O error.
bool has_no_room(const std::filesystem::path& file) {
  constexpr std::uint64_t kLittle = 128u << 10;
  struct statvfs about {};
  return ::statvfs(file.c_str(), &about) == 0 && std::uint64_t{about.f_bavail} * about.f_frsize < kLittle;
}

Error full(const std::string& where) {
  return {ErrorKind::unavailable,
          "the disk that holds " + where + " is full, nothing was written: make room and try again",
          {}};
}

}  // namespace

Rows::~Rows() {
  if (!statement_) return;
  statement_->tryReset();
}

Connection::Connection(const std::filesystem::path& file, Use use)
    : database_(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX, kBusyMilliseconds) {
  sqlite3_extended_result_codes(database_.getHandle(), 1);
  database_.exec("PRAGMA journal_mode = WAL");
  database_.exec("PRAGMA synchronous = FULL");
  database_.exec("PRAGMA foreign_keys = ON");
  if (use == Use::write) {
    database_.exec("PRAGMA cache_size = -3000");
    database_.exec("PRAGMA wal_autocheckpoint = 4000");
  } else {
    database_.exec("PRAGMA query_only = ON");
  }
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(database_.getHandle()) == 0; }

SQLite::Statement& Connection::prepared(Sql sql) {
  auto& slot = statements_[sql.text];
  if (!slot) slot = std::make_unique<SQLite::Statement>(database_, sql.text);
  return *slot;
}

Transaction::Transaction(Connection& connection, Kind kind) : connection_(connection) {
  if (kind == Kind::write) {
    connection_.run("BEGIN IMMEDIATE");
  } else {
    connection_.run("BEGIN DEFERRED");
  }
}

Transaction::~Transaction() {
  // SQLite ends the transaction by itself after some errors (a full disk, for one).
  if (!connection_.in_transaction()) return;
  try {
    connection_.run("ROLLBACK");
  } catch (const SQLite::Exception&) {
  }
}

void Transaction::commit() { connection_.run("COMMIT"); }

ReaderPool::Lease::Lease(ReaderPool& pool) : pool_(pool), connection_(pool.take()) {
  try {
    transaction_.emplace(*connection_, Transaction::Kind::read);
  } catch (...) {
    pool_.give_back(std::move(connection_));
    throw;
  }
}

ReaderPool::Lease::~Lease() {
  transaction_.reset();
  pool_.give_back(std::move(connection_));
}

std::unique_ptr<Connection> ReaderPool::take() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [&] { return !idle_.empty() || open_ < most_; });
  if (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }
  ++open_;
  lock.unlock();
  try {
    return std::make_unique<Connection>(file_, Connection::Use::read);
  } catch (...) {
    lock.lock();
    --open_;
    returned_.notify_one();
    throw;
  }
}

void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
  std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
  returned_.notify_one();
}

Error describe(const SQLite::Exception& exception, const std::filesystem::path& file) {
  const std::string where = file.string();
  const std::string why = exception.what();
  switch (exception.getErrorCode() & 0xff) {  // the rest is the extended code's
    case SQLITE_FULL:
      return full(where);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return {ErrorKind::unavailable,
              where + " cannot be opened for writing (" + why +
                  "): see that the folder is writable for the user who runs sluice",
              {}};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorKind::unavailable, where + " is locked by another process: try again, or end that process", {}};
    case SQLITE_IOERR:
      if (has_no_room(file)) return full(where);
      return {ErrorKind::unavailable,
              where + " cannot be read or written (" + why + "), nothing was changed: see to the disk and try again",
              {}};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorKind::failed,
              where + " is damaged (" + why + "): put your last copy of the data directory in its place",
              {}};
    case SQLITE_CONSTRAINT:
      if (exception.getExtendedErrorCode() == SQLITE_CONSTRAINT_UNIQUE ||
          exception.getExtendedErrorCode() == SQLITE_CONSTRAINT_PRIMARYKEY) {
        return {ErrorKind::conflict, "this exists already (" + why + ")", {}};
      }
      [[fallthrough]];
    default:
      return {ErrorKind::internal, where + ": " + why, {}};
  }
}

}  // namespace sluice::store
